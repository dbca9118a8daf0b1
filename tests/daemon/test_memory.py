"""Bounds that fit into what there is of memory."""

from __future__ import annotations

import resource
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sensor.audit.options import CoalesceOptions
from sensor.config import Config
from sensor.daemon.memory import fitted, room
from sensor.outputs import Options
from tests.support.program import write_config
from tests.support.running import Sensor, counting, events

MIB = 1 << 20


def bounds(config: Config) -> list[int]:
    return [
        config.input_buffer // MIB,
        config.auditlog.buffer // MIB,
        config.filterlog.buffer // MIB,
        config.coalesce.max_waiting_bytes // MIB,
    ]


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (None, [64, 16, 16, 16]),
        (1 << 40, [64, 16, 16, 16]),
        (256 * MIB, [64, 16, 16, 16]),
        (128 * MIB, [32, 16, 16, 16]),
        (64 * MIB, [16, 8, 8, 8]),
        (40 * MIB, [10, 5, 5, 5]),
        (MIB, [2, 1, 1, 1]),
        (0, [2, 1, 1, 1]),
    ],
)
def test_bounds_fit(left, expected):
    assert bounds(fitted(Config(), left)) == expected


def test_a_bound_that_is_low_already_stays():
    low = replace(
        Config(),
        input_buffer=65536,
        auditlog=Options(buffer=65536),
        coalesce=CoalesceOptions(max_waiting_bytes=65536),
    )
    config = fitted(low, 64 * MIB)
    assert (config.input_buffer, config.auditlog.buffer, config.coalesce.max_waiting_bytes) == (65536,) * 3


def host(folder: Path, groups: dict[str, str], cgroup: str = "0::/a/b\n") -> tuple[str, str]:
    proc, cgroups = folder / "proc", folder / "cgroup"
    proc.mkdir()
    (proc / "status").write_text("VmSize:\t  50000 kB\nVmRSS:\t   10240 kB\nVmData:\t  9 kB\n")
    (proc / "cgroup").write_text(cgroup)
    for name, value in groups.items():
        path = cgroups / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value)
    return str(proc), str(cgroups)


@pytest.mark.parametrize(
    ("groups", "cgroup", "left"),
    [
        ({}, "0::/a/b\n", None),
        ({"a/b/memory.max": "max\n"}, "0::/a/b\n", None),
        ({"a/b/memory.max": f"{64 * MIB}\n"}, "0::/a/b\n", 54),
        ({"a/memory.max": f"{64 * MIB}\n", "a/b/memory.max": "max\n"}, "0::/a/b\n", 54),
        ({"a/memory.max": f"{64 * MIB}\n", "a/b/memory.max": f"{32 * MIB}\n"}, "0::/a/b\n", 22),
        ({"a/b/memory.high": f"{32 * MIB}\n", "a/b/memory.max": f"{64 * MIB}\n"}, "0::/a/b\n", 22),
        ({"a/b/memory.max": f"{4 * MIB}\n"}, "0::/a/b\n", 0),
        ({"a/b/memory.max": f"{64 * MIB}\n"}, "0::/\n", None),
        ({"a/b/memory.max": f"{64 * MIB}\n"}, "5:memory:/a/b\n", None),
        ({"a/b/memory.max": f"{64 * MIB}\n"}, "", None),
        ({"a/b/memory.max": "nonsense"}, "0::/a/b\n", None),
    ],
)
def test_what_control_groups_leave(groups, cgroup, left, tmp_path):
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
    found = room(*host(tmp_path, groups, cgroup))
    assert (found if found is None else found // MIB) == left


@pytest.mark.slow
def test_without_memory_the_sensor_lives_and_counts(tmp_path):
    """An address space of 110 MiB, and a feed of which everything is new."""
    config = write_config(tmp_path, auditlog={"size": 20 << 20, "generations": 1}, metrics=counting(tmp_path))

    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (110 << 20, 110 << 20))

    run = Sensor(tmp_path, config, prepare=prepare)
    try:
        run.started().auditd.settimeout(10)
        sent = 0
        end = time.monotonic() + 8
        while time.monotonic() < end:
            unique = events(sent, sent + 50).replace(b"/bin/true", b"/" + b"%x" % hash((sent, "x")) * 40)
            run.auditd.sendall(unique.replace(b" pid=2 ", b" pid=%d " % (1_000_000 + sent)))
            sent += 50
        assert run.end(60) == 0, run.output()
        counters = run.counters()
        assert "room for" in run.output()
        assert counters["lines_total"] + counters["input_dropped_lines_total"] >= 2 * sent * 0.999
        assert "Traceback" not in run.output()
    finally:
        run.kill()

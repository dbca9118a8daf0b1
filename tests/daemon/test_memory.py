"""Bounds that fit into what there is of memory."""

from __future__ import annotations

import gc
import mmap
import os
import resource
import subprocess
import sys
import time
import weakref
from dataclasses import replace
from pathlib import Path

import pytest

from sensor.audit.options import CoalesceOptions
from sensor.config import Config
from sensor.daemon.memory import fitted, give_back_start, room
from sensor.outputs import Options
from tests.support.program import ROOT, write_config
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


@pytest.fixture
def thawed():
    """What is not to be looked at by the collector again is nothing of the other tests'."""
    yield
    gc.unfreeze()


RESIDENT = """
from sensor.daemon.memory import give_back_start
import sensor.build

def of_files():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssFile"))

before = of_files()
give_back_start()
after = of_files()
from sensor.digest import sha256
print(before, after, sha256(b"abc").hexdigest()[:8])
"""


def alone(code: str, *arguments: object) -> str:
    """What a program prints that has one thread only, as nothing is given back else."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_files_that_only_the_start_needed_are_given_back():
    before, after, digest = alone(RESIDENT).split()
    assert int(after) < 0.75 * int(before)
    assert digest == "ba7816bf"


PROTECTED = """
import ctypes, mmap, sys
from sensor.daemon.memory import give_back_start

with open(sys.argv[1], "rb") as file:
    mapping = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
mapping[:4] = b"ours"
address = ctypes.addressof(ctypes.c_char.from_buffer(mapping))
assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(address), ctypes.c_size_t(len(mapping)), int(sys.argv[2])) == 0
give_back_start()
print(mapping[:8].decode())
"""


@pytest.mark.parametrize(
    "access",
    [
        pytest.param(mmap.PROT_READ, id="as of what the linker has protected"),
        pytest.param(mmap.PROT_READ | mmap.PROT_EXEC, id="as of code with a breakpoint"),
        pytest.param(mmap.PROT_READ | mmap.PROT_WRITE, id="as of variables"),
    ],
)
def test_what_was_written_into_the_mapping_of_a_file_stays(access, tmp_path):
    path = tmp_path / "library"
    path.write_bytes(b"file" * 4096)
    assert alone(PROTECTED, path, access) == "oursfile\n"


WRITTEN = """
import ctypes, mmap, sys, threading
from sensor.daemon.memory import give_back_start

folder, anonymous, swap, threads = sys.argv[1:]
with open(f"{folder}/library", "w+b") as file:
    file.write(b"file" * 4096)
    file.flush()
    mapping = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
mapping[:4] = b"ours"
start = ctypes.addressof(ctypes.c_char.from_buffer(mapping))
with open(f"{folder}/smaps", "w") as smaps:
    smaps.write(f"{start:x}-{start + len(mapping):x} r--p 00000000 08:01 5 {folder}/library\\nRss: 0 kB\\n")
    smaps.write(f"Anonymous: {anonymous} kB\\n{swap}\\nSwapPss: 0 kB\\nVmFlags: rd mr\\n")
for _ in range(int(threads)):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
give_back_start(f"{folder}/smaps")
print(mapping[:8].decode())
"""


@pytest.mark.parametrize(
    ("anonymous", "swap", "threads", "found"),
    [
        pytest.param(0, "Swap: 0 kB", 0, "filefile", id="not written, as smaps has it"),
        pytest.param(0, "Swap: 16 kB", 0, "oursfile", id="swapped out"),
        pytest.param(4, "Swap: 12 kB", 0, "oursfile", id="half of it swapped out"),
        pytest.param(0, "", 0, "oursfile", id="not known to be swapped out or not"),
        pytest.param(0, "Swap: 0 kB", 1, "oursfile", id="written since smaps was read: another thread loads a library"),
        pytest.param(0, "Swap: 0 kB", 3, "oursfile", id="as of several threads"),
    ],
)
def test_what_may_have_been_written_stays(anonymous, swap, threads, found, tmp_path):
    """Where tests run there is seldom swap, so smaps is written here: what it does not show as written is lost."""
    assert alone(WRITTEN, tmp_path, anonymous, swap, threads) == f"{found}\n"


MAPPED = """
import mmap, sys
from sensor.daemon.memory import give_back_start

path, flags = sys.argv[1], int(sys.argv[2])
with open(path, "rb") as file:
    mapping = mmap.mmap(file.fileno(), 0, flags, mmap.PROT_READ)
assert mapping[:4] == b"file"
give_back_start()
with open("/proc/self/smaps") as smaps:
    _, _, behind = smaps.read().partition(path + chr(10))
print(next(int(line.split()[1]) for line in behind.splitlines() if line.startswith("Rss:")))
"""


@pytest.mark.parametrize(("flags", "stays"), [(mmap.MAP_SHARED, True), (mmap.MAP_PRIVATE, False)])
def test_what_is_shared_stays(flags, stays, tmp_path):
    """As of the probe's ring, which the kernel maps once and for all."""
    path = tmp_path / "ring"
    path.write_bytes(b"file" * 4096)
    assert (int(alone(MAPPED, path, flags)) > 0) is stays


def test_garbage_of_the_start_is_given_back(thawed):
    class Ring:
        pass

    ring, found = Ring(), []
    ring.itself = ring
    weakref.finalize(ring, found.append, 1)
    del ring
    give_back_start()
    assert found == [1]


@pytest.mark.parametrize("smaps", [None, "", "nonsense\n", "0-1000 r-xp 0 0 5\nAnonymous:\n", "a b\n\nc\n"])
def test_mappings_that_cannot_be_read_are_left_alone(smaps, tmp_path, thawed):
    path = tmp_path / "smaps"
    if smaps is not None:
        path.write_text(smaps)
    give_back_start(str(path))


NEEDLESS = """
import sys
there = set(sys.modules)  # the interpreter's own
from sensor.cli import main
main(["run", "--config", sys.argv[1]])
print(*sorted(set(sys.modules) - there))
"""


def test_a_sensor_loads_nothing_that_it_does_not_use(tmp_path):
    """Metrics are served, and nobody asks for them; there are no options beside the default ones."""
    config = write_config(tmp_path, metrics={"listen": "127.0.0.1:0"})
    command = [sys.executable, "-S", "-c", NEEDLESS, str(config)]  # what site packages load at the start is not ours
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    done = subprocess.run(command, cwd=ROOT, env=paths, input=events(0, 3), capture_output=True, check=True)
    loaded = set(done.stdout.decode().split())
    assert {"sensor.daemon", "sensor.metrics.endpoint", "sensor.forms.laurel"} <= loaded
    found = {name for name in loaded if name.startswith(NOT_FOR_RUN)}
    assert found == set()


NOT_FOR_RUN = (
    *("_hashlib", "hashlib", "hmac", "ssl"),  # OpenSSL
    *("bz2", "lzma", "gzip", "zstandard", "zipfile"),
    *("prometheus_client", "psutil", "http", "email", "urllib.request"),
    *("pickle", "logging.handlers", "logging.config", "multiprocessing", "asyncio", "concurrent", "unittest"),
    *("subprocess", "getpass", "tempfile", "secrets", "bcc", "confluent_kafka", "redis", "urllib3"),
    *(
        "sensor.convert",
        "sensor.copies",
        "sensor.doctor",
        "sensor.laurel",
        "sensor.rules",
        "sensor.ship",
        "sensor.show",
    ),
    *("sensor.top", "sensor.terminal", "sensor.probe.loader", "sensor.probe.compiler"),
    *("sensor.forms.ecs.form", "sensor.forms.ocsf", "difflib"),
)
"""What other commands load, and options that are off."""


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

"""Nothing is lost at 2,000 execs a second, with the shipped rules and the settings that `doctor` recommends.

    HOST_SENSOR_LOAD_SECONDS=60 pytest -s tests/live/test_no_loss.py       for a minute instead of ten seconds

The counters that prove it are printed, and the rate that the machine made: programs that are audited wait where there
is no room, so a slow machine runs fewer of them and loses none either.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from sensor.doctor.audit import BACKLOG
from sensor.doctor.auditd import QUEUE
from tests.live.sensed import sensed
from tests.packaging.test_rules import RULES, can_be_watched
from tests.support.audit_session import audit_status, wait_until
from tests.support.exec_load import compiled_load, logged
from tests.support.kernel_audit import auditctl
from tests.support.losses import counted

pytestmark = [pytest.mark.live, pytest.mark.root, pytest.mark.slow]

SECONDS = int(os.environ.get("HOST_SENSOR_LOAD_SECONDS", "10"))
RATE = 2000
PROOF = (
    "lines_total",
    "events_total",
    "output_lines_total",
    "kernel_lost_records_total",
    "kernel_backlog_wait_seconds_total",
    "missing_serials_total",
    'incomplete_events_total{missing="path"}',
    'incomplete_events_total{missing="syscall"}',
    'incomplete_events_total{missing="eoe"}',
    "input_dropped_lines_total",
    "probe_records_total",
    "probe_lost_records_total",
    "lost_execs_total",
    "written_lag_seconds_sum",
    "written_lag_seconds_count",
)


def shipped_rules() -> list[str]:
    """The recommended rules that this machine can load."""
    rules = re.findall(r"(?m)^-a .*", RULES.read_text())
    return [rule for rule in rules if can_be_watched(rule, Path("/"))]


def cpu(counters: dict[str, float]) -> dict[str, float]:
    """Seconds that auditing has taken by now, by process."""
    names = ("kauditd", "auditd", "host-sensor")
    return {name: counters[f'audit_cpu_seconds_total{{process="{name}"}}'] for name in names}


def test_nothing_is_lost(tmp_path: Path) -> None:
    program = compiled_load(tmp_path)
    count = RATE * SECONDS
    rules = shipped_rules()
    with sensed(tmp_path, rules, sensor_events=True, auditd={"q_depth": QUEUE}) as sensor:
        auditctl("-b", str(BACKLOG))
        wait_until(lambda: sensor.metric("kernel_audit_readable") == 1, 10, "the kernel's first answer")
        before, used = audit_status()["lost"], cpu(sensor.counters())
        with sensor.audit.popen([str(program), str(count), str(RATE), "/bin/true"], stdout=subprocess.PIPE) as load:
            took = float(load.communicate()[0])
        sensor.audit.drain(sensor.log, 600)
        wait_until(lambda: sensor.metric("kernel_backlog_records") == 0, 20, "the kernel's newest answer")
        counters = sensor.counters()
        lost = audit_status()["lost"] - before
    found = logged(sensor.log)
    rate = f"{count} execs in {took:.1f} s, {count / took:.0f} a second, {len(rules)} rules"
    print(f"{rate}; lost: {dict(counted(counters))}")
    print("\n".join(f"  {name} {counters[name]:g}" for name in PROOF))
    print(
        "  µs of CPU an exec:", {name: round((now - used[name]) / count * 1e6) for name, now in cpu(counters).items()}
    )
    assert lost == 0
    assert counted(counters) == {}
    assert sorted(found) == list(range(count))
    assert set(found.values()) == {1}

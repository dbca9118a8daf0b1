"""Each way in which something is lost before the sensor has it, made for real: made = counted = reported in the stream.

What was made is known from the kernel's own counters, from the serials in the log, and from what the probe saw.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sensor.loss.serials import SETTLE
from sensor.probe import DEFAULTS, loader
from tests.live.sensed import Event, Sensed, sensed
from tests.support import exec_load
from tests.support.audit_session import AUID, audit_status, wait_until
from tests.support.kernel_audit import no_room, rate_limit
from tests.support.losses import counted, lines_of, reported

pytestmark = [pytest.mark.live, pytest.mark.root]

RULES = ["-S execve -k exec"]


def execs(sensor: Sensed, count: int) -> None:
    """Run so many programs in the audited session, and one that runs them."""
    sensor.audit.run([sys.executable, exec_load.__file__, str(count)])


def serials(events: list[Event]) -> list[int]:
    """The serials of the kernel's events in a log, in order."""
    names = [event["ID"] for event in events if not any(key.startswith("DAEMON_") for key in event)]
    return sorted({int(name.partition(":")[2]) for name in names if name.partition(":")[2].isdigit()})


def settled(sensor: Sensed) -> list[Event]:
    """Everything in the log once all that is missing counts as that, and was reported."""
    time.sleep(SETTLE + 2)
    sensor.audit.drain(sensor.log)
    wait_until(lambda: reported(lines_of(sensor.log)) == counted(sensor.counters()), 30, "all losses to be reported")
    return lines_of(sensor.log)


def is_ready(sensor: Sensed) -> None:
    """Wait for the kernel's first answer, and for an event by which serials are counted."""
    wait_until(lambda: sensor.metric("kernel_audit_readable") == 1, 10, "the kernel's first answer")
    execs(sensor, 1)
    sensor.audit.drain(sensor.log)


@pytest.mark.slow
@pytest.mark.parametrize("wait", [0, 1], ids=["none-waits", "processes-wait"])
def test_a_backlog_of_eight_records(tmp_path: Path, wait: int) -> None:
    with sensed(tmp_path, RULES, probe=None, sensor_events=True) as sensor:
        is_ready(sensor)
        before = audit_status()
        with no_room(wait):
            execs(sensor, 150)
        after = audit_status()
        lost = after["lost"] - before["lost"]
        waited = after["backlog_wait_time_actual"] - before["backlog_wait_time_actual"]
        losses = reported(settled(sensor))
        shown = sensor.counters()["kernel_backlog_wait_seconds_total"]
    print(f"{lost} records lost, processes waited {waited} jiffies; {shown} s as counted; {dict(losses)}")
    assert losses["kernel", "dropped"] == lost > 0
    assert shown == pytest.approx(waited * time.clock_getres(5))
    assert (waited > 0) == (wait > 0)


@pytest.mark.slow
def test_the_kernels_rate_limit(tmp_path: Path) -> None:
    """What it drops counts as lost and leaves a gap, if it is all of an event."""
    with sensed(tmp_path, RULES, probe=None, sensor_events=True) as sensor:
        is_ready(sensor)
        before = audit_status()["lost"]
        with rate_limit(20):
            execs(sensor, 100)
        lost = audit_status()["lost"] - before
        events = settled(sensor)
    there = serials(events)
    missing = there[-1] - there[0] + 1 - len(there)
    losses = reported(events)
    print(f"{lost} records lost, {missing} serials missing; {dict(losses)}")
    assert losses["kernel", "dropped"] == lost > 0
    assert losses["stream", "gap"] == missing > 0


@pytest.mark.slow
def test_auditds_queue_overflows(tmp_path: Path) -> None:
    """auditd goes on while its plugin does not: what does not fit into the socket and the queue leaves gaps."""
    with sensed(tmp_path, RULES, probe=None, sensor_events=True, auditd={"q_depth": 100}) as sensor:
        is_ready(sensor)
        before = audit_status()["lost"]
        sensor.audit.signal_plugin(signal.SIGSTOP)
        execs(sensor, 400)
        sensor.audit.wait_for_backlog()
        sensor.audit.signal_plugin(signal.SIGCONT)
        sensor.audit.drain(sensor.log)
        events = settled(sensor)
        assert audit_status()["lost"] == before
    there = serials(events)
    missing = there[-1] - there[0] + 1 - len(there)
    losses = reported(events)
    print(f"{missing} of {there[-1] - there[0] + 1} serials missing; {dict(losses)}")
    assert losses["stream", "gap"] == missing > 100
    assert ("kernel", "dropped") not in losses


@pytest.mark.slow
def test_a_ring_of_one_page(tmp_path: Path) -> None:
    with sensed(tmp_path, RULES, replace(DEFAULTS, ring_size=4096), sensor_events=True) as sensor:
        is_ready(sensor)
        sensor.audit.signal_plugin(signal.SIGSTOP)
        execs(sensor, 100)
        sensor.audit.signal_plugin(signal.SIGCONT)
        before = loader.status(sensor.probe)
        losses = reported(settled(sensor))
        after = loader.status(sensor.probe)  # others on this machine run programs, too
    print(f"{before.lost} to {after.lost} of {after.made} records lost; {dict(losses)}")
    assert 200 < before.lost <= losses["probe", "ring"] <= after.lost


@pytest.mark.slow
def test_execs_that_audit_lost_are_reported_from_those_that_no_rule_asks_for(tmp_path: Path) -> None:
    """The rule is about one login user; another one's programs run meanwhile."""
    options = {"emit": ["exec"]}
    with sensed(tmp_path, RULES, sensor_events=True, probe_options=options) as sensor:
        is_ready(sensor)
        for _ in range(5):  # of the user that no rule asks for, while nothing is lost
            subprocess.run(["/bin/true"])
            time.sleep(1)
            execs(sensor, 1)
        time.sleep(6)
        with no_room():
            execs(sensor, 150)
            for _ in range(20):
                subprocess.run(["/bin/true"])
        time.sleep(5)
        events = settled(sensor)
        counters = sensor.counters()
    seen = [event for event in events if "PROBE_EXEC" in event and event["PROBE_EXEC"]["auid"] == AUID]
    ours = [event for event in events if "EXECVE" in event]
    lost = len(seen) - len(ours)
    print(f"{lost} of {len(seen)} execs lost, {counters['unasked_execs_total']:.0f} not asked for")
    assert lost > 50
    assert counters["lost_execs_total"] == reported(events)["coverage", "lost"] == lost
    assert counters["unasked_execs_total"] >= 25
    assert counters["uncovered_execs_total"] == counters["lost_execs_total"] + counters["unasked_execs_total"]

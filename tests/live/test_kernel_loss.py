"""Records that the kernel drops at a full backlog: what the kernel counts is what the sensor counts.

auditd is stopped (SIGSTOP), the backlog holds eight records, and nobody is made to wait for room in it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.sensed import sensed
from tests.support.audit_session import audit_status, wait_until
from tests.support.kernel_audit import no_room

pytestmark = [pytest.mark.live, pytest.mark.root]

EXECS = 200


def test_what_the_kernel_lost_is_what_the_sensor_counts(tmp_path: Path) -> None:
    with sensed(tmp_path, ["-S execve -k exec"], probe=None) as sensor:
        wait_until(lambda: sensor.metric("kernel_audit_readable") == 1, 10, "the kernel's first answer")
        assert sensor.metric("kernel_audit_owner_pid") == audit_status()["pid"]
        assert sensor.metric("kernel_lost_records_total") == 0
        lost_before = audit_status()["lost"]

        with no_room():
            sensor.audit.run(["/bin/sh", "-c", f"for i in $(seq {EXECS}); do /bin/true; done"])
        made = audit_status()["lost"] - lost_before
        assert made > 0

        wait_until(lambda: sensor.metric("kernel_lost_records_total") == made, 10, f"{made} lost records to be counted")
        assert sensor.metric("kernel_audit_owner_changes_total") == 0


def test_without_the_capability_the_sensor_goes_on(tmp_path: Path) -> None:
    with sensed(tmp_path, ["-S execve -k exec"], probe=None, loss={"kernel": False}) as sensor:
        sensor.audit.run(["/bin/true"])
        assert any("EXECVE" in event for event in sensor.events())
        assert sensor.metric("kernel_audit_readable") == 0

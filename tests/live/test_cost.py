"""What auditing costs a host, as the metrics of a sensor under a real auditd show it."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.live.sensed import sensed

pytestmark = [pytest.mark.live, pytest.mark.root]


def test_auditd_kauditd_and_the_sensor_are_measured(tmp_path: Path) -> None:
    with sensed(tmp_path, ["-S execve -k exec"], probe=None) as sensor:
        sensor.audit.run(["/bin/sh", "-c", "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done"])
        shown = {
            name: sensor.metric(f'audit_resident_memory_bytes{{process="{name}"}}')
            for name in ("auditd", "host-sensor", "kauditd")
        }
        (plugin,) = sensor.audit.plugin_pids()
        real = {
            "auditd": psutil.Process(sensor.audit.auditd_pid).memory_info().rss,
            "host-sensor": psutil.Process(plugin).memory_info().rss,
            "kauditd": 0,
        }
    assert shown == pytest.approx(real, rel=0.2)

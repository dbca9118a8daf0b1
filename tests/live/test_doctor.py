"""`host-sensor doctor` on a host whose audit runs: the chain is found whole, and a broken link is named."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.live.sensed import Sensed, sensed
from tests.support.program import command

pytestmark = [pytest.mark.live, pytest.mark.root]


def findings(sensor: Sensed, *arguments: str) -> dict[str, dict[str, Any]]:
    run = command("doctor", "--json", "--config", str(sensor.config), *arguments)
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60)
    return {finding["name"]: finding for finding in json.loads(done.stdout)}


def test_a_chain_that_works_then_one_that_does_not(tmp_path: Path) -> None:
    with sensed(tmp_path, ["-S execve -k exec"], probe=None, user="root") as sensor:
        sensor.audit.run(["/bin/true"])
        sensor.events()
        found = findings(sensor)
        levels = {name: finding["level"] for name, finding in found.items()}
        assert levels["chain.test_event"] == "ok", found["chain.test_event"]
        for name in (
            "audit.enabled",
            "audit.owner",
            "auditd.running",
            "rules.loaded",
            "log.events",
            "metrics.endpoint",
        ):
            assert levels[name] == "ok", found[name]

        subprocess.run(["auditctl", "-e", "0"], check=True, capture_output=True)
        levels = {name: finding["level"] for name, finding in findings(sensor, "--no-test-event").items()}
        assert levels["audit.enabled"] == "failure"
        assert "chain.test_event" not in levels

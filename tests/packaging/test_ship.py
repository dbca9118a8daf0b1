"""What the packages install for `host-sensor ship`: a confined unit, its user, examples without mistakes."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from sensor.config.read import read_options
from sensor.retention import STATES
from sensor.ship.options import Config
from sensor.ship.program import FOLDER
from tests.packaging.root import REPOSITORY

PACKAGING = REPOSITORY / "packaging"
UNIT = PACKAGING / "systemd" / "host-sensor-ship@.service"


def unit() -> configparser.RawConfigParser:
    class Last(dict):
        """Keeps the values of a key that occurs several times."""

        def __setitem__(self, key, value) -> None:
            if isinstance(value, list) and key in self:
                value = self[key] + value
            super().__setitem__(key, value)

    parser = configparser.RawConfigParser(dict_type=Last, strict=False)
    parser.optionxform = str
    parser.read_string(UNIT.read_text())
    return parser


def test_the_unit_has_no_capability_and_a_user_of_its_own() -> None:
    service = unit()["Service"]
    assert (service["CapabilityBoundingSet"], service["AmbientCapabilities"], service["NoNewPrivileges"]) == (
        "",
        "",
        "yes",
    )
    assert service["User"] == Config().user
    assert service["ExecStart"] == "/usr/sbin/host-sensor ship %i"
    assert f"/var/lib/{service['StateDirectory'].split()[0]}" == STATES
    assert unit()["Unit"]["ConditionPathExists"] == f"{FOLDER}/%i.yaml"
    assert any(
        line.startswith("u _host-sensor-ship ")
        for line in (PACKAGING / "systemd/sysusers.conf").read_text().splitlines()
    )


def test_systemd_takes_the_unit_and_finds_it_confined() -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True)
    if "Unknown" in done.stderr or "unrecognized" in done.stderr:
        pytest.skip("needs systemd 250 or newer")
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


@pytest.mark.parametrize("path", sorted((PACKAGING / "examples/ship").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_example_has_no_mistakes(path: Path) -> None:
    config, mistakes = read_options(str(path), Config())
    assert [str(mistake) for mistake in mistakes] == []
    assert config.kind
    assert config.to

"""The probe: switched off, not there, and, as root, what a loaded one shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.config import Config
from sensor.doctor.probe import check_probe
from sensor.probe import Options
from tests.doctor.examined import ExaminedHost, wrong


def test_a_probe_that_is_switched_off(host: ExaminedHost) -> None:
    assert wrong(check_probe(host, Config(probe=Options(use=False)))) == {"probe.use": "note"}


@pytest.mark.root
def test_a_probe_that_is_not_loaded(host: ExaminedHost, tmp_path: Path) -> None:
    found = wrong(check_probe(host, Config(probe=Options(path=str(tmp_path / "none")))))
    assert found.pop("probe.bcc", "warning") == "warning"  # BCC may be missing here
    assert found == {"probe.loaded": "warning"}

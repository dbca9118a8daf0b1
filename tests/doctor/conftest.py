"""The host that every test of this folder breaks in its own way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.examined import ExaminedHost


@pytest.fixture
def host(tmp_path: Path) -> ExaminedHost:
    return ExaminedHost(tmp_path / "host")

"""A log of its own for each test, and who follows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ship.logs import Log, Reader


@pytest.fixture
def log(tmp_path: Path) -> Log:
    (tmp_path / "log").mkdir()
    return Log(tmp_path / "log")


@pytest.fixture
def reader(log: Log, tmp_path: Path):
    reader = Reader(log, tmp_path / "cursor")
    yield reader
    reader.kill()

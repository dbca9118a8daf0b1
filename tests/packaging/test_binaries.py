"""Binaries for the packages: those of the very source that is packaged, and no others."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = "cpython-399-riscv64-linux-gnu.so"


@pytest.fixture
def checkout(tmp_path):
    """Some of a checkout, and what `make compiled` leaves in it."""
    (tmp_path / "packaging").mkdir()
    shutil.copy(ROOT / "packaging" / "binaries", tmp_path / "packaging")
    for folder in (tmp_path / "sensor", tmp_path / "build" / "compiled" / "sensor"):
        (folder / "audit").mkdir(parents=True)
        (folder / "audit" / "event.py").write_text("A = 1\n")
    (tmp_path / "build" / "compiled" / f"host_sensor__mypyc.{NAME}").write_bytes(b"library")
    (tmp_path / "build" / "compiled" / "sensor" / "audit" / f"event.{NAME}").write_bytes(b"module")
    return tmp_path


def binaries(checkout: Path) -> tuple[int, str]:
    done = subprocess.run([checkout / "packaging" / "binaries", checkout / "taken"], capture_output=True, text=True)
    return done.returncode, done.stderr


def test_binaries_of_this_source_are_taken(checkout):
    assert binaries(checkout) == (0, "")
    taken = sorted(str(path.relative_to(checkout / "taken")) for path in (checkout / "taken").rglob("*.so"))
    assert taken == [f"host_sensor__mypyc.{NAME}", f"sensor/audit/event.{NAME}"]
    assert (checkout / "taken" / taken[1]).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("change", ["changed", "added"])
def test_binaries_of_another_source_are_not(checkout, change):
    (checkout / "sensor" / "audit" / ("event.py" if change == "changed" else "new.py")).write_text("A = 2\n")
    code, message = binaries(checkout)
    assert code == 1
    assert "of another source" in message
    assert not (checkout / "taken").exists()


def test_without_any_there_are_none(checkout):
    shutil.rmtree(checkout / "build")
    assert binaries(checkout) == (1, "")

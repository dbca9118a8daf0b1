"""auditd's report of itself: read again as it is written anew, and nothing of it while there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensor.metrics.auditd_state import AuditdState
from tests.support.audit_session import unavailable

REPORT = """audit version = 3.0.9
current time = 11/28/26 05:00:00
process priority = -4
writing to logs = yes
current log size = 12 KB
max log size = 8192 KB
logs detected last rotate/shift = 0
space left on partition = yes
Logging partition free space = 100 MB
logging suspended = no
file system space action performed = no
Number of active plugins = 1
current plugin queue depth = 17
max plugin queue depth used = 1200
plugin queue size = 2000
plugin queue overflow detected = yes
plugin queueing suspended = no
listening for network connections = no
"""
VALUES = {
    "auditd_queue_events": 17,
    "auditd_queue_most_events": 1200,
    "auditd_queue_limit_events": 2000,
    "auditd_queue_overflowed": 1,
    "auditd_queue_suspended": 0,
    "auditd_logging_suspended": 0,
}
NONE = {"auditd_state_timestamp_seconds": 0}


def at(path: Path, time: float = 1000) -> dict[str, float]:
    return {"auditd_state_timestamp_seconds": time, **VALUES}


def write(path: Path, text: str, time: int = 1000) -> None:
    """As auditd does, into the file that is there."""
    path.write_text(text)
    os.utime(path, (time, time))


def test_a_report(tmp_path: Path) -> None:
    path = tmp_path / "auditd.state"
    write(path, REPORT)
    state = AuditdState(str(path))
    assert state.values() == at(path)
    write(path, REPORT.replace("= 17", "= 18"), 2000)
    assert state.values() == {**at(path, 2000), "auditd_queue_events": 18}


def test_one_that_comes_later_goes_and_comes_again(tmp_path: Path) -> None:
    path = tmp_path / "auditd.state"
    state = AuditdState(str(path))
    assert state.values() == NONE
    write(path, REPORT)
    assert state.values() == at(path)
    path.unlink()
    assert state.values() == NONE
    write(path, REPORT, 3000)
    assert state.values() == at(path, 3000)


def test_it_is_read_without_the_right_to_open_it(tmp_path: Path) -> None:
    path = tmp_path / "auditd.state"
    write(path, REPORT)
    state = AuditdState(str(path))
    path.chmod(0)
    os.utime(path, (4000, 4000))
    assert state.values() == at(path, 4000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("current plugin queue depth = 5", {"auditd_queue_events": 5}),
        ("current plugin queue depth = -5\nplugin queue size = many", {}),
        ("current plugin queue depth = " + "9" * 400, {}),
        ("plugin queue size = \u0663", {}),
        ("plugin queue size=7\nplugin queue size  = 7", {}),
        ("plugin queueing suspended = maybe", {}),
        ("x" * 100_000 + REPORT, {}),
        ("\0" * 1000, {}),
    ],
)
def test_what_is_no_report(text: str, expected: dict[str, float], tmp_path: Path) -> None:
    path = tmp_path / "auditd.state"
    write(path, text)
    assert AuditdState(str(path)).values() == {"auditd_state_timestamp_seconds": 1000, **expected}


@pytest.mark.parametrize("kind", ["folder", "link", "fifo"])
def test_what_is_no_file_is_not_waited_for(kind: str, tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "auditd.state", tmp_path / "elsewhere"
    write(elsewhere, REPORT)
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(elsewhere)
    else:
        os.mkfifo(path)
    assert AuditdState(str(path)).values() == NONE


def test_the_lines_are_those_that_auditd_writes() -> None:
    """As the installed one has them in its text."""
    auditd = Path("/sbin/auditd")
    if not auditd.exists():
        pytest.skip(unavailable() or "needs auditd")
    from sensor.tables.metrics import AUDITD_STATE

    program = auditd.read_bytes()
    assert [row.line for row in AUDITD_STATE if f"{row.line} = %".encode() not in program] == []

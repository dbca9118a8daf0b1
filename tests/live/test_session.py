"""The harness itself: it audits its own session and nothing else, and leaves the machine as it found it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.audit_session import AuditSession, audit_status

pytestmark = [pytest.mark.live, pytest.mark.root]

SETTINGS = ("enabled", "pid", "backlog_limit")


def test_only_the_session_is_audited_and_the_machine_is_left_as_it_was(tmp_path: Path) -> None:
    with AuditSession(rules=["-S execve -k seen"], directory=tmp_path) as session:
        before = session.settings_before
        session.run(["/bin/true", "inside"])
        subprocess.run(["/bin/true", "outside"], check=True)
        session.drain(session.feed)
        feed = session.feed.read_text()

    assert 'a1="inside"' in feed
    assert 'a1="outside"' not in feed
    after = audit_status()
    assert {name: after[name] for name in SETTINGS} == {name: before[name] for name in SETTINGS}
    assert subprocess.run(["auditctl", "-l"], capture_output=True, text=True).stdout == "No rules\n"


def test_the_machine_is_left_as_it_was_when_the_session_fails() -> None:
    before = audit_status()
    with pytest.raises(ZeroDivisionError), AuditSession():
        raise ZeroDivisionError
    after = audit_status()
    assert {name: after[name] for name in SETTINGS} == {name: before[name] for name in SETTINGS}

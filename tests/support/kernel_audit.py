"""The kernel's audit made to lose records, for the length of a test; afterwards its settings are what they were."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator

from tests.support.audit_session import audit_status


def auditctl(*arguments: str) -> None:
    """Change a setting."""
    subprocess.run(["auditctl", *arguments], check=True, capture_output=True)


@contextlib.contextmanager
def no_room(wait: int = 0) -> Iterator[None]:
    """auditd stands still and the kernel has room for eight records.

    wait: how long a process is made to wait for room, in jiffies.
    """
    before = audit_status()
    auditctl("--backlog_wait_time", str(wait))
    auditctl("-b", "8")
    os.kill(before["pid"], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(before["pid"], signal.SIGCONT)
        auditctl("-b", str(before["backlog_limit"]))
        auditctl("--backlog_wait_time", str(before["backlog_wait_time"]))


@contextlib.contextmanager
def rate_limit(records: int) -> Iterator[None]:
    """The kernel lets so many records a second through."""
    before = audit_status()
    auditctl("-r", str(records))
    try:
        yield
    finally:
        auditctl("-r", str(before["rate_limit"]))

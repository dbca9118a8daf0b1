"""A test event through the whole chain, timed: kernel, auditd, plugin, log.

The event is a user message (AUDIT_USER) that no rule is needed for, with a text that only this run knows.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator

from sensor.config import Config
from sensor.doctor.finding import FAILURE, NOTE, OK, Finding
from sensor.doctor.host import HostView
from sensor.doctor.log import file_of
from sensor.outputs.fifo import is_fifo

_LONGEST = 10.0  # seconds
_PAUSE = 0.02


def check_chain(host: HostView, config: Config, longest: float = _LONGEST) -> Iterator[Finding]:
    """Send the event and wait for it in the log, `longest` seconds."""
    path = file_of(config)
    if path is None or not host.is_root() or is_fifo(host.path(path)):
        yield Finding(NOTE, "chain.test_event", "no test event was sent: it takes root, and a log that is a file")
        return
    marker = f"host-sensor-doctor-{secrets.token_hex(8)}"
    offset = _size(host.path(path))
    started = time.monotonic()
    answer = host.run("auditctl", "-m", marker)
    if answer is None or answer.status:
        reason = answer.text.strip() if answer else "auditctl cannot be run"
        yield Finding(FAILURE, "chain.test_event", f"the kernel took no test event: {reason}", "auditctl -s")
        return
    while time.monotonic() - started < longest:
        if _has(host.path(path), offset, marker.encode()):
            taken = (time.monotonic() - started) * 1000
            yield Finding(OK, "chain.test_event", f"a test event reached the log after {taken:.0f} ms")
            return
        time.sleep(_PAUSE)
    text = f"a test event did not reach {path} within {longest:.0f} seconds"
    yield Finding(
        FAILURE,
        "chain.test_event",
        text,
        "mend what the findings above name; if there are none, systemctl restart auditd",
    )


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _has(path: str, offset: int, marker: bytes) -> bool:
    """Whether the log has the marker behind `offset`, or anywhere once it was rotated."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(offset if size >= offset else 0)
            return marker in file.read()
    except OSError:
        return False

"""Where the sensor's own messages go: standard error if it leads anywhere, else the system's log socket.

    <28>host-sensor[4711]: /var/log/host-sensor/audit.jsonl: No space left on device; trying again (12 more like this)

auditd gives its plugins no standard error. Nothing here ever waits: a log daemon that is stuck or gone costs messages,
not events. Messages are few, because writing to the log may be audited itself: the same one once a minute, with a count
of those left out, and all together a few dozen. What was audited is not for the log.
"""

from __future__ import annotations

import logging
import os
import socket
import stat
import sys
import time

SOCKETS = ("/dev/log", "/run/systemd/journal/dev-log")
DAEMON = 3 << 3  # the facility, of <syslog.h>
PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}

REPEAT_AFTER = 60.0
"""Seconds before the same message is shown again."""
BURST, REFILL = 30, 2.0
"""So many different messages at once, and seconds until there may be another one."""


class RateLimit(logging.Filter):
    """Lets a message through once in REPEAT_AFTER seconds, and of all messages together BURST at once."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: dict[str, float] = {}
        self._held: dict[str, int] = {}
        self._tokens = float(BURST)
        self._refilled = time.monotonic()

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        text = record.getMessage()
        self._tokens = min(BURST, self._tokens + (now - self._refilled) / REFILL)
        self._refilled = now
        if self._tokens < 1 or now - self._shown.get(text, -REPEAT_AFTER) < REPEAT_AFTER:
            if text in self._held or len(self._held) < 256:
                self._held[text] = self._held.get(text, 0) + 1
            return False
        if len(self._shown) > 256:
            self._shown.clear()
        self._tokens -= 1
        self._shown[text] = now
        held = self._held.pop(text, 0)
        if held:
            record.msg, record.args = f"{text} ({held} more like this)", ()
        return True


class SocketHandler(logging.Handler):
    """Sends messages to the log socket; loses them while there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._socket: socket.socket | None = None

    def emit(self, record: logging.LogRecord) -> None:
        priority = DAEMON | PRIORITIES.get(record.levelno, 5)
        data = f"<{priority}>host-sensor[{os.getpid()}]: {self.format(record)}".encode(errors="replace")[:8192]
        for _ in range(2):  # a restarted log daemon has a new socket
            try:
                if self._socket is None:
                    self._socket = _connected()
                self._socket.send(data)
                return
            except OSError:
                self.close_socket()

    def close_socket(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _connected() -> socket.socket:
    """A datagram socket to the first log daemon there is; raises OSError."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    for path in SOCKETS:
        try:
            made.connect(path)
            return made
        except OSError:
            continue
    made.close()
    raise FileNotFoundError


def leads_nowhere(fd: int) -> bool:
    """Whether a descriptor is closed or /dev/null."""
    try:
        status = os.fstat(fd)
    except OSError:
        return True
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.makedev(1, 3)


def start_logging() -> None:
    """Send what this program's modules log where somebody reads it."""
    handler: logging.Handler = SocketHandler()
    if not leads_nowhere(2):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("host-sensor: %(message)s"))
    handler.addFilter(RateLimit())
    logging.raiseExceptions = False
    logging.getLogger("sensor").handlers[:] = [handler]
    logging.getLogger("sensor").setLevel(logging.INFO)
    logging.getLogger("sensor").propagate = False

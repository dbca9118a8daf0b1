"""Where the sensor's own messages go: standard error if it leads anywhere, else the system's log socket.

    <28>host-sensor[4711]: /var/log/host-sensor/audit.jsonl: No space left on device; trying again (12 more like this)

auditd gives its plugins no standard error. Nothing here ever waits: a log daemon that is stuck or gone costs messages,
not events. Messages are few, because writing to the log may be audited itself: the same one once a minute, with a count
of those left out, and all together a few dozen. What was audited is not for the log.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import stat
import sys
import time
from collections.abc import Callable, Sequence
from logging.handlers import SysLogHandler

from sensor.cache import BoundedDict
from sensor.printable import printable

SOCKETS = ("/dev/log", "/run/systemd/journal/dev-log")
LONGEST = 8000
"""Characters of a message."""

REPEAT_AFTER = 60.0
"""Seconds before the same message is shown again."""
BURST, REFILL = 30, 2.0
"""So many different messages at once, and seconds until there may be another one."""
_MOST = 256
"""Different messages that are remembered."""


class MessageRateLimit(logging.Filter):
    """Lets a message through once in REPEAT_AFTER seconds, and of all messages together BURST at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._shown: BoundedDict[str, float] = BoundedDict(_MOST)
        self._held: dict[str, int] = {}
        self._tokens = float(BURST)
        self._refilled = clock()

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        text = record.getMessage()
        self._tokens = min(BURST, self._tokens + (now - self._refilled) / REFILL)
        self._refilled = now
        if self._tokens < 1 or now - self._shown.get(text, -REPEAT_AFTER) < REPEAT_AFTER:
            if text in self._held or len(self._held) < _MOST:
                self._held[text] = self._held.get(text, 0) + 1
            return False
        self._tokens -= 1
        self._shown.keep(text, now)
        held = self._held.pop(text, 0)
        if held:
            record.msg, record.args = f"{text} ({held} more like this)", ()
        return True


class Syslog(SysLogHandler):
    """Sends messages to the first log socket there is; loses them while there is none, or while it is full.

    sockets: their paths.
    """

    append_nul = False

    def __init__(self, sockets: Sequence[str] = SOCKETS) -> None:
        self._sockets = sockets
        self.ident = f"host-sensor[{os.getpid()}]: "
        super().__init__(sockets[0], SysLogHandler.LOG_DAEMON, socket.SOCK_DGRAM)

    def _connect_unixsocket(self, address: str) -> None:
        """Connect; the base calls this at the beginning and again when a log daemon has started again."""
        for path in self._sockets:
            try:
                super()._connect_unixsocket(path)  # type: ignore[misc]  # in every Python, though not in its stubs
                break
            except OSError:
                if path == self._sockets[-1]:
                    raise
        self.socket: socket.socket
        self.socket.setblocking(False)  # a log daemon that hangs must not hold up events

    def format(self, record: logging.LogRecord) -> str:
        """The message, cut to what every log daemon takes, and without what has no UTF-8."""
        return printable(super().format(record)[:LONGEST].encode(errors="replace").decode())[:LONGEST]


class StandardError(logging.Handler):
    """Writes messages to a descriptor; loses them while the reader is behind.

    It waits, and whether it does is decided for all who share it. A pipe or socket with any room takes PIPE_BUF at
    once, and as much is kept of a message.
    """

    def __init__(self, fd: int = 2) -> None:
        super().__init__()
        self._fd = fd
        self._room = select.poll()
        self._room.register(fd, select.POLLOUT)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message if it need not wait."""
        try:
            text = self.format(record).encode(errors="backslashreplace")[: select.PIPE_BUF - 1]
            if self._room.poll(0):
                os.write(self._fd, text + b"\n")
        except Exception:  # noqa: BLE001  as all handlers do
            self.handleError(record)


class Plain(logging.Formatter):
    """Lets nothing of what others have named, or of a traceback, reach a terminal as a command."""

    def format(self, record: logging.LogRecord) -> str:
        """The message; lines of a traceback stay lines."""
        return "\n".join(map(printable, super().format(record).split("\n")))


def leads_nowhere(fd: int) -> bool:
    """Whether a descriptor is closed or /dev/null."""
    try:
        status = os.fstat(fd)
    except OSError:
        return True
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.makedev(1, 3)


def start_logging(at_terminal: bool = False) -> None:
    """Send what this program's modules log where somebody reads it; at_terminal: to standard error in any case."""
    handler: logging.Handler = Syslog()
    if at_terminal or not leads_nowhere(2):
        handler = logging.StreamHandler(sys.stderr) if at_terminal else StandardError()
        handler.setFormatter(Plain("host-sensor: %(message)s"))
    handler.addFilter(MessageRateLimit())
    logging.raiseExceptions = False
    logging.getLogger("sensor").handlers[:] = [handler]
    logging.getLogger("sensor").setLevel(logging.INFO)
    logging.getLogger("sensor").propagate = False

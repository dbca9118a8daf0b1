"""Where the sensor's own messages go: standard error if it leads anywhere, else the system's log socket.

    <28>host-sensor[4711]: /var/log/host-sensor/audit.jsonl: No space left on device; trying again (12 more like this)

auditd gives its plugins no standard error. Nothing here ever waits: a log daemon that is stuck or gone costs messages,
not events. Messages are few, because writing to the log may be audited itself: the same one once a minute, with a count
of those left out, and all together a few dozen. What was audited is not for the log.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import socket
import stat
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

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


_DAEMON = 3 << 3  # LOG_DAEMON of syslog(3)
_SEVERITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7


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


class Syslog(logging.Handler):
    """Sends messages to the first log socket there is; loses them while there is none, or while it is full.

    The one of logging.handlers loads pickle and more: half a megabyte.

    sockets: their paths.
    """

    def __init__(self, sockets: Sequence[str] = SOCKETS) -> None:
        super().__init__()
        self._sockets = sockets
        self._ident = f"host-sensor[{os.getpid()}]: "
        self._socket: socket.socket | None = None
        with suppress(OSError):
            self._socket = self._connected()

    def emit(self, record: logging.LogRecord) -> None:
        """Send a message; a log daemon that has started again is found again."""
        severity = next((number for level, number in _SEVERITIES if record.levelno >= level), _DEBUG)
        try:
            self._send(f"<{_DAEMON | severity}>{self._ident}{self.format(record)}".encode())
        except Exception:  # noqa: BLE001  as all handlers do
            self.handleError(record)

    def format(self, record: logging.LogRecord) -> str:
        """The message, cut to what every log daemon takes, and without what has no UTF-8."""
        return printable(super().format(record)[:LONGEST].encode(errors="replace").decode())[:LONGEST]

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        super().close()

    def _send(self, message: bytes) -> None:
        if self._socket is not None:
            try:
                self._socket.send(message)
                return
            except BlockingIOError:
                raise
            except OSError:
                self._socket.close()
                self._socket = None
        self._socket = self._connected()
        self._socket.send(message)

    def _connected(self) -> socket.socket:
        """A socket to the first log daemon that is there; raises OSError."""
        reason = OSError(errno.ENOENT, "no log socket")
        for path in self._sockets:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            made.setblocking(False)  # a log daemon that hangs must not hold up events
            try:
                made.connect(path)
                return made
            except OSError as error:
                made.close()
                reason = error
        raise reason


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

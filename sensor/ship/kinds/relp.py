"""`kind: relp`: RFC 5424 messages by RELP, the protocol in which rsyslog acknowledges each message by its number.

    1 open 85 relp_version=0\nrelp_software=host-sensor\ncommands=syslog     1 rsp 92 200 OK\nrelp_version=0\n…
    2 syslog 153 <110>1 2023-11-14T22:13:20.123Z web01 …                     2 rsp 6 200 OK

Taken means that rsyslog has it in its queue: whether that survives rsyslog is the business of its configuration.
"""

from __future__ import annotations

import re
import time
from collections import deque

from sensor.errors import UnavailableError
from sensor.ship.batch import Batch
from sensor.ship.kinds import Common, Receipt
from sensor.ship.messages import Messages, Options
from sensor.ship.streamed import ConnectedKind

WINDOW = 4
OFFER = b"relp_version=0\nrelp_software=host-sensor\ncommands=syslog"
LAST_NUMBER = 999_999_999
LONGEST_FRAME, LONGEST_HEAD = 65536, 64
_HEAD = re.compile(rb"([0-9]{1,9}) ([a-z]{1,32}) ([0-9]{1,9})(?=[ \n])")


class RelpKind(ConnectedKind):
    """A window of batches, each of messages with numbers."""

    window = WINDOW

    def __init__(self, options: Options, common: Common) -> None:
        super().__init__(common)
        self._messages = Messages(options, common)
        self._number = 0
        self._buffer = b""
        self._open: deque[set[int]] = deque()  # of each batch the numbers that have no answer

    def connect(self, address: str) -> None:
        super().connect(address)
        assert self._stream is not None
        self._number, self._buffer = 1, b""
        self._open.clear()
        self._stream.write(_frame(1, b"open", OFFER))
        deadline = time.monotonic() + self._common.timeout
        while time.monotonic() < deadline:
            for number, command, data in self._frames(deadline - time.monotonic()):
                if number == 1 and command == b"rsp" and data.startswith(b"200"):
                    self.answer += f", {data.split(chr(10).encode())[0].decode('latin-1')}"
                    return
                raise UnavailableError(f"it does not open a session: {data[:80]!r}")
        raise UnavailableError("it does not open a session in time: does it speak RELP?")

    def send(self, batch: Batch) -> None:
        assert self._stream is not None
        frames, numbers = [], set()
        for message in self._messages.of(batch):
            self._number = self._number % LAST_NUMBER + 1
            numbers.add(self._number)
            frames.append(_frame(self._number, b"syslog", message))
        if not self._open:
            self._progress_at = time.monotonic()
        self._open.append(numbers)
        self._stream.write(b"".join(frames))

    def wait(self, seconds: float) -> list[Receipt]:
        frames = self._frames(seconds)
        while frames:
            for number, command, data in frames:
                self._take(number, command, data)
            frames = self._frames(0)
        receipts = []
        while self._open and not self._open[0]:
            self._open.popleft()
            receipts.append(Receipt())
        if self._open:
            self._expect_progress()
        return receipts

    def _take(self, number: int, command: bytes, data: bytes) -> None:
        if command == b"serverclose":
            raise UnavailableError("the far end has closed the session")
        if command != b"rsp" or not data.startswith(b"200"):
            raise UnavailableError(f"it answers {command[:20]!r} {data[:80]!r}")
        for numbers in self._open:
            if number in numbers:
                numbers.remove(number)
                self._progress_at = time.monotonic()
                return

    def _frames(self, seconds: float) -> list[tuple[int, bytes, bytes]]:
        """Number, command and data of each whole frame that has come; waits so long for the first."""
        assert self._stream is not None
        self._buffer += self._stream.read(max(0.0, seconds))
        found: list[tuple[int, bytes, bytes]] = []
        start = 0
        while head := _HEAD.match(self._buffer, start):
            size = int(head[3])
            begin = head.end() + (1 if size else 0)
            if size > LONGEST_FRAME or len(self._buffer) <= begin + size:
                break
            found.append((int(head[1]), head[2], self._buffer[begin : begin + size]))
            start = begin + size + 1
        self._buffer = self._buffer[start:]
        if len(self._buffer) > LONGEST_FRAME or (len(self._buffer) > LONGEST_HEAD and not _HEAD.match(self._buffer)):
            raise UnavailableError(f"expected RELP, found {self._buffer[:LONGEST_HEAD]!r}")
        return found


def _frame(number: int, command: bytes, data: bytes) -> bytes:
    return b"%d %b %d %b\n" % (number, command, len(data), data)

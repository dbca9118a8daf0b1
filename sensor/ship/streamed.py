"""What the kinds share that hold a connection, and those of them that write events and count what has arrived.

By bytes: a batch is acknowledged when the far end's kernel has had it for `settle` seconds and the connection still
stands. By events: the far end writes how many it has taken over this connection, in decimal, one number a line.
"""

from __future__ import annotations

import time
from collections import deque

from sensor.errors import UnavailableError
from sensor.ship.batch import Batch
from sensor.ship.kinds import Common, Kind, Receipt, split_address
from sensor.ship.stream import Stream
from sensor.ship.tls import context

WINDOW = 256
LONGEST_COUNT = 20
"""Digits of a count; more is no count."""


class ConnectedKind(Kind):
    """What the kinds share that hold a connection, and wait for what comes back by it."""

    can_refuse = False

    def __init__(self, common: Common) -> None:
        super().__init__()
        self._common = common
        self._context = context(common.tls) if common.tls.use else None
        self._stream: Stream | None = None
        self._progress_at = 0.0

    def connect(self, address: str) -> None:
        self._stream = Stream(split_address(address), self._context, self._common.timeout, self._common.tls.server_name)
        self.answer = self._stream.describe()

    def close(self) -> None:
        super().close()
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _expect_progress(self, more: float = 0.0) -> None:
        """Raise UnavailableError where there was none for the timeout and so many seconds more."""
        if time.monotonic() - self._progress_at > self._common.timeout + more:
            raise UnavailableError(f"nothing was acknowledged for {self._common.timeout:g} s")


class StreamedKind(ConnectedKind):
    """Writes what `encode` makes of batches; `settle` None: the far end counts events."""

    window = WINDOW

    def __init__(self, common: Common, settle: float | None) -> None:
        super().__init__(common)
        self._settle = settle
        self._unacknowledged: deque[list[float]] = deque()  # mark, events by then, when the kernel had it (0: not yet)
        self._sent = 0  # events over this connection
        self._counted = 0  # of these, how many the far end reports to have
        self._partial = b""

    def connect(self, address: str) -> None:
        super().connect(address)
        self._unacknowledged.clear()
        self._sent = self._counted = 0
        self._partial = b""

    def send(self, batch: Batch) -> None:
        assert self._stream is not None
        mark = self._stream.write(self.encode(batch))
        self._sent += len(batch.lines)
        if not self._unacknowledged:
            self._progress_at = time.monotonic()
        self._unacknowledged.append([mark, self._sent, 0.0])

    def encode(self, batch: Batch) -> bytes:
        """The bytes of a batch as they are sent; a subclass decides."""
        return b""

    def wait(self, seconds: float) -> list[Receipt]:
        assert self._stream is not None
        counting = self._settle is None
        if not counting:
            seconds = self._until_settled(seconds)
        data = self._stream.read(seconds)
        receipts = []
        while data and counting:
            self._count(data)
            data = self._stream.read(0)
        while self._unacknowledged and (self._is_counted() if counting else self._is_settled()):
            self._unacknowledged.popleft()
            receipts.append(Receipt())
        if receipts:
            self._progress_at = time.monotonic()
        elif self._unacknowledged:
            self._expect_progress(self._settle or 0.0)
        return receipts

    def _is_counted(self) -> bool:
        return self._unacknowledged[0][1] <= self._counted

    def _count(self, data: bytes) -> None:
        """Take the last whole number of what the far end has written."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > LONGEST_COUNT:
            raise UnavailableError("expected the count of events it has, in decimal, one number a line")
        for line in lines[-1:]:
            text = line.strip()
            if not text.isdigit() or len(text) > LONGEST_COUNT or int(text) > self._sent:
                raise UnavailableError(
                    f"expected the count of events it has, at most {self._sent}, found {text[:40]!r}"
                )
            self._counted = int(text)
            self.answer = f"it has {self._counted} events"

    def _until_settled(self, seconds: float) -> float:
        """How long to wait: no longer than until the oldest batch may have settled."""
        if not self._unacknowledged:
            return seconds
        since = self._unacknowledged[0][2]
        left = (self._settle or 0.0) - (time.monotonic() - since) if since else 0.02
        return max(0.0, min(seconds, left))

    def _is_settled(self) -> bool:
        assert self._stream is not None
        now = time.monotonic()
        for entry in self._unacknowledged:
            if not entry[2]:
                if not self._stream.acknowledged(int(entry[0])):
                    break
                entry[2] = now
        since = self._unacknowledged[0][2]
        return bool(since) and now - since >= (self._settle or 0.0)

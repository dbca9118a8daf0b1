"""The loop: read, send, acknowledge, try again, give up on single events.

    sender = Sender((follower, cursor), kind, settings, letters, (stats, log_message))
    sender.step()       one round; returns for how many seconds there is nothing to do

A batch that is refused is sent again in halves until the event at fault is alone; that one becomes a dead letter, and
batches grow again. An event that is refused is given up only while others are taken.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sensor.errors import RefusedError, ShipError, UnavailableError
from sensor.ship import deadletter, pace
from sensor.ship.batch import Batch, Position, numbered
from sensor.ship.cursor import Cursor
from sensor.ship.follow import Follower
from sensor.ship.kinds import Kind, Receipt
from sensor.ship.stats import ShipStats

POLL = 0.25
"""Seconds between two looks at a log with nothing new."""


@dataclass(frozen=True)
class Settings:
    """The parts of the configuration it needs."""

    addresses: tuple[str, ...]
    events: int = 5000  # of a batch
    size: int = 1 << 20  # bytes of a batch
    wait: float = 1.0  # seconds a batch may wait to become larger
    failback: float = 300.0  # seconds on another than the first address, until the first is tried again
    rate: int | None = None  # bytes a second
    number: bool = False  # whether lines are numbered
    in_a_row: int = 100  # refusals, until none is given up any more
    retry: pace.Options = field(default_factory=pace.Options)
    once: bool = False  # raise what no further attempt changes, instead of waiting until somebody mends it


class Sender:
    """Owns the follower and the kind; `report`: the counters, and a function that logs a message."""

    def __init__(
        self,
        reading: tuple[Follower, Cursor],
        kind: Kind,
        settings: Settings,
        letters: deadletter.DeadLetters,
        report: tuple[ShipStats, Callable[[str], None]],
    ) -> None:
        self._follower, self._cursor = reading
        self._kind = kind
        self._settings = settings
        self._letters = letters
        self.stats, self._log_message = report
        joined = (",".join(settings.addresses),)
        self._addresses = joined if kind.takes_all_addresses else settings.addresses
        self._address = 0
        self._connected_at = 0.0
        self._try_at = 0.0
        self._back_off = pace.BackOff(settings.retry)
        self._rate = pace.RateLimit(settings.rate)
        self._inflight: deque[Batch] = deque()
        self._held: Batch | None = None  # read, and not sent yet
        self._free_at = 0.0  # when the rate limit lets it through
        self._first_seen = 0.0  # when what is not a whole batch yet was first seen
        self._most = settings.events  # in a batch now: fewer after a refusal
        self._refused_in_a_row = 0
        self._sent_number = self._cursor.position.number  # events ever sent
        self._reads = True
        self.drained = False  # there was nothing to read, and nothing is on its way
        self.error = ""  # the last failure
        self.error_at = 0.0  # seconds since 1970

    @property
    def address(self) -> str:
        """Where events go now."""
        return self._addresses[self._address]

    @property
    def position(self) -> Position:
        """Up to where the far end has everything."""
        return self._cursor.position

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way."""
        return not self._inflight

    def look(self) -> None:
        """See which files there are; call it every few seconds."""
        self._follower.look()

    def read_no_more(self) -> None:
        """Only wait for what is on its way from now on."""
        self._reads = False

    def step(self) -> float:
        """Do one round; returns the seconds until the next one is of use.

        Raises ShipError, with `once`, for what is wrong here and not at the far end.
        """
        now = time.monotonic()
        if now < self._try_at:
            return self._try_at - now
        try:
            return self._round(now)
        except RefusedError as error:
            return self._halve(str(error))
        except UnavailableError as error:
            return self._fail(str(error), error.retry_after)
        except (ShipError, OSError) as error:
            if self._settings.once and isinstance(error, ShipError):
                raise
            return self._fail(str(error), None)

    def close(self) -> None:
        """Let go of everything; what is not acknowledged is sent again by the next process."""
        self._kind.close()
        self._follower.close()
        self._cursor.close()

    # ------------------------------------------------------------------------------------------------------- one round

    def _round(self, now: float) -> float:
        pause = 0.0
        sent = False
        if self._reads and len(self._inflight) < self._kind.window:
            batch, pause = self._batch(now)
            if batch is not None:
                self._send(batch, now)
                sent = True
        if self._inflight:
            for receipt in self._kind.wait(0.0 if sent else pause or POLL):
                self._settle(self._inflight.popleft(), receipt)
            return 0.0
        return pause

    def _batch(self, now: float) -> tuple[Batch | None, float]:
        """The next batch to send, or the seconds until there may be one."""
        batch = self._held
        if batch is None:
            if self._is_too_small(now):
                return None, min(POLL, self._settings.wait)
            try:
                batch = self._follower.read(self._most, self._settings.size)
            except OSError as error:
                if self._settings.once:
                    raise ShipError(f"the log cannot be read: {error}") from error
                self._note(f"the log cannot be read: {error}")
                return None, 4 * POLL
            self.drained = batch is None and not self._inflight
            if batch is None:
                self._first_seen = 0.0
                self._fall_back(now)
                return None, POLL
            self._free_at = now + self._rate.delay(batch.size, now)
        self._held = batch
        if now < self._free_at:
            return None, self._free_at - now
        if batch.oversized or not batch.lines:
            if self._inflight:
                return None, POLL
            refused = [(0, f"longer than can be sent: {batch.size} bytes")] if batch.oversized else []
            self._settle(batch, Receipt(refused))
            batch = None
        self._held = None
        return batch, 0.0

    def _is_too_small(self, now: float) -> bool:
        """Whether it is better to wait until more has come."""
        if not 0 < self._follower.waiting() < self._settings.size or self._most < self._settings.events:
            self._first_seen = 0.0
            return False
        if not self._first_seen:
            self._first_seen = now
        return now - self._first_seen < self._settings.wait

    def _send(self, batch: Batch, now: float) -> None:
        if not self.stats.connected:
            self._connect(now)
        if self._settings.number:
            batch = replace(batch, lines=numbered(batch, self._cursor.stream))
        self._inflight.append(batch if self._kind.can_refuse else batch.stripped())
        self.stats.sent += len(batch.lines)
        self.stats.sent_bytes += batch.size
        self.stats.repeated += max(0, min(self._sent_number, batch.end.number) - batch.start.number)
        self._sent_number = max(self._sent_number, batch.end.number)
        self._kind.send(batch)

    def _connect(self, now: float) -> None:
        self._kind.connect(self.address)
        self.stats.connected = 1
        self._connected_at = now
        self._log_message(f"{self.address}: connected")

    def _settle(self, batch: Batch, receipt: Receipt) -> None:
        """What the far end has, or will never take, is done."""
        events = batch.end.number - batch.start.number
        if receipt.refused:
            self._bury(batch, receipt.refused, events)
        else:
            self._refused_in_a_row = 0
        self._back_off.succeeded()
        self._most = min(self._settings.events, 2 * self._most)
        self.stats.acknowledged += events - len(receipt.refused)
        self.stats.acknowledged_bytes += batch.size
        self.stats.cursor_number = batch.end.number
        try:
            self._follower.settle(batch)
        except (OSError, ValueError) as error:
            self.stats.cursor_errors += 1
            self._note(f"the cursor cannot be written: {error}")

    def _bury(self, batch: Batch, refused: list[tuple[int, str]], events: int) -> None:
        """Make dead letters of what is refused; raises UnavailableError where everything is refused."""
        in_a_row = self._refused_in_a_row + len(refused) if len(refused) == events else 0
        if in_a_row > self._settings.in_a_row:
            raise UnavailableError(f"it refuses everything, so nothing is given up: {refused[0][1]}")
        keys = batch.keys()
        try:
            self._letters.add([(keys[index], reason, batch.lines[index]) for index, reason in refused])
        except OSError as error:
            raise UnavailableError(f"dead letters cannot be written: {error.strerror}") from error
        self._refused_in_a_row = in_a_row
        self.stats.refused += len(refused)
        self._note(f"{self.address}: {len(refused)} refused, now among the dead letters: {refused[0][1]}")

    # ------------------------------------------------------------------------------------------------- what goes wrong

    def _halve(self, reason: str) -> float:
        """After a refused batch: a smaller one, or none without the event that is alone in it."""
        batch = self._inflight[-1]
        if len(batch.lines) > 1:
            self._most = max(1, len(batch.lines) // 2)
            self._begin_again()
            return 0.0
        try:
            self._inflight.clear()
            self._settle(batch, Receipt([(0, reason)]))
        except UnavailableError as error:
            return self._fail(str(error), None)
        self._most = max(1, self._most // 2)
        return 0.0

    def _fail(self, reason: str, retry_after: float | None) -> float:
        """After a failure: everything again that is not acknowledged, over a new connection, after a pause."""
        self.stats.failed += 1
        failed = self.address
        self._kind.close()
        self._begin_again()
        self.stats.connected = 0
        self._address = (self._address + 1) % len(self._addresses)
        # The others are tried at once; when all have failed it is time to wait.
        pause = self._back_off.failed(retry_after) if self._address == 0 or retry_after else 0.0
        again = "again" if len(self._addresses) == 1 else self.address
        self._note(f"{failed}: {reason}", f"; trying {again} in {pause:.1f} s")
        self._try_at = time.monotonic() + pause
        self.stats.retried += 1
        return pause

    def _begin_again(self) -> None:
        self._inflight.clear()
        self._held = None
        self._follower.rewind()

    def _fall_back(self, now: float) -> None:
        """Go back to the first address when another has served for a while and nothing is on its way."""
        if self._address and not self._inflight and now - self._connected_at > self._settings.failback:
            self._kind.close()
            self.stats.connected = 0
            self._address = 0

    def _note(self, message: str, outlook: str = "") -> None:
        """Remember a failure, and report it where it is not the one before over again."""
        if message != self.error:
            self._log_message(message + outlook)
        self.error, self.error_at = message, time.time()

"""The account of all that goes missing, from which loss events are made: summed, and for each reason rate-limited.

    count of stats     0 … 0   12   40   40        look: every second
    reported           0 … 0   12   12   40        take: at the first loss at once, then after INTERVAL, all in one

What is taken counts as reported, so nothing is taken before there is room for it in the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from sensor.audit.notices import Loss
from sensor.stats import Stats
from sensor.tables.losses import ROWS, counts

INTERVAL = 10.0
"""Seconds between two events of one place and reason."""


class Ledger:
    """Compares the counts of `stats` with what was reported.

    begun: seconds since 1970, when nothing was missing yet.
    """

    def __init__(self, stats: Stats, begun: float, interval: float = INTERVAL) -> None:
        self._stats = stats
        self._interval = interval
        self._looked = begun
        self._counts = counts(stats)
        self._reported = [0] * len(ROWS)
        self._since: list[float | None] = [None] * len(ROWS)
        self._next = [0.0] * len(ROWS)

    def look(self, now: float) -> None:
        """See what is missing; `now` in seconds since 1970."""
        self._counts = counts(self._stats)
        for index, row in enumerate(ROWS):
            if self._counts[index] > self._reported[index] and self._since[index] is None and not row.intended:
                self._since[index] = self._looked
        self._looked = now

    def due(self, clock: float, at_once: bool = False) -> list[int]:
        """The rows that are to be reported by now; `clock` in monotonic seconds. at_once: whatever the rate."""
        waiting = [index for index, since in enumerate(self._since) if since is not None]
        return [index for index in waiting if at_once or clock >= self._next[index]]

    def take(self, rows: Sequence[int], clock: float) -> list[Loss]:
        """What is to be reported of these rows; from now on it counts as reported."""
        losses = []
        for index in rows:
            row, total, since = ROWS[index], self._counts[index], self._since[index]
            count = total - self._reported[index]
            began = date(self._looked if since is None else since)
            losses.append(Loss(row.place, row.reason, row.unit, count, total, began, False))
            self._reported[index], self._since[index] = total, None
            self._next[index] = clock + self._interval
        return losses

    def unreported(self) -> list[int]:
        """What is missing and was not reported, in the order of ROWS; 0 for what is intended."""
        found = counts(self._stats)
        if found == self._reported:
            return [0] * len(ROWS)
        missing = zip(ROWS, found, self._reported)
        return [0 if row.intended else count - reported for row, count, reported in missing]


def of_the_run_before(unreported: Sequence[int], begun: float) -> list[Loss]:
    """What the sensor before could not report, in the order of ROWS; begun: when it did, in seconds since 1970."""
    pairs = [(row, count) for row, count in zip(ROWS, unreported) if count]
    return [Loss(row.place, row.reason, row.unit, count, count, date(begun), True) for row, count in pairs]


def date(seconds: float) -> str:
    """Seconds since 1970 as an RFC 3339 date in UTC, with milliseconds."""
    text = datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")

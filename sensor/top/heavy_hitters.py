"""The heaviest of very many: counts by name in bounded memory.

Space-Saving (Metwally, Agrawal, El Abbadi 2005), in batches: when there are twice as many
names as are kept, the lighter half goes, and its heaviest member sets the floor. A name
that comes later may have been among those that went, so it may have weighed as much as
the floor before: that is its doubt. Every name heavier than the floor is there.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One name: how often and how many bytes for sure, and how many bytes more at most."""

    name: str
    events: int
    bytes: int
    doubt: int


class HeavyHitters:
    """Counts.

    kept: so many names are there for sure; up to twice as many are in memory.
    total_events, total_bytes: of all names together.
    """

    def __init__(self, kept: int = 4096) -> None:
        self._kept = kept
        self._counts: dict[str, list[int]] = {}
        self._floor = 0
        self.total_events = 0
        self.total_bytes = 0

    def add(self, name: str, bytes: int) -> None:
        """Count one event of so many bytes."""
        self.total_events += 1
        self.total_bytes += bytes
        count = self._counts.get(name)
        if count is None:
            if len(self._counts) >= 2 * self._kept:
                self._halve()
            self._counts[name] = [1, bytes, self._floor]
        else:
            count[0] += 1
            count[1] += bytes

    def top(self, rows: int, by_events: bool = False) -> list[Entry]:
        """The heaviest, by bytes or by events; of two that weigh the same the first in the alphabet."""
        order = 0 if by_events else 1
        best = sorted(self._counts.items(), key=lambda item: (-item[1][order], item[0]))[:rows]
        return [Entry(name, *count) for name, count in best]

    def __len__(self) -> int:
        """How many names are known."""
        return len(self._counts)

    def _halve(self) -> None:
        ranked = sorted(self._counts.items(), key=lambda item: item[1][1] + item[1][2], reverse=True)
        _, events_bytes_doubt = ranked[self._kept]
        self._floor = events_bytes_doubt[1] + events_bytes_doubt[2]
        self._counts = dict(ranked[: self._kept])

"""Holes in the serials of audit events: what was numbered by the kernel and never arrived.

    audit(1700000000.123:4567)   4567 is the serial: 32 bits, one counter for each boot of each node, no number twice

Events arrive out of order, so a hole counts only when it has been there for the settle time. The counter rolls over,
which signed arithmetic takes care of (RFC 1982), and begins again with a boot, which is no loss.
"""

from __future__ import annotations

from collections import deque

SETTLE = 10.0
"""Seconds; an event that waits for its last record leaves before (`coalesce.timeout`)."""
_BITS = 32
_LARGEST_STEP = 1 << 24
"""A counter that moved further, forwards or backwards, has begun again."""
_MOST_HOLES = 1024
"""Holes of one node that wait to settle; more count at once."""


class SerialGaps:
    """The serials of one node. Times are in seconds, of any clock that does not go back."""

    def __init__(self, settle: float = SETTLE, most_holes: int = _MOST_HOLES) -> None:
        self.lost = 0
        """Serials that never came, up to the last `expire`."""
        self._settle = settle
        self._most_holes = most_holes
        self._newest: int | None = None
        self._holes: deque[_Hole] = deque()

    def see(self, serial: int, now: float) -> None:
        """Take the serial of an event that arrived."""
        newest = self._newest
        if newest is None:
            self._newest = serial
            return
        step = _difference(serial, newest)
        if step == 1 or abs(step) > _LARGEST_STEP:
            self._newest = serial
        elif step > 1:
            self._newest = serial
            self._holes.append(_Hole(newest + 1, step - 1, now))
            if len(self._holes) > self._most_holes:
                self.lost += self._holes.popleft().size
        elif step < 0:
            self._fill(serial)

    def expire(self, now: float) -> int:
        """Count the holes that have settled; returns how many serials they are."""
        before = self.lost
        while self._holes and now - self._holes[0].since >= self._settle:
            self.lost += self._holes.popleft().size
        return self.lost - before

    def _fill(self, serial: int) -> None:
        """A late event: no hole any more, or two smaller ones."""
        for index in range(len(self._holes) - 1, -1, -1):  # the newest hole is the likeliest
            hole = self._holes[index]
            place = _difference(serial, hole.first)
            if 0 <= place < hole.size:
                parts = [_Hole(hole.first, place, hole.since), _Hole(serial + 1, hole.size - place - 1, hole.since)]
                del self._holes[index]
                for part in reversed(parts):
                    if part.size:
                        self._holes.insert(index, part)
                return


class _Hole:
    """`size` serials from `first` on, which may roll over, missed at the time `since`."""

    __slots__ = ("first", "since", "size")

    def __init__(self, first: int, size: int, since: float) -> None:
        self.first = first & ((1 << _BITS) - 1)
        self.size = size
        self.since = since


def _difference(one: int, other: int) -> int:
    """one - other, the way round that is shorter."""
    half = 1 << (_BITS - 1)
    return ((one - other + half) & ((1 << _BITS) - 1)) - half

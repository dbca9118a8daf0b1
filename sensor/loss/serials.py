"""Holes in the serials of audit events: what was numbered by the kernel and never arrived.

    audit(1700000000.123:4567)   4567 is the serial: 32 bits, one counter for each boot of each node, no number twice

Events arrive out of order, so a hole counts only when it has been there for the settle time. The counter rolls over,
which signed arithmetic takes care of (RFC 1982), and begins again with a boot, which is no loss.
"""

from __future__ import annotations

from collections import deque

from sensor.audit.event import Event
from sensor.stats import LossStats

SETTLE = 10.0
"""Seconds; an event that waits for its last record leaves before (`coalesce.timeout`)."""
LATE = 3.0
"""Seconds after which an event that has not come is likely to be lost; few come later."""
_BITS = 32
_LARGEST_STEP = 1 << 24
"""A counter that moved further, forwards or backwards, has begun again."""
_MOST_HOLES = 1024
"""Holes of one node that wait to settle; more count at once."""
_MOST_NODES = 1024


class SerialGaps:
    """The serials of one node. Times are in seconds, of any clock that does not go back."""

    def __init__(self, settle: float = SETTLE, most_holes: int = _MOST_HOLES) -> None:
        self.lost = 0
        """Serials that never came, up to the last `expire`."""
        self._settle = settle
        self._most_holes = most_holes
        self._reported = 0
        self.newest: int | None = None
        """The serial up to which all have come, or are holes."""
        self._holes: deque[_Hole] = deque()

    def see(self, serial: int, now: float) -> None:
        """Take the serial of an event that arrived."""
        newest = self.newest
        if newest is None:
            self.newest = serial
            return
        step = _difference(serial, newest)
        if step == 1 or abs(step) > _LARGEST_STEP:
            self.newest = serial
        elif step > 1:
            self.newest = serial
            self._holes.append(_Hole(newest + 1, step - 1, now))
            if len(self._holes) > self._most_holes:
                self.lost += self._holes.popleft().size
        elif step < 0:
            self._fill(serial)

    def expire(self, now: float) -> int:
        """Count the holes that have settled; returns how many serials were lost since it was last called."""
        while self._holes and now - self._holes[0].since >= self._settle:
            self.lost += self._holes.popleft().size
        new, self._reported = self.lost - self._reported, self.lost
        return new

    def missing(self, since: float) -> int:
        """How many never came, or were missed by then and have not come so far."""
        return self.lost + sum([hole.size for hole in self._holes if hole.since <= since])

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


class Serials:
    """The serials of all nodes: sees every event, in the place of the first stage. Of a few nodes more, none is kept.

    auditd numbers its own records (DAEMON_START and the like) by a counter of its own.
    """

    def __init__(self, stats: LossStats, settle: float = SETTLE, most_nodes: int = _MOST_NODES) -> None:
        self._stats = stats
        self._settle = settle
        self._most_nodes = most_nodes
        self._nodes: dict[str, SerialGaps] = {}
        self._now = 0.0

    def stage(self, event: Event) -> None:
        """See the serial of an event."""
        if event.syscall is None and next(iter(event.records), "").startswith("DAEMON_"):
            return
        gaps = self._nodes.get(event.node) or self._new(event.node)
        if gaps is None:
            return
        try:
            serial = int(event.id[event.id.rfind(":") + 1 :])
        except ValueError:
            return
        if serial - 1 == gaps.newest:  # nearly always, and a third of the time of `see`
            gaps.newest = serial
        else:
            gaps.see(serial, self._now)

    def _new(self, node: str) -> SerialGaps | None:
        if len(self._nodes) >= self._most_nodes:
            return None
        gaps = self._nodes[node] = SerialGaps(self._settle)
        return gaps

    def missing(self) -> int:
        """How many have not come so far; those that come a little late, as records without an end do, are not meant."""
        return sum([gaps.missing(self._now - LATE) for gaps in self._nodes.values()])

    def every_second(self, now: float) -> None:
        """Let time pass, and count the holes that have settled; all of them at the end, when `now` is infinite."""
        self._now = max(self._now, now)
        for gaps in self._nodes.values():
            self._stats.missing_serials += gaps.expire(self._now)

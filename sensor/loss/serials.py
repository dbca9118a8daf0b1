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
        self.missed = 0
        """Serials between those of the sensor before and the first of this one, up to the last `expire`."""
        self._continued: int | None = None
        self._settle = settle
        self._most_holes = most_holes
        self._reported = 0
        self.newest: int | None = None
        """The serial up to which all have come, or are holes."""
        self._holes: deque[_Hole] = deque()

    def continue_from(self, serial: int) -> None:
        """Go on behind the last serial that the sensor before has seen."""
        self.newest = self._continued = serial

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
            self._holes.append(_Hole(newest + 1, step - 1, now, newest == self._continued))
            if len(self._holes) > self._most_holes:
                self._count(self._holes.popleft())
        elif step < 0:
            self._fill(serial)

    def expire(self, now: float) -> int:
        """Count the holes that have settled; returns how many serials were lost since it was last called."""
        while self._holes and now - self._holes[0].since >= self._settle:
            self._count(self._holes.popleft())
        new, self._reported = self.lost - self._reported, self.lost
        return new

    def missing(self, since: float) -> int:
        """How many never came, or were missed by then and have not come so far."""
        return self.lost + sum([hole.size for hole in self._holes if hole.since <= since])

    def open(self) -> int:
        """How many may still come."""
        return sum([hole.size for hole in self._holes])

    def _count(self, hole: _Hole) -> None:
        if hole.between_runs:
            self.missed += hole.size
        else:
            self.lost += hole.size

    def _fill(self, serial: int) -> None:
        """A late event: no hole any more, or two smaller ones."""
        for index in range(len(self._holes) - 1, -1, -1):  # the newest hole is the likeliest
            hole = self._holes[index]
            place = _difference(serial, hole.first)
            if 0 <= place < hole.size:
                before, behind = (hole.first, place), (serial + 1, hole.size - place - 1)
                parts = [_Hole(first, size, hole.since, hole.between_runs) for first, size in (before, behind)]
                del self._holes[index]
                for part in reversed(parts):
                    if part.size:
                        self._holes.insert(index, part)
                return


class _Hole:
    """`size` serials from `first` on, which may roll over, missed at the time `since`.

    between_runs: they are those between the sensor before and this one.
    """

    __slots__ = ("between_runs", "first", "since", "size")

    def __init__(self, first: int, size: int, since: float, between_runs: bool = False) -> None:
        self.between_runs = between_runs
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
    own: names of this host, as a node; without one an event is its own, too.
    """

    def __init__(
        self,
        stats: LossStats,
        settle: float = SETTLE,
        most_nodes: int = _MOST_NODES,
        own: frozenset[str] = frozenset(),
    ) -> None:
        self._stats = stats
        self._own = {"", *own}
        self._settle = settle
        self._most_nodes = most_nodes
        self._nodes: dict[str, SerialGaps] = {}
        self._now = 0.0
        self._before: tuple[int, str] | None = None  # the last serial of the sensor before, and how that ended
        self._continued: SerialGaps | None = None
        self._counted = 0

    def continue_from(self, serial: int, end: str) -> None:
        """Count what was missed since the sensor before; serial: the last one it had seen; end: a key of `missed`."""
        self._before = serial, end

    def of_this_host(self) -> SerialGaps | None:
        """The serials of this host; None before its first event."""
        return next((gaps for node, gaps in self._nodes.items() if node in self._own), None)

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
        if self._before is not None and self._continued is None and node in self._own:
            gaps.continue_from(self._before[0])
            self._continued = gaps
        return gaps

    def missing(self) -> int:
        """How many have not come so far; those that come a little late, as records without an end do, are not meant."""
        return sum([gaps.missing(self._now - LATE) for gaps in self._nodes.values()])

    def every_second(self, now: float) -> None:
        """Let time pass, and count the holes that have settled; all of them at the end, when `now` is infinite."""
        self._now = max(self._now, now)
        for gaps in self._nodes.values():
            self._stats.missing_serials += gaps.expire(self._now)
        if self._before is not None and self._continued is not None:
            self._stats.missed[self._before[1]] += self._continued.missed - self._counted
            self._counted = self._continued.missed

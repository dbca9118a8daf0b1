"""Records to events: which belong together, and when an event is complete.

    type=SYSCALL msg=audit(1700000000.001:7): …      ┐
    type=CWD msg=audit(1700000000.001:7): …          │ one event: same node, time and serial
    type=PROCTITLE msg=audit(1700000000.001:7): …    │ no kernel record comes after this one
    type=EOE msg=audit(1700000000.001:7):            ┘ the end

An event is complete at its EOE. A type after which nothing but EOE is expected
(PROCTITLE), or which can stand alone (user space, see sensor.audit.types), completes it
a moment later even without one: such a record may still share its id with the kernel's
records of the same system call. Everything else waits for `timeout`. Time is an
argument, in monotonic seconds, so that a stepped wall clock ends nothing.
"""

from __future__ import annotations

from typing import Final

from sensor.audit.framing import line_of
from sensor.audit.header import Line
from sensor.audit.options import CoalesceOptions
from sensor.audit.types import USER, RecordType
from sensor.stats import PipelineStats

_REMEMBERED: Final = 4096
_RECORD_OVERHEAD: Final = 256
"""Bytes that a waiting record takes beside its text, at most: a str, its place in a list, one type's list and key."""
_LEAST: Final = 32
"""Characters of a line: `type=X msg=audit(1700000000.001:7): `."""


class Pending:
    """An event that is still being gathered.

    bodies: type name → the bodies of its records, in order of arrival.
    """

    __slots__ = ("bodies", "count", "deadline", "ended", "id", "node", "notes", "size")

    def __init__(self, node: str, id: str, deadline: float) -> None:
        self.node = node
        self.id = id
        self.deadline = deadline
        self.bodies: dict[str, list[str]] = {}
        self.notes: list[str] = []
        self.ended = False
        self.count = 0
        self.size = 0

    def note(self, note: str) -> None:
        """Note something about the event, once."""
        if note not in self.notes:
            self.notes.append(note)

    def lines(self) -> list[str]:
        """Its records as lines of audit text, by type."""
        bodies = [(name, body) for name, bodies in self.bodies.items() for body in bodies]
        return [line_of(self.node, name, self.id, body) for name, body in bodies]


class Coalescer:
    """Gathers records by event; bounded in events, in records and bytes of each, and in the memory of all."""

    def __init__(self, options: CoalesceOptions, stats: PipelineStats) -> None:
        self._options = options
        self._max_events: int = options.max_events
        self._stats = stats
        self._pending: dict[str, Pending] = {}
        self._recent: set[str] = set()
        self._older: set[str] = set()
        self._highest = ""  # no key in the two is higher
        self._highest_recent = ""  # nor in the first
        self._size = 0  # of all that wait

    def continue_from(self, other: Coalescer) -> None:
        """Take over the events that another one gathers; they leave when they would have left there, at the latest."""
        self._pending, self._size = other._pending, other._size
        self._recent, self._older = other._recent, other._older
        self._highest, self._highest_recent = other._highest, other._highest_recent

    def claim(self, key: str) -> bool:
        """Note that a whole event leaves another way; False if it must come this way.

        That is when records of it were seen before, or when there is no room: then an older one leaves first.
        """
        pending = self._pending
        if pending and (key in pending or len(pending) >= self._max_events):
            return False
        if key <= self._highest:  # ids mostly rise; where they do not, it takes 0.2 µs to know that it has not left
            if key in self._recent or key in self._older:
                return False
            self.remember(key)
        else:
            self._recent.add(key)
            self._highest = self._highest_recent = key
            if len(self._recent) >= _REMEMBERED:
                self._turn_over()
        return True

    def has_room(self, events: int, size: int) -> bool:
        """Whether so many events and so many characters of records could wait at a time, and none would have to leave.

        size: of the lines, of which none has fewer characters than _LEAST.
        """
        taken = self._size + size + size // _LEAST * _RECORD_OVERHEAD
        return len(self._pending) + events <= self._max_events and taken <= self._options.max_waiting_bytes

    def remember(self, key: str) -> None:
        """Note that an event has left."""
        self._recent.add(key)
        if key > self._highest:
            self._highest = self._highest_recent = key
        elif key > self._highest_recent:
            self._highest_recent = key
        if len(self._recent) >= _REMEMBERED:
            self._turn_over()

    def _turn_over(self) -> None:
        self._older, self._recent = self._recent, set()
        self._highest, self._highest_recent = self._highest_recent, ""

    def add(self, line: Line, type: RecordType, cut: bool, now: float) -> list[Pending]:
        """Take one record, cut short or not; return the events that leave because of it."""
        if type.alone:
            alone = Pending(line.node, line.id, now)
            alone.bodies[type.name] = [line.body]
            if cut:
                alone.note("truncated_line")
            self._stats.records += 1
            return [alone]
        key = event_key(line.node, line.id)
        left: list[Pending] = []
        event = self._pending.get(key)
        if event is not None and type.shape == USER and type.name in event.bodies:
            if line.body in event.bodies[type.name]:
                self._stats.duplicates += 1
                return left
            left.append(self._leave(key))
            event = None
        if event is None:
            event, evicted = self._open(line, key, now)
            left += evicted
        if type.ends and not event.ended:
            event.ended = True
            event.deadline = now + self._options.settle
        elif not type.ends and event.ended and "PROCTITLE" not in event.bodies:
            event.ended = False
            event.deadline = now + self._options.timeout
        if cut:
            event.note("truncated_line")
        self._store(event, type.name, line.body)
        while self._size > self._options.max_waiting_bytes and len(self._pending) > 1:
            left.append(self._evict("waiting_bytes"))
        return left

    def end(self, node: str, id: str) -> Pending | None:
        """Take an EOE; return the event it completes."""
        key = event_key(node, id)
        return self._leave(key) if key in self._pending else None

    def expire(self, now: float) -> list[Pending]:
        """Return the events whose time is up, oldest first."""
        overdue = [key for key, event in self._pending.items() if event.deadline <= now]
        return [self._expired(key) for key in overdue]

    def drain(self) -> list[Pending]:
        """Return all events, oldest first."""
        return [self._leave(key) for key in list(self._pending)]

    def _open(self, line: Line, key: str, now: float) -> tuple[Pending, list[Pending]]:
        evicted: list[Pending] = []
        while len(self._pending) >= self._options.max_events:
            evicted.append(self._evict("events"))
        event = Pending(line.node, line.id, now + self._options.timeout)
        if key in self._recent or key in self._older:
            event.note("late")
        self._pending[key] = event
        self._stats.inflight = len(self._pending)
        return event, evicted

    def _evict(self, bound: str) -> Pending:
        """Let the oldest go before its time."""
        oldest = self._leave(next(iter(self._pending)))
        if not oldest.ended:
            oldest.note("evicted")
            self._count(self._stats.truncated, bound)
        return oldest

    def _store(self, event: Pending, name: str, body: str) -> None:
        stats = self._stats
        if event.count >= self._options.max_records:
            event.note("truncated_records")
            self._count(stats.truncated, "records")
        elif event.size + len(body) > self._options.max_event_bytes:
            event.note("truncated_bytes")
            self._count(stats.truncated, "bytes")
        else:
            event.bodies.setdefault(name, []).append(body)
            event.count += 1
            event.size += len(body)
            self._size += len(body) + _RECORD_OVERHEAD
            stats.records += 1
            stats.late += "late" in event.notes

    def _expired(self, key: str) -> Pending:
        event = self._leave(key)
        if not event.ended:
            self._stats.expired += 1
            if "SYSCALL" in event.bodies:
                event.note("timeout")
        return event

    def _leave(self, key: str) -> Pending:
        event = self._pending.pop(key)
        self._size -= event.size + event.count * _RECORD_OVERHEAD
        self._stats.inflight = len(self._pending)
        self.remember(key)
        return event

    @staticmethod
    def _count(counter: dict[str, int], reason: str) -> None:
        counter[reason] = counter.get(reason, 0) + 1


def event_key(node: str, id: str) -> str:
    """What distinguishes one event from another."""
    return f"{node} {id}" if node else id

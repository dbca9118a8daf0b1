"""How much of what a rule matches goes through: so many in a time, or each act once in a time.

    rate=100/s  rate=10/5min     in each second, in each five minutes, the first so many
    repeat=60s                   of events that tell the same act, the first in a minute

Time is that of the events. What was held back is told by the next event that goes
through, or once it is clear that there will be none. Memory is bounded: of very many
different acts the oldest are forgotten, but not what was held back of them.
"""

from __future__ import annotations

import re
from typing import Protocol

from sensor.event import Event

_RATE = re.compile(r"([1-9][0-9]{0,8})/(?:([0-9]{1,6})?(ms|s|min|h|d)|([0-9]{1,6}))")
_TIME = re.compile(r"([0-9]{1,6})(ms|s|min|h|d|)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
_MOST_ACTS = 4096
_LATE = 5.0
"""Seconds that events may be behind the clock."""
_PID = re.compile(r"\bpid=[0-9]+")


class Limit(Protocol):
    """Lets some events through."""

    def passes(self, event: Event) -> int | None:
        """None to hold an event back; else how many were held back before it."""

    def overdue(self, now: float) -> int:
        """How many were held back in times that are over by now, in seconds since 1970; they count as told."""


class Rate:
    """So many events in each stretch of time."""

    def __init__(self, text: str) -> None:
        found = _RATE.fullmatch(text)
        if found is None:
            raise ValueError(f'expected a rate such as 100/s or 10/5min, found "{text}"')
        count, times, unit, seconds = found.groups()
        self._most = int(count)
        self._seconds = float(seconds) if seconds else int(times or 1) * _SECONDS[unit]
        self._start = float("-inf")
        self._passed = 0
        self._held = 0

    def passes(self, event: Event) -> int | None:
        """None to hold an event back; else how many were held back before it."""
        now = _time(event)
        if not self._start <= now < self._start + self._seconds:
            self._start, self._passed = now, 0
        if self._passed >= self._most:
            self._held += 1
            return None
        self._passed += 1
        held, self._held = self._held, 0
        return held

    def overdue(self, now: float) -> int:
        """How many were held back in a time that is over by now, in seconds since 1970; they count as told."""
        if now < self._start + self._seconds + _LATE:
            return 0
        held, self._held = self._held, 0
        return held


class Repeat:
    """The same act once in a stretch of time."""

    def __init__(self, text: str) -> None:
        found = _TIME.fullmatch(text)
        if found is None or not int(found.group(1)):
            raise ValueError(f'expected a time such as 60s, found "{text}"')
        self._seconds = int(found.group(1)) * _SECONDS[found.group(2)]
        self._acts: dict[int, tuple[float, int]] = {}
        self._forgotten = 0

    def passes(self, event: Event) -> int | None:
        """None to hold an event back; else how many were held back before it."""
        now = _time(event)
        act = hash(_act(event))
        start, held = self._acts.pop(act, (float("-inf"), 0))
        if start <= now < start + self._seconds:
            self._acts[act] = start, held + 1
            return None
        if len(self._acts) >= _MOST_ACTS:
            self._forgotten += self._acts.pop(next(iter(self._acts)))[1]
        self._acts[act] = now, 0
        return held

    def overdue(self, now: float) -> int:
        """How many were held back in times that are over by now, in seconds since 1970; they count as told."""
        latest = now - self._seconds - _LATE
        over = [act for act, (start, held) in self._acts.items() if held and start <= latest]
        held = self._forgotten + sum([self._acts.pop(act)[1] for act in over])
        self._forgotten = 0
        return held


def _time(event: Event) -> float:
    return float(event.id.partition(":")[0])


def _act(event: Event) -> tuple[object, ...]:
    """What an event tells, without what differs between two that tell the same."""
    syscall = event.syscall
    if syscall is None:
        return tuple([_PID.sub("", record.body) for group in event.records.values() for record in group])
    names = [record.fields.get("name") for record in event.records.get("PATH", ())]
    bodies = [record.body for kind in ("EXECVE", "SOCKADDR") for record in event.records.get(kind, ())]
    return syscall.head.arch, syscall.head.number, syscall.rest.body, syscall.success, *map(str, names), *bodies

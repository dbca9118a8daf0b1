"""Who had which pid, from when to when: the processes that live, and those that ended recently.

    42 → third ──before─→ second ──before─→ first         third has the pid now; the others are dead
            ←──after──          ←──after──

A pid is another process's only after the end of the one that had it, so the lives follow one another in time.
"""

from __future__ import annotations

import math
from collections import deque
from itertools import islice

from sensor.process import choice
from sensor.process.choice import Observation
from sensor.process.clock import LONGEST_LAG, BootClock
from sensor.process.program import Key, Process

_EDGE = 0.002
"""Seconds that times gain and lose by being written with three digits."""
_OLDEST = 64
"""Processes that are looked up at a time: a dictionary passes over all that were removed before its first entry."""


class Lives:
    """The processes of one host and boot. Times are seconds since boot.

    limit: processes kept, dead ones as well as pids; beyond it the longest dead goes, or if all live, the one known
        longest.
    evicted: how many of the living had to go.
    """

    def __init__(self, clock: BootClock, limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._dead: deque[Process] = deque()
        self._oldest: deque[Process] = deque()  # of those in `current`, when it was looked up
        self._forgotten = -math.inf  # until then there were processes that are not remembered
        self.current: dict[int, Process] = {}
        self.evicted = 0

    def all(self) -> list[Process]:
        """All that are remembered; one that has its pid still and is dead is there twice."""
        return [*self.current.values(), *self._dead]

    def all_known(self, time: float) -> bool:
        """Return whether none of those that were added is forgotten that lived at a time."""
        return time > self._forgotten

    def at(
        self, pid: int, time: float, observation: Observation | None = None, complete: bool = False
    ) -> Process | None:
        """The process that had the pid at the time of an event, if it is known.

        complete: all that lived then are known, but for those that are forgotten.
        """
        process = choice.at_time(self.current.get(pid), time, observation)
        if process is None or process.program.started <= time or choice.may_have_begun(process, time):
            return process
        # It was born long after the event: only if no other process can have made the event it.
        return process if complete and self.all_known(time) else None

    def by_key(self, pid: int, key: Key) -> Process | None:
        """The process that had the pid and has that key."""
        process = self.current.get(pid)
        while process is not None and process.program.key != key:
            process = process.before
        return process

    def add(self, process: Process) -> None:
        """Insert a process among those with its pid, by start; the one that had the pid before it has ended by then."""
        pid, began = process.pid, process.program.started or process.seen
        later = self.current.get(pid)
        if later is not None and later.program.started > began:
            self._put_before(process, later)
            return
        before = self.current.pop(pid, None)
        if before is not None:
            process.before, before.after = before, process
            self.end(before, began)
            if before.ended is not None and before.ended > began:  # it was noticed late
                before.ended = began
                self.bound(before)
        elif len(self.current) >= self._limit:
            self._make_room()
        self.current[pid] = process
        self.bound(process)

    def end(self, process: Process, time: float) -> None:
        """A process has ended, if that is not known yet."""
        if process.ended is None:
            process.ended = time
            self._bound_end(process, time)
            self._dead.append(process)
            if len(self._dead) > self._limit:
                self._forget(self._dead.popleft())

    def forget_dead(self, time: float) -> None:
        """Forget those that had ended by a time."""
        while self._dead and (self._dead[0].ended or 0.0) < time:
            self._forget(self._dead.popleft())

    def bound(self, process: Process) -> None:
        """Find out from when to when, by any clock that events may be stamped with, the pid meant this process only."""
        self._bound_begin(process)
        if process.ended is not None:
            self._bound_end(process, process.ended)

    def _bound_end(self, process: Process, ended: float) -> None:
        process.until = format(self._clock.earliest + ended - _EDGE, ".3f")

    def _bound_begin(self, process: Process) -> None:
        before, begin = process.before, -math.inf
        if process.program.key is not None:
            begin = process.program.started - LONGEST_LAG
        if before is not None and before.ended is not None:
            begin = max(begin, before.ended + _EDGE)
        process.since = format(self._clock.latest + begin, ".3f") if begin > -math.inf else ""

    def _put_before(self, process: Process, later: Process) -> None:
        """Take in a process that had its pid before one that is known already."""
        while later.before is not None and later.before.program.started > (process.program.started or process.seen):
            later = later.before
        process.after, process.before = later, later.before
        if later.before is not None:
            later.before.after = process
        later.before = process
        self.end(process, later.program.started)
        self.bound(later)

    def _make_room(self) -> None:
        """Forget the process that ended first; if all are alive, the one that has been known longest."""
        if self._dead:
            self._forget(self._dead.popleft())
        else:
            self._forget(self._known_longest())
            self.evicted += 1

    def _known_longest(self) -> Process:
        while True:
            while self._oldest:
                process = self._oldest.popleft()
                if self.current.get(process.pid) is process:
                    return process
            self._oldest.extend(islice(self.current.values(), _OLDEST))

    def _forget(self, process: Process) -> None:
        self._forgotten = max(self._forgotten, math.inf if process.ended is None else process.ended)
        process.unresolved_parents = None
        if process.after is not None:
            process.after.before = None
            process.after = None  # else who still has this one keeps all that have the pid from now on
        elif self.current.get(process.pid) is process:
            del self.current[process.pid]

"""How much of what a rule matches goes through: so many in a time, or each act once in a time.

    rate=100/s  rate=10/5min     in each second, in each five minutes, the first so many of each process
    rate=100/s per=user          the first so many of each user: login uid and uid; per=rule: of all that match
    repeat=60s                   of events about the same act, the first in a minute

Time is that of the events. What was held back is shown by the next event that goes
through, or once it is clear that there will be none. Memory is bounded: of very many
different acts, processes or users the oldest are forgotten, but not what was held back of
them; so a flood does not take the share of others.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Callable, Protocol

from sensor.audit.event import Event
from sensor.audit.paths import names_are_known
from sensor.tables import syscalls
from sensor.tables.arguments import arguments

_RATE = re.compile(r"([1-9][0-9]{0,8})/(?:([0-9]{1,6})?(ms|s|min|h|d)|([0-9]{1,6}))")
_TIME = re.compile(r"([0-9]{1,6})(ms|s|min|h|d|)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
_MOST_ACTS = 4096
_MOST_BUDGETS = 4096
PER = ("process", "user", "rule")
_LATE = 5.0
"""Seconds that events may be behind the clock."""
_PID = re.compile(r"\bpid=[0-9]+")
_APART = frozenset({"SYSCALL", "PATH", "CWD"})
"""Records of which _act takes only parts."""
_VARYING = frozenset({"-", "fd", "long"})


class Limit(Protocol):
    """Lets some events through."""

    def passes(self, event: Event) -> int | None:
        """None to hold an event back; else how many were held back before it."""

    def overdue(self, now: float) -> int:
        """How many were held back in times that are over by now, in seconds since 1970; they count as reported."""


class Rate:
    """So many events in each stretch of time.

    per: whose are counted together, one of PER; budgets: of how many of these at once.
    """

    def __init__(self, text: str, per: str = "process", budgets: int = _MOST_BUDGETS) -> None:
        found = _RATE.fullmatch(text)
        if found is None:
            raise ValueError(f'expected a rate such as 100/s or 10/5min, found "{text}"')
        count, times, unit, seconds = found.groups()
        self._most = int(count)
        self._seconds = float(seconds) if seconds else int(times or 1) * _SECONDS[unit]
        self._who = _WHO[per]
        self._most_budgets = budgets
        self._budgets: dict[object, tuple[float, int, int]] = {}
        self._forgotten = 0

    def passes(self, event: Event) -> int | None:
        """None to hold an event back; else how many were held back before it."""
        now = event.time
        who = self._who(event)
        start, passed, held = self._budgets.pop(who, (float("-inf"), 0, 0))
        if not start <= now < start + self._seconds:
            start, passed = now, 0
        if passed >= self._most:
            self._budgets[who] = start, passed, held + 1
            return None
        if len(self._budgets) >= self._most_budgets:
            self._forgotten += self._budgets.pop(next(iter(self._budgets)))[2]
        self._budgets[who] = start, passed + 1, 0
        return held

    def overdue(self, now: float) -> int:
        """How many were held back in times that are over by now, in seconds since 1970; they count as reported."""
        latest = now - self._seconds - _LATE
        over = [who for who, (start, _, held) in self._budgets.items() if held and start <= latest]
        held = self._forgotten + sum([self._budgets.pop(who)[2] for who in over])
        self._forgotten = 0
        return held


class Repeat:
    """The same act once in a stretch of time.

    acts: of how many it is remembered that they were seen.
    """

    def __init__(self, text: str, acts: int = _MOST_ACTS) -> None:
        found = _TIME.fullmatch(text)
        if found is None or not int(found.group(1)):
            raise ValueError(f'expected a time such as 60s, found "{text}"')
        self._seconds = int(found.group(1)) * _SECONDS[found.group(2)]
        self._most_acts = acts
        self._acts: dict[int, tuple[float, int]] = {}
        self._forgotten = 0

    def passes(self, event: Event) -> int | None:
        """None to hold an event back; else how many were held back before it."""
        now = event.time
        act = hash(_act(event))
        start, held = self._acts.pop(act, (float("-inf"), 0))
        if start <= now < start + self._seconds:
            self._acts[act] = start, held + 1
            return None
        if len(self._acts) >= self._most_acts:
            self._forgotten += self._acts.pop(next(iter(self._acts)))[1]
        self._acts[act] = now, 0
        return held

    def overdue(self, now: float) -> int:
        """How many were held back in times that are over by now, in seconds since 1970; they count as reported."""
        latest = now - self._seconds - _LATE
        over = [act for act, (start, held) in self._acts.items() if held and start <= latest]
        held = self._forgotten + sum([self._acts.pop(act)[1] for act in over])
        self._forgotten = 0
        return held


def _process(event: Event) -> object:
    """The process that made the call, or sent the message; while its start is unknown, its pid."""
    process = event.process
    if process is not None:
        return event.node, process.pid, process.program.key
    return event.node, event.syscall.pid if event.syscall is not None else event.subject.get("pid")


def _user(event: Event) -> object:
    fields = event.subject
    return event.node, fields.get("auid"), fields.get("uid")


_WHO: dict[str, Callable[[Event], object]] = {"process": _process, "user": _user, "rule": lambda event: None}


def _act(event: Event) -> tuple[object, ...]:
    """What an event is about, without what differs between two about the same act: pids, addresses, inodes, time."""
    syscall = event.syscall
    bodies = [
        _PID.sub("", record.body) for kind, group in event.records.items() if kind not in _APART for record in group
    ]
    files = [record.fields for record in event.records.get("PATH", ())]
    names = [fields.get("name") for fields in files]
    if not all(isinstance(name, str) and name[:1] == "/" for name in names):
        bodies += [record.body for record in event.records.get("CWD", ())]
    if not names_are_known(event):
        names += [fields.get(key) for fields in files for key in ("dev", "inode")]
    what = (*bodies, *map(str, names))
    if syscall is None:
        return what
    head = syscall.head
    args = [syscall.args[position] for position in _significant(head.arch, head.number)]
    return head.arch, head.number, syscall.rest.body, syscall.success, *args, *what


@lru_cache(512)
def _significant(arch: int, number: int) -> tuple[int, ...]:
    """Which arguments of a call decide what it does: flags, modes, ids; no addresses, descriptors or sizes."""
    forms = [entry.rpartition(":")[2] for entry in arguments(syscalls.name(arch, number) or "", arch)]
    return tuple([position for position, form in enumerate(forms) if form not in _VARYING])

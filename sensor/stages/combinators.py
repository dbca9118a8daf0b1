"""Stages that stand for others, so that these need not be asked on every event.

    "SYSCALL":{…,"PID":{…},"PPID":{…},"SPAWNED_BY":{…},"SESSION_GUID":"…","CMDLINE":[…],"UID_GROUPS":[…],"LABELS":[…]}

Who acts depends on the process and on the part of the SYSCALL record that repeats, and is the
same on the next event. So the stages that add it see one event for each two of these, and
what they added to that one is added to the others, as one object. A stage sets
`Event.provisional` when what it adds will not be true for long: then nothing is remembered yet.
"""

from __future__ import annotations

from collections.abc import Sequence

from sensor.audit.event import Addition, Event, Stage, run_all
from sensor.audit.syscall import Rest, Syscall
from sensor.cache import BoundedDict

LIFE = 60.0
"""Seconds after which everything is worked out anew, for what changes without a sign, such as the groups of a user."""
_ENTRIES = 2048


class ExecOnly:
    """Stands for enrichments that have to do with execs only."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = tuple(stages)

    def stage(self, event: Event) -> None:
        """Let them see the event if it is an exec."""
        if event.template.has_execve:
            run_all(self.stages, event)


class Memo:
    """Version of a process, and the rest of a SYSCALL record → what is added to such events.

    A process has another version after every change, so what is remembered of it before is never found again.
    joined: parts → what is made of them, which is often the same whatever the rest: then it is written once.
    version, rest, last: what was found last, for three events in four are of the same process as the one before.
    """

    def __init__(self, entries: int = _ENTRIES) -> None:
        self.version = 0
        self.rest: Rest | None = None
        self.last = Addition()
        self.known: BoundedDict[tuple[int, Rest], Addition] = BoundedDict(entries)
        self.joined: BoundedDict[tuple[Addition, ...], Addition] = BoundedDict(entries)

    def forget(self) -> None:
        """Let everything be worked out anew."""
        self.rest = None
        self.known.clear()
        self.joined.clear()


class Memoized:
    """Stands for enrichments that describe who acts, by the process and the rest of its SYSCALL record."""

    def __init__(self, memo: Memo, stages: Sequence[Stage] = ()) -> None:
        self.stages = tuple(stages)
        self._memo = memo
        self._known = memo.known
        self._since = 0.0

    def stage(self, event: Event) -> None:
        """Add what they add."""
        process, syscall = event.process, event.syscall
        if process is None or syscall is None:
            self._ask(event)
            return
        memo, version, rest = self._memo, process.version, syscall.rest
        if memo.rest is not rest or memo.version != version:
            known = self._known.get((version, rest))
            if known is None:
                self._learn(event, version, syscall)
                return
            memo.version, memo.rest, memo.last = version, rest, known
        if memo.last.parts:
            event.additions.append(memo.last)

    def every_second(self, now: float) -> None:
        """Forget it all now and then; now in seconds since 1970."""
        if not self._since <= now < self._since + LIFE:
            self._since = now
            self._memo.forget()

    def _ask(self, event: Event) -> None:
        run_all(self.stages, event)

    def _learn(self, event: Event, version: int, syscall: Syscall) -> None:
        before, event.additions = event.additions, []
        try:
            self._ask(event)
        finally:
            added = self._join(tuple(event.additions))
            event.additions = [*before, added]
        if not event.provisional and syscall.usual:
            self._known.keep((version, syscall.rest), added)

    def _join(self, parts: tuple[Addition, ...]) -> Addition:
        joined = self._memo.joined.get(parts)
        return self._memo.joined.keep(parts, Addition(parts=parts)) if joined is None else joined

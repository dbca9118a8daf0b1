"""Stages that stand for others, so that these need not be asked on every event.

    "SYSCALL":{…,"PID":{…},"PPID":{…},"SPAWNED_BY":{…},"SESSION_GUID":"…","CMDLINE":[…],"UID_GROUPS":[…],"LABELS":[…]}

Who acts hangs on the process and on the part of the SYSCALL record that repeats, and is the
same on the next event. So the stages that say it see one event for each two of these, and
what they added to that one is added to the others. A stage sets `Event.passing` when what it
says will not be true for long: then nothing is remembered yet.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from sensor.event import Event, Stage, run_all
from sensor.process.program import Process

LIFE = 60.0
"""Seconds after which everything is said anew, for what changes without a sign, such as the groups of a user."""
_MOST_PROCESSES = 1024
_MOST_SAYINGS = 8


class OnExecs:
    """Stands for stages that have to do with execs only, and drop nothing."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = tuple(stages)

    def stage(self, event: Event) -> bool:
        """Let them see the event if it is an exec; drops nothing."""
        if "EXECVE" in event.records:
            run_all(self.stages, event)
        return True


class Remembered:
    """Stands for stages that say who acts.

    stages: add to the SYSCALL record, and to the top level; they drop nothing.
    """

    def __init__(self, stages: Sequence[Stage] = ()) -> None:
        self.stages = tuple(stages)
        self._processes: deque[Process] = deque()
        self._since = 0.0

    def stage(self, event: Event) -> bool:
        """Add what they say; drops nothing."""
        process: Process | None = event.process
        if process is None:
            return self._ask(event)
        syscall = event.syscall
        said = process.said.get(syscall.rest) if process.said is not None else None
        if said is None:
            return self._learn(process, event)
        syscall.extra += said[0]
        event.top += said[1]
        return True

    def every_second(self, now: float) -> None:
        """Forget it all now and then; now in seconds since 1970."""
        if not self._since <= now < self._since + LIFE:
            self._since = now
            self.forget()

    def forget(self) -> None:
        """Say everything anew."""
        while self._processes:
            self._processes.popleft().said = None

    def _ask(self, event: Event) -> bool:
        run_all(self.stages, event)
        return True

    def _learn(self, process: Process, event: Event) -> bool:
        syscall = event.syscall
        extra, top = len(syscall.extra), len(event.top)
        self._ask(event)
        if event.passing or not syscall.usual:
            return True
        if process.said is None:
            if len(self._processes) >= _MOST_PROCESSES:
                self._processes.popleft().said = None
            process.said = {}
            self._processes.append(process)
        elif len(process.said) >= _MOST_SAYINGS:
            process.said.clear()
        process.said[syscall.rest] = syscall.extra[extra:], event.top[top:]
        return True

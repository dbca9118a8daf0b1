"""Which processes have ended, where no probe reports it.

    an event of a process not known yet ──► no process has its pid (any more): ended, by the next look
    about once a second, a twentieth of all ──► gone from /proc, or the pid used again: ended

A process that had ended before its first event was read is not looked for again: with 300 short programs a second that
is nearly every one, and each look at /proc costs as much as three questions whether there is a process (getpgid(2)).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator

from sensor.process.lives import Lives
from sensor.process.looks import Open
from sensor.process.procfs import ProcFS, Stat
from sensor.process.program import Process

_CHECKED = 40
"""Processes looked at in a sweep, at least; all are within 20 sweeps. Each takes 9 to 15 µs, every second."""
_CHECKED_BESIDE_PROBE = 10
"""The same where the probe reports all ends, or what it has lost of them afterwards."""

_TOGETHER = 64
"""Processes of one look, whose way to a thread and back takes as long as five looks."""


class Ends:
    """Notices them; limit: as many are remembered until the next look. Times are seconds since boot."""

    def __init__(self, proc: ProcFS, lives: Lives, limit: int) -> None:
        self._proc = proc
        self._lives = lives
        self._asks_kernel = proc.has_own_pids
        self._gone: deque[int] = deque(maxlen=limit)
        self._sweeping: Iterator[int] = iter(())

    def is_gone(self, pid: int) -> bool:
        """Return whether it is certain that no process has a pid; one that is known by it has ended by the next look.

        Asked in a third of the time that /proc takes, where its pids are those that this process knows.
        """
        if not self._asks_kernel:
            return False
        try:
            os.getpgid(pid)
        except (ProcessLookupError, OverflowError):  # records may have larger numbers than a pid_t holds
            self._gone.append(pid)
            return True
        except OSError:  # a security module may refuse it
            pass
        return False

    def look(self, time: float, few: bool) -> None:
        """Look whether processes have ended by now; few: their ends are reported."""
        current = self._lives.current
        while self._gone:
            process = current.get(self._gone.popleft())
            if process is not None and process.program.key is None:
                self._lives.end(process, time)
        processes = self._next(_CHECKED_BESIDE_PROBE if few else max(_CHECKED, len(current) // 20))
        for begin in range(0, len(processes), _TOGETHER):
            some = processes[begin : begin + _TOGETHER]
            for process, stat in zip(some, self._proc.stats_in_time([process.pid for process in some])):
                self._check(process, stat, time)

    def _next(self, count: int) -> list[Process]:
        """The next so many that are not known to have ended, or fewer at the end of a round."""
        current = self._lives.current
        found: list[Process] = []
        for _ in range(count):
            pid = next(self._sweeping, None)
            if pid is None:
                self._sweeping = iter(list(current))
                break
            process = current.get(pid)
            if process is not None and process.ended is None:
                found.append(process)
        return found

    def _check(self, process: Process, stat: Stat | Open | None, time: float) -> None:
        key = process.program.key
        if isinstance(stat, Open):
            return  # it has not ended, as far as is known: the next sweep asks again
        if stat is None or (key is not None and stat.start != key.ticks):
            self._lives.end(process, time)
        else:
            process.lives(time)

"""`file: "| /program arguments"`: lines go to the standard input of a program.

The program runs as the sensor's user, without its capabilities, with an environment of only PATH; arguments are split
as a shell does, but there is no shell. When it ends it is started again, after a pause that grows.
"""

from __future__ import annotations

import os
import shlex
import signal
import time

from sensor.outputs import Clock, Log, Options, StreamOutput
from sensor.stats import OutputStats

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


class ProgramOutput(StreamOutput):
    """Writes to the program named after the bar in `options.file`."""

    def __init__(self, options: Options, stats: OutputStats, log: Log, clock: Clock = time) -> None:
        super().__init__(options, stats, log, clock)
        self._arguments = shlex.split(options.file[1:])
        self._started: list[int] = []

    def connect(self) -> int:
        self._reap()
        theirs, ours = os.pipe()
        try:
            pid = os.posix_spawn(
                self._arguments[0],
                self._arguments,
                ENVIRONMENT,
                file_actions=[(os.POSIX_SPAWN_DUP2, theirs, 0)],
                setsigmask=[],
                setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
            )
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self._started.append(pid)
        os.set_blocking(ours, False)
        return ours

    def close(self) -> None:
        super().close()
        self._reap()

    def _reap(self) -> None:
        """Collect the programs that have ended."""
        self._started = [pid for pid in self._started if not _has_ended(pid)]


def _has_ended(pid: int) -> bool:
    """Whether a child has ended; collects it. One that cannot be waited for, as SIGCHLD was ignored, has."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True

"""Which of the processes that had a pid an event is of.

    42  ├── first ──┤  ├─ second ─┤       ├── third ──…          lives, as the probe saw them
             event ─┴──────┘                                     its time, and the latest it can have happened

An event is stamped a little before its act, by a clock that stands still between two ticks, so its process has not
ended before: of those that had the pid, the oldest whose end is not before the event. It can be a later one only
if that one was born within the lag of the clock. Then order and the record itself decide: an exec belongs to the
process that is expected to report one, nothing comes of a process that has left, and the numbers of events ascend from
one process to the next; of those that remain it is the one with whose parent, session, login uid and name the record
agrees most.
"""

from __future__ import annotations

from sensor.process.clock import LONGEST_LAG
from sensor.process.program import ROUNDING, Process


class Observation:
    """What a SYSCALL record shows of the process that made it.

    time: in seconds since 1970.
    ses, auid: its session and login uid, None where the record has none.
    leaves: a thread ended in this system call, so nothing returned from it.
    """

    __slots__ = ("auid", "comm", "event_id", "exe", "is_exec", "leaves", "pid", "ppid", "ses", "time")

    def __init__(self, pid: int, ppid: int, event_id: str, time: float, is_exec: bool) -> None:
        self.pid = pid
        self.ppid = ppid
        self.event_id = event_id
        self.time = time
        self.is_exec = is_exec
        self.comm = ""
        self.exe = ""
        self.ses: int | None = None
        self.auid: int | None = None
        self.leaves = False

    def runs(self, comm: str, exe: str) -> None:
        """What the process runs."""
        self.comm = comm
        self.exe = exe

    def acts(self, ses: int | None, auid: int | None, leaves: bool) -> None:
        """In which session, and whether it was the last act of a thread."""
        self.ses = ses
        self.auid = auid
        self.leaves = leaves


def at_time(newest: Process | None, time: float, observation: Observation | None) -> Process | None:
    """The process of an event; None if all had ended before it.

    newest: the process that had the pid last; the others follow from it.
    time: of the event, in seconds since boot.
    """
    lives: list[Process] = []
    process, end = newest, time - ROUNDING
    while process is not None and (process.ended is None or process.ended >= end):
        if process.before is None and not lives:  # nearly always
            return process
        lives.append(process)
        process = process.before
    if len(lives) < 2:
        return lives[0] if lives else None
    oldest = lives.pop()
    possible = [life for life in lives if may_have_begun(life, time)]
    return _decide([oldest, *reversed(possible)], time, observation)


def may_have_begun(process: Process, time: float) -> bool:
    """Return whether a process can have been there as an event of that time happened."""
    return process.program.started <= time + LONGEST_LAG + ROUNDING


def by_order(newest: Process | None, observation: Observation | None) -> Process | None:
    """The process of an event whose time is of no use: the newest of those that agree with the record."""
    lives: list[Process] = []
    process = newest
    while process is not None:
        lives.append(process)
        process = process.before
    return _decide(lives, 0.0, observation) if lives else None


def _decide(lives: list[Process], time: float, observation: Observation | None) -> Process:
    """The one of which the event is, or the first of those that it may equally be of."""
    if observation is None or len(lives) == 1:
        return lives[0]
    serial = _serial(observation.event_id)
    remaining = [life for life in lives if not _precedes(life, serial)] or lives
    return max(remaining, key=lambda life: _agreement(life, time, observation))


def _precedes(process: Process, serial: int) -> bool:
    """Return whether an earlier event has shown that a process has left, or that a later one has its pid."""
    if 0 < _serial(process.left) < serial:
        return True
    later = process.after
    while later is not None and not 0 < _serial(later.first) <= serial:
        later = later.after
    return later is not None


def precedes(process: Process, observation: Observation) -> bool:
    """Return whether an event comes after one in which a thread of a process ended."""
    return 0 < _serial(process.left) < _serial(observation.event_id)


def _agreement(process: Process, time: float, observation: Observation) -> tuple[bool, int]:
    ses, auid = process.login or (None, None)
    same = (process.ppid == observation.ppid) + (ses is not None and ses == observation.ses)
    same += (auid is not None and auid == observation.auid) + process.has_run(observation.comm)
    return observation.is_exec and process.awaited(observation.comm, time) is not None, same


def _serial(event_id: str) -> int:
    """The number of an event, which ascends; 0 if there is none."""
    digits = event_id.rpartition(":")[2]
    return int(digits) if digits.isdecimal() else 0

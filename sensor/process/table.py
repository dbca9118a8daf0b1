"""The process table: which process a record's pid meant at the time of its event.

A pid is a number that is used again; a process is (pid, start). The table is fed by
what is known best: the kernel probe (exact), else /proc while the process lives, else
the audit records alone, which tell of no start. For each pid it keeps the process that
has it now and, for a while, the dead ones that had it before, so that a late event
still finds its own:

    FORK/exec seen → alive → exit seen, or gone from /proc → dead (GRACE seconds) → forgotten

Times are seconds since 1970 as in event ids.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from sensor.process.procfs import ProcFS
from sensor.stats import ProcessStats

GRACE = 60.0
"""How long a dead process is remembered; audit records come late, seldom by more than seconds."""
SOON = 5.0
"""Within this time a pid is not handed out again: pids are given in turn, tens of thousands at least."""
CLOCK_SLACK = 0.02
"""Event ids carry the coarse clock of the moment the system call began (kernel/auditsc.c), up to a tick early."""


class Key(NamedTuple):
    """What makes a process GUID, with the boot id: see sensor.process.guid."""

    namespace: int
    ticks: int
    tgid: int


class Program:
    """A process while it runs one program; a new one begins with each exec.

    key: what its GUID is made of, None if nobody saw it start.
    source: "probe" or "proc": who told the key.
    event_id: the event that began it: its exec, or the first one seen of an unknown process.
    started: start of the process in seconds since 1970, known with the key.
    text: its identity as JSON members, filled in by whoever renders it.
    marks: what the stages remember about it, each under a key of its own.
    """

    __slots__ = ("comm", "event_id", "exe", "key", "marks", "pid", "ppid", "source", "started", "text")

    def __init__(self, pid: int, ppid: int, comm: str, exe: str) -> None:
        self.pid = pid
        self.ppid = ppid
        self.comm = comm
        self.exe = exe
        self.key: Key | None = None
        self.source = ""
        self.event_id = ""
        self.started = 0.0
        self.text: str | None = None
        self.marks: dict[str, Any] = {}

    def successor(self, comm: str, exe: str, event_id: str) -> Program:
        """The same process after an exec."""
        program = Program(self.pid, self.ppid, comm, exe)
        program.key, program.source, program.started = self.key, self.source, self.started
        program.event_id = event_id
        return program


class Process:
    """One process.

    parent: the program its `ppid` was when that was last looked up.
    spawned_by: the program that forked it or, after an exec, that it ran before.
    seen: when it was last known to live; ended: time of its end, None while it lives.
    before: the process that had the pid before.
    text: its identity as JSON members, filled in by whoever renders it; None when it must be done anew.
    """

    __slots__ = ("before", "ended", "parent", "pid", "ppid", "program", "seen", "spawned_by", "text")

    def __init__(self, program: Program, seen: float) -> None:
        self.pid = program.pid
        self.ppid = program.ppid
        self.program = program
        self.parent: Program | None = None
        self.spawned_by: Program | None = None
        self.seen = seen
        self.ended: float | None = None
        self.before: Process | None = None
        self.text: str | None = None


class Sighting(NamedTuple):
    """What a SYSCALL record says of the process that made it."""

    pid: int
    ppid: int
    comm: str
    exe: str
    event_id: str
    time: float
    is_exec: bool


class ProcessTable:
    """Processes of one host and boot.

    proc: None where /proc tells of other processes than the records do.
    limit: processes kept; beyond it the one known longest goes.
    """

    def __init__(self, proc: ProcFS | None, stats: ProcessStats, limit: int = 16384) -> None:
        self._proc = proc
        self._stats = stats
        self._limit = limit
        self._current: dict[int, Process] = {}
        self._dead: deque[Process] = deque()
        self._boot_time = proc.boot_time() if proc is not None else 0.0
        self._sweeping: Iterator[int] = iter(())

    def without_proc(self) -> ProcessTable:
        """An empty table for processes that are not of this host, or not of this boot."""
        return ProcessTable(None, ProcessStats(), self._limit)

    def current(self, pid: int) -> Process | None:
        """The process that has the pid now, if it is known."""
        return self._current.get(pid)

    def sight(self, sighting: Sighting) -> Process:
        """Take in what an event says of its process; return that process, with the program it now runs."""
        process = self._current.get(sighting.pid)
        if process is not None and not self._continues(process, sighting):
            self._stats.reused += 1
            process = None
        if process is None:
            process = self._add(self._first_seen(sighting), sighting.time)
            self._adopt(process, sighting.ppid, sighting.time)
            process.spawned_by = process.parent
        elif sighting.is_exec:
            process.spawned_by = process.program
            process.program = process.program.successor(sighting.comm, sighting.exe, sighting.event_id)
            process.text = None
        elif process.program.exe != sighting.exe:
            process.program = process.program.successor(sighting.comm, sighting.exe, process.program.event_id)
            process.text = None
        if process.ppid != sighting.ppid:
            self._adopt(process, sighting.ppid, sighting.time)
        process.seen = sighting.time
        return process

    def find(self, pid: int, time: float) -> Process | None:
        """The process that had a pid at a time; read from /proc if it is not known yet."""
        process = self._current.get(pid)
        while process is not None and self._starts_after(process.program, time):
            process = process.before
        return process or self._read(pid, time)

    def sweep(self, time: float, count: int = 200) -> None:
        """Look after some of the processes: notice ends, forget the long dead."""
        while self._dead and (self._dead[0].ended or 0.0) + GRACE < time:
            self._forget(self._dead.popleft())
        if self._proc is None:
            return
        for _ in range(min(count, len(self._current))):
            pid = next(self._sweeping, None)
            if pid is None:
                self._boot_time = self._proc.boot_time()
                self._sweeping = iter(list(self._current))
                return
            process = self._current.get(pid)
            if process is not None and process.ended is None and process.program.source != "probe":
                self._check_alive(process, time)

    def _continues(self, process: Process, sighting: Sighting) -> bool:
        """Tell whether an event can be of this process, and not of another with its pid."""
        same_exe, same_parent = process.program.exe == sighting.exe, process.ppid == sighting.ppid
        if process.program.source == "probe" or (same_exe and same_parent and not sighting.is_exec):
            return True
        if self._proc is None:
            return same_parent or (same_exe and not sighting.is_exec)
        stat = self._proc.stat(sighting.pid)
        if stat is not None and process.program.key is not None:
            return stat.start == process.program.key.ticks
        return abs(sighting.time - process.seen) < SOON

    def _first_seen(self, sighting: Sighting) -> Program:
        observed = self._observe(sighting.pid, sighting.time)
        program = observed or Program(sighting.pid, sighting.ppid, sighting.comm, sighting.exe)
        program.ppid, program.comm, program.exe = sighting.ppid, sighting.comm, sighting.exe
        if sighting.is_exec or observed is None:
            program.event_id = sighting.event_id
        if observed is None:
            self._stats.lookups_unknown += 1
        return program

    def _adopt(self, process: Process, ppid: int, time: float) -> None:
        """Look up the parent. A new parent of a known process has adopted it and did not fork it."""
        parent = self.find(ppid, time) if ppid > 0 else None
        process.ppid = process.program.ppid = ppid
        process.parent = parent.program if parent is not None else None
        process.text = None

    def _read(self, pid: int, time: float) -> Process | None:
        program = self._observe(pid, time)
        if program is None:
            return None
        process = self._add(program, time)
        if program.ppid > 0 and program.ppid in self._current:
            process.parent = process.spawned_by = self._current[program.ppid].program
        return process

    def _observe(self, pid: int, time: float) -> Program | None:
        """Read a process from /proc; None when it is gone, or began only after the event."""
        if self._proc is None:
            return None
        self._stats.lookups_proc += 1
        seen = self._proc.observe(pid)
        if seen is None or not seen.namespace:
            self._stats.lookups_dead += 1
            return None
        program = Program(pid, seen.ppid, seen.comm, seen.exe)
        program.key = Key(seen.namespace, seen.start, seen.tgid)
        program.source = "proc"
        program.started = self._boot_time + seen.start / 100
        return None if self._starts_after(program, time) else program

    @staticmethod
    def _starts_after(program: Program, time: float) -> bool:
        """Tell whether a process began after an event; /proc/stat gives the boot in whole seconds."""
        return program.key is not None and program.started > time + 1 + CLOCK_SLACK

    def _add(self, program: Program, time: float) -> Process:
        process = Process(program, time)
        process.before = self._current.pop(program.pid, None)
        if process.before is not None:
            process.before.before = None
            self._end(process.before, time)
        if len(self._current) >= self._limit:
            del self._current[next(iter(self._current))]
            self._stats.evicted += 1
        self._current[program.pid] = process
        self._stats.size = len(self._current)
        return process

    def _end(self, process: Process, time: float) -> None:
        if process.ended is None:
            process.ended = time
            self._dead.append(process)
            if len(self._dead) > self._limit:
                self._forget(self._dead.popleft())

    def _forget(self, process: Process) -> None:
        if self._current.get(process.pid) is process:
            del self._current[process.pid]
            self._stats.size = len(self._current)

    def _check_alive(self, process: Process, time: float) -> None:
        stat = self._proc.stat(process.pid) if self._proc is not None else None
        key = process.program.key
        if stat is None or (key is not None and stat.start != key.ticks):
            self._end(process, time)
        else:
            process.seen = time

"""The nouns of the process table: a process, the programs it runs one after the other, and sightings of it."""

from __future__ import annotations

from typing import Any, NamedTuple

_FOR_EVER = "~"
"""Greater than any event id."""


_EARLIER = 4


class Key(NamedTuple):
    """What makes a process GUID, with the boot id: see sensor.process.guid."""

    namespace: int
    ticks: int
    tgid: int


class Program:
    """A process while it runs one program; a new one begins with each exec.

    exe: "" when it is not known.
    key: what the GUID of the process is made of, None if nobody saw it start.
    source: "probe" or "proc": who told the key.
    event_id: the event that began it: its exec, or the first one seen of an unknown process.
    started: start of the process in seconds since boot, 0 without a key.
    began: when this program was executed, in seconds since boot; 0 for what a process ran when it started.
    text: its identity as JSON members, filled in by whoever renders it.
    marks: what the stages remember about it, each under keys of its own; those that begin with `~` hold what was
        concluded from the configuration, and from who started it.
    """

    __slots__ = ("began", "comm", "event_id", "exe", "key", "marks", "pid", "ppid", "source", "started", "text")

    def __init__(self, pid: int, ppid: int, comm: str, exe: str) -> None:
        self.pid = pid
        self.ppid = ppid
        self.comm = comm
        self.exe = exe
        self.key: Key | None = None
        self.source = ""
        self.event_id = ""
        self.started = 0.0
        self.began = 0.0
        self.text: str | None = None
        self.marks: dict[str, Any] = {}

    def reconsider(self) -> None:
        """Let conclusions about it be drawn anew: the configuration is another, or who started it is known by now."""
        self.text = None
        for mark in [mark for mark in self.marks if mark.startswith("~")]:
            del self.marks[mark]

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
    kin: the processes of the two, as long as what they ran at the fork has not been looked up.
    earlier: the last few programs it ran before.
    seen: when it was last known to live; ended: time of its end, None while it lives.
    before, after: the processes that had the pid before and after it.
    since, until: its life in the form of event ids, with some slack, so that the two compare as text.
    execs: when it executed programs, as the probe saw, of which audit has not reported yet.
    forked: it runs the copy of the program that forked it, and no exec of its own yet.
    cgroup: id of its control group at its fork or last exec, as the probe saw; 0 if it did not.
    text: its identity as JSON members, filled in by whoever renders it; None when it must be done anew.
    said: last part of a SYSCALL record → what else is said of it on such events; None when nothing is remembered.
    """

    __slots__ = (
        "after",
        "before",
        "cgroup",
        "earlier",
        "ended",
        "execs",
        "forked",
        "kin",
        "parent",
        "pid",
        "ppid",
        "program",
        "said",
        "seen",
        "since",
        "spawned_by",
        "text",
        "until",
    )

    def __init__(self, program: Program, seen: float) -> None:
        self.pid = program.pid
        self.ppid = program.ppid
        self.program = program
        self.parent: Program | None = None
        self.spawned_by: Program | None = None
        self.seen = seen
        self.ended: float | None = None
        self.before: Process | None = None
        self.after: Process | None = None
        self.since = ""
        self.until = _FOR_EVER
        self.forked = False
        self.cgroup = 0
        self.kin: tuple[Process | None, Process | None] | None = None
        self.earlier: tuple[Program, ...] = ()
        self.execs: list[float] = []
        self.text: str | None = None
        self.said: dict[Any, tuple[str, str]] | None = None

    def retell(self) -> None:
        """Something about it has changed: what is told of it has to be put together anew."""
        self.text = self.said = None

    def run(self, comm: str, exe: str, event_id: str, time: float) -> None:
        """It has executed a program, says an audit event; time: of the event, in seconds since boot."""
        if not self.forked:
            self.spawned_by = self.program
        self.forked = False
        self._replace(self.program.successor(comm, exe, event_id))
        self.program.began = self._exec_of(time)

    def missed(self, time: float) -> bool:
        """Tell whether audit has never reported an exec that the probe saw; it is not expected any longer."""
        if time not in self.execs:
            return False
        self.execs.remove(time)
        return True

    def program_at(self, time: float) -> Program:
        """The program that it ran at a time since boot."""
        for program in (self.program, *reversed(self.earlier)):
            if program.began <= time:
                return program
        return self.program

    def meet_kin(self) -> None:
        """Look up what its parent and its spawner ran when it was forked, now that audit has told."""
        parent, spawner = self.kin or (None, None)
        if parent is not None:
            self.parent = parent.program_at(self.program.started)
        if spawner is not None and self.spawned_by is not None and self.forked:
            self.spawned_by = spawner.program_at(self.program.started)
        self.kin = None

    def _exec_of(self, time: float) -> float:
        """When the exec of an audit event was, by the probe; an event is stamped a little before its exec."""
        while self.execs and self.execs[0] < time:
            del self.execs[0]
        return self.execs.pop(0) if self.execs else time

    def _replace(self, program: Program) -> None:
        if self.program.source == "probe":  # only the probe tells when a child was forked
            self.earlier = (*self.earlier[1 - _EARLIER :], self.program)
        self.program = program
        self.retell()

    def notice(self, comm: str, exe: str, event_id: str) -> None:
        """It turns out to run another program than was known; nobody told of the exec."""
        if not self.program.exe:
            self.program.comm, self.program.exe = comm, exe
        else:
            self._replace(self.program.successor(comm, exe, event_id))
        self.retell()


class Sighting(NamedTuple):
    """What a SYSCALL record says of the process that made it; time is in seconds since 1970."""

    pid: int
    ppid: int
    comm: str
    exe: str
    event_id: str
    time: float
    is_exec: bool

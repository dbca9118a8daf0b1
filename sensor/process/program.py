"""The nouns of the process table: a process, the programs it runs one after the other, and sightings of it."""

from __future__ import annotations

from typing import Any, NamedTuple

_FOR_EVER = "~"
"""Greater than any event id."""


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
    before, after: the processes that had the pid before and after it.
    since, until: its life in the form of event ids, with some slack, so that the two compare as text.
    unaudited: execs that the probe saw and audit has not reported yet.
    forked: it runs the copy of the program that forked it, and no exec of its own yet.
    text: its identity as JSON members, filled in by whoever renders it; None when it must be done anew.
    """

    __slots__ = (
        "after",
        "before",
        "ended",
        "forked",
        "parent",
        "pid",
        "ppid",
        "program",
        "seen",
        "since",
        "spawned_by",
        "text",
        "unaudited",
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
        self.unaudited = 0
        self.text: str | None = None

    def run(self, comm: str, exe: str, event_id: str) -> None:
        """It has executed a program."""
        if not self.forked:
            self.spawned_by = self.program
        self.forked = False
        self.program = self.program.successor(comm, exe, event_id)
        self.text = None

    def notice(self, comm: str, exe: str, event_id: str) -> None:
        """It turns out to run another program than was known; nobody told of the exec."""
        if not self.program.exe:
            self.program.comm, self.program.exe = comm, exe
        else:
            self.program = self.program.successor(comm, exe, event_id)
        self.text = None


class Sighting(NamedTuple):
    """What a SYSCALL record says of the process that made it; time is in seconds since 1970."""

    pid: int
    ppid: int
    comm: str
    exe: str
    event_id: str
    time: float
    is_exec: bool

"""The nouns of the process table: a process, the programs it runs one after the other, and sightings of it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from sensor.process.clock import ROUNDING
from sensor.process.roots import Root, worst

_FOR_EVER = "~"
"""Greater than any event id."""
_EARLIER = 4
_MOST_EXECS = 8
UNSEEN, STALE = -1.0, -2.0
"""Of Process.rooted: nobody has looked; somebody has, but the process may have moved since."""


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
    authentic: its image is the file of the host that bears its name; None as long as nobody has compared the two.
    marks: what the stages remember about it, each under keys of its own; those that begin with `~` hold what was
        concluded from the configuration, and from who started it.
    """

    __slots__ = (
        "authentic",
        "began",
        "comm",
        "event_id",
        "exe",
        "key",
        "marks",
        "pid",
        "ppid",
        "source",
        "started",
        "text",
    )

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
        self.authentic: bool | None = None
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


class Birth(NamedTuple):
    """A process as the probe saw it start, or found it running.

    started: seconds since boot.
    parent, spawner: pid and key of the parent at that moment, and of who called fork; pid 0 where there is none.
    login: its session and login uid, None where the kernel does not say; 4294967295 stands for unset.
    """

    pid: int
    key: Key
    started: float
    comm: str
    parent: tuple[int, Key]
    spawner: tuple[int, Key] | None
    login: tuple[int, int] | None = None


class Exec(NamedTuple):
    """An exec that the probe saw, in seconds since boot, and the name that the process got by it."""

    time: float
    comm: str


class Process:
    """One process.

    parent: the program its `ppid` was when that was last looked up.
    spawned_by: the program that forked it or, after an exec, that it ran before.
    kin: the processes of the two, as long as what they ran at the fork has not been looked up.
    earlier: the last few programs it ran before.
    seen: when it was last known to live; ended: time of its end, None while it lives.
    before, after: the processes that had the pid before and after it.
    since, until: events with ids between these are of this process without doubt; the three compare as text.
    first: id of the first event that was found to be of this process; left: of the one in which a thread of it ended.
    execs: those that the probe saw and audit has not reported yet.
    login: its session and login uid when the probe last saw it, None if it did not.
    unidentified: why it has no key, one of sensor.stats.UNIDENTIFIED; "" if it has one.
    forked: it runs the copy of the program that forked it, and no exec of its own yet.
    cgroup: id of its control group at its fork or last exec, as the probe saw; 0 if it did not.
    root: where its paths begin, the worst that was seen; None as long as nobody knows.
    rooted: up to which chunk of records that holds (sensor.process.host_paths); infinite once it has ended so.
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
        "first",
        "forked",
        "kin",
        "left",
        "login",
        "parent",
        "pid",
        "ppid",
        "program",
        "root",
        "rooted",
        "said",
        "seen",
        "since",
        "spawned_by",
        "text",
        "unidentified",
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
        self.root: Root | None = None
        self.rooted = UNSEEN
        self.kin: tuple[Process | None, Process | None] | None = None
        self.earlier: tuple[Program, ...] = ()
        self.execs: list[Exec] = []
        self.first = ""
        self.left = ""
        self.login: tuple[int, int] | None = None
        self.unidentified = ""
        self.text: str | None = None
        self.said: dict[Any, tuple[str, str]] | None = None

    def retell(self) -> None:
        """Something about it has changed: what is told of it has to be put together anew."""
        self.text = self.said = None

    def found_in(self, root: Root) -> None:
        """Take in a root that it has, or had."""
        found = worst(self.root, root)
        if found is not self.root:
            self.root = found
            self.retell()

    def run(self, comm: str, exe: str, event_id: str, time: float) -> None:
        """It has executed a program, says an audit event; time: of the event, in seconds since boot."""
        if not self.forked:
            self.spawned_by = self.program
        self.forked = False
        self._replace(self.program.successor(comm, exe, event_id))
        exec = (self.awaited(comm, time) or self.awaited(None, time)) if self.execs else None
        if exec is not None:
            self.execs.remove(exec)
        self.program.began = exec.time if exec is not None else time

    def executed(self, exec: Exec, counted: bool = True) -> None:
        """It has executed a program, says the probe; counted: somebody will ask whether it was `missed`."""
        if not counted:
            del self.execs[: 1 - _MOST_EXECS]
        self.execs.append(exec)

    def awaited(self, comm: str | None, time: float) -> Exec | None:
        """The first exec, of a program of that name or any, that an event of that time can report: it began before."""
        for exec in self.execs:
            if exec.time >= time - ROUNDING and comm in (None, exec.comm):
                return exec
        return None

    def missed(self, exec: Exec) -> bool:
        """Tell whether audit has never reported an exec that the probe saw; it is not expected any longer."""
        if exec not in self.execs:
            return False
        self.execs.remove(exec)
        return True

    def has_run(self, comm: str) -> bool:
        """Tell whether it was, or soon will be, called so, as far as is known; a thread may have another name."""
        names = [self.program.comm, *[program.comm for program in self.earlier], *[exec.comm for exec in self.execs]]
        return comm in names

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
            self.rooted = self.rooted if self.rooted == math.inf else STALE
        self.retell()


class Sighting(NamedTuple):
    """What a SYSCALL record says of the process that made it.

    time: in seconds since 1970.
    ses, auid: its session and login uid, None where the record does not say.
    leaves: a thread ended in this system call, so nothing returned from it.
    """

    pid: int
    ppid: int
    comm: str
    exe: str
    event_id: str
    time: float
    is_exec: bool
    ses: int | None = None
    auid: int | None = None
    leaves: bool = False


def stranger(pid: int, key: Key) -> Program | None:
    """A process that only the probe has named; None for the kernel itself, which began the first ones."""
    if not pid:
        return None
    program = Program(pid, 0, "", "")
    program.key, program.source = key, "probe"
    return program

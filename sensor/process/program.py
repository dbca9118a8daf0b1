"""The nouns of the process table: a process, and the programs it runs one after the other."""

from __future__ import annotations

import math
from itertools import count
from typing import NamedTuple

from sensor.process.cgroup import Cgroup
from sensor.process.command_line import Command
from sensor.process.image import Image
from sensor.process.roots import Root, worst

_FOR_EVER = "~"
"""Greater than any event id."""
_EARLIER = 4
_MOST_EXECS = 8
ROUNDING = 1e-4
"""Seconds by which readings of the clocks may be wrong, at most: in an emulated machine reading one takes 50 µs."""
UNSEEN, STALE = -1.0, -2.0
"""Of Process.rooted: not looked at yet; looked at, but the process may have moved since."""
_VERSIONS = count(1)

Labels = frozenset[str]
_NO_LABELS: Labels = frozenset()  # one for all: an empty frozenset takes 216 bytes, two a program


class Key(NamedTuple):
    """What makes a process GUID, with the boot id: see sensor.process.guid."""

    namespace: int
    ticks: int
    tgid: int


class Place:
    """Where a program runs: its control groups, seen or taken over from the program that started it.

    Two are the same only if they are one object: what is known of a place is looked up for each process.
    """

    __slots__ = ("_heirs", "cgroup", "inherited")

    def __init__(self, cgroup: Cgroup, inherited: bool) -> None:
        self.cgroup = cgroup
        self.inherited = inherited
        self._heirs: Place | None = None

    def taken_over(self) -> Place:
        """The place of all programs that a program there has started, if nothing else is known of them."""
        if self.inherited:
            return self
        if self._heirs is None:
            self._heirs = Place(self.cgroup, inherited=True)
        return self._heirs


class Script(NamedTuple):
    """The script that a program was started for; inherited by the interpreter that env(1) executed.

    certain: the name that was passed does not depend on a descriptor, and no `..` in it leaves a directory that may be
        a link to elsewhere.
    """

    path: str
    inherited: bool
    certain: bool = True


class Program:
    """A process while it runs one program; a new one begins with each exec.

    exe: "" when it is not known.
    key: what the GUID of the process is made of, None if its start was not seen.
    source: "probe" or "proc": where the key comes from.
    event_id: the event that began it: its exec, or the first one seen of an unknown process.
    started: start of the process in seconds since boot, 0 without a key.
    began: when this program was executed, in seconds since boot; 0 for what a process ran when it started.
    authentic: its image is the file of the host that bears its name; None until the two have been compared.
    guid: made of the key when it is first shown, "" before (sensor.stages.identity).
    named: /proc has been asked for comm and exe (sensor.process.table).
    first_event: id of the first event that filters saw of it, "" before (sensor.stages.filters).
    execve: body of the EXECVE record it began with, until somebody asks for the command line; command: that line
        (both sensor.process.command).
    script: what it was started for, None if that is no script (sensor.stages.script).
    place: where it runs, None before that is looked up (sensor.stages.cgroup).
    image: the file it was executed from, None if that is unknown, and then image_unknown is the reason, "" before
        that is known; image_inherited: it is that of the program that forked it; image_path, image_opened: where to
        look for it, and what its exec has opened, None before its first event (sensor.stages.exe_hash).
    labels: None before they are given; labels_open: they may become others; labels_given, labels_taken: by keys of
        its events (sensor.stages.labels).
    """

    __slots__ = (
        "authentic",
        "began",
        "comm",
        "command",
        "event_id",
        "exe",
        "execve",
        "first_event",
        "guid",
        "image",
        "image_inherited",
        "image_opened",
        "image_path",
        "image_unknown",
        "key",
        "labels",
        "labels_given",
        "labels_open",
        "labels_taken",
        "named",
        "pid",
        "place",
        "ppid",
        "script",
        "source",
        "started",
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
        self.authentic: bool | None = None
        self.guid = ""
        self.named = False
        self.first_event = ""
        self.execve: str | None = None
        self.command: Command | None = None
        self.script: Script | None = None
        self.place: Place | None = None
        self.image: Image | None = None
        self.image_unknown = ""
        self.image_inherited = False
        self.image_path = ""
        self.image_opened: frozenset[tuple[int, int]] | None = None
        self.labels: Labels | None = None
        self.labels_open = False
        self.labels_given: Labels = _NO_LABELS
        self.labels_taken: Labels = _NO_LABELS

    @property
    def shown(self) -> Shown:
        """Itself and everything shown of it that may change: the key under which rendered text is remembered."""
        return self, self.ppid, self.event_id, self.source, self.comm, self.exe

    def invalidate_derived(self) -> None:
        """Forget what was derived, because the configuration has changed or the parent has become known."""
        self.labels = None

    def successor(self, comm: str, exe: str, event_id: str) -> Program:
        """The same process after an exec."""
        program = Program(self.pid, self.ppid, comm, exe)
        program.key, program.source, program.started = self.key, self.source, self.started
        program.guid = self.guid
        program.event_id = event_id
        return program


Shown = tuple[Program, int, str, str, str, str]


class ProcessStart:
    """A process as the probe saw it start, or found it running. A plain class, which costs a quarter of a NamedTuple.

    started: seconds since boot.
    parent, spawner: pid and key of the parent at that moment, and of who called fork; pid 0 where there is none.
    login: its session and login uid, None where the kernel does not report them; 4294967295 stands for unset.
    """

    __slots__ = ("comm", "key", "login", "parent", "pid", "spawner", "started")

    def __init__(self, pid: int, key: Key, started: float, comm: str, parent: tuple[int, Key]) -> None:
        self.pid = pid
        self.key = key
        self.started = started
        self.comm = comm
        self.parent = parent
        self.spawner: tuple[int, Key] | None = None
        self.login: tuple[int, int] | None = None

    def by(self, spawner: tuple[int, Key] | None, login: tuple[int, int] | None) -> None:
        """Who called fork, and in which session."""
        self.spawner = spawner
        self.login = login


class Exec:
    """An exec that the probe saw, in seconds since boot, and the name that the process got by it."""

    __slots__ = ("comm", "time")

    def __init__(self, time: float, comm: str) -> None:
        self.time = time
        self.comm = comm


class Process:
    """One process.

    parent: the program its `ppid` was when that was last looked up.
    spawned_by: the program that forked it or, after an exec, that it ran before.
    unresolved_parents: the processes of the two, as long as what they ran at the fork has not been looked up.
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
    root: where its paths begin, the worst that was seen; None while unknown.
    rooted: up to which chunk of records that holds (sensor.process.host_paths); infinite once it has ended so.
    version: another number, not given to any process before, whenever something about it or its program changes that
        events of it show.
    settled: what it runs and its parent are those of its last event, and nothing has changed since.
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
        "left",
        "login",
        "parent",
        "pid",
        "ppid",
        "program",
        "root",
        "rooted",
        "seen",
        "settled",
        "since",
        "spawned_by",
        "unidentified",
        "unresolved_parents",
        "until",
        "version",
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
        self.unresolved_parents: tuple[Process | None, Process | None] | None = None
        self.earlier: tuple[Program, ...] = ()
        self.execs: list[Exec] = []
        self.first = ""
        self.left = ""
        self.login: tuple[int, int] | None = None
        self.unidentified = ""
        self.version = next(_VERSIONS)
        self.settled = False

    def changed(self) -> None:
        """Something that its events show is another now."""
        self.version = next(_VERSIONS)
        self.settled = False

    def found_in(self, root: Root) -> None:
        """Take in a root that it has, or had."""
        found = worst(self.root, root)
        if found is not self.root:
            self.root = found
            self.changed()

    def keep_root(self) -> None:
        """It has ended, and its root, as it was found last, is that of all its records that are still to come."""
        self.rooted = math.inf

    def found_in_cgroup(self, id: int) -> None:
        """Take in its control group, as the probe saw it."""
        self.cgroup = id

    def found_in_session(self, session: int, login_uid: int) -> None:
        """Take in whose session it is in, as the probe saw it."""
        login = self.login
        if login is None or login[0] != session or login[1] != login_uid:
            self.login = session, login_uid

    def run(self, comm: str, exe: str, event_id: str, time: float) -> None:
        """It has executed a program, by an audit event; time: of the event, in seconds since boot."""
        if not self.forked:
            self.spawned_by = self.program
        self.forked = False
        self._replace(self.program.successor(comm, exe, event_id))
        exec = (self.awaited(comm, time) or self.awaited(None, time)) if self.execs else None
        if exec is not None:
            self.execs.remove(exec)
        self.program.began = exec.time if exec is not None else time

    def executed(self, exec: Exec, counted: bool = True) -> None:
        """It has executed a program, by the probe; counted: the caller will ask whether it was `missed`."""
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
        """Return whether audit has never reported an exec that the probe saw; it is not expected any longer."""
        if exec not in self.execs:
            return False
        self.execs.remove(exec)
        return True

    def has_run(self, comm: str) -> bool:
        """Return whether it was, or soon will be, called so, as far as is known; a thread may have another name."""
        names = [self.program.comm, *[program.comm for program in self.earlier], *[exec.comm for exec in self.execs]]
        return comm in names

    def program_at(self, time: float) -> Program:
        """The program that it ran at a time since boot."""
        for program in (self.program, *reversed(self.earlier)):
            if program.began <= time:
                return program
        return self.program

    def lives(self, time: float) -> None:
        """It was seen alive, at a time since boot."""
        self.seen = time

    def resolve_parents(self) -> None:
        """Look up what its parent and its spawner ran when it was forked, now that audit has reported it."""
        parent, spawner = self.unresolved_parents or (None, None)
        if parent is not None:
            self.parent = parent.program_at(self.program.started)
        if spawner is not None and self.spawned_by is not None and self.forked:
            self.spawned_by = spawner.program_at(self.program.started)
        self.unresolved_parents = None

    def _replace(self, program: Program) -> None:
        if self.program.source == "probe":  # only the probe reports when a child was forked
            self.earlier = (*self.earlier[1 - _EARLIER :], self.program)
        self.program = program
        self.changed()

    def switch_program(self, comm: str, exe: str, event_id: str) -> None:
        """It turns out to run another program than was known; the exec was not reported."""
        if not self.program.exe:
            self.program.comm, self.program.exe = comm, exe
        else:
            self._replace(self.program.successor(comm, exe, event_id))
            self.rooted = self.rooted if self.rooted == math.inf else STALE
        self.changed()


def stranger(pid: int, key: Key) -> Program | None:
    """A process that only the probe has named; None for the kernel itself, which began the first ones."""
    if not pid:
        return None
    program = Program(pid, 0, "", "")
    program.key, program.source = key, "probe"
    return program

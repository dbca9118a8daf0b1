"""The process table: which process a record's pid meant at the time of its event.

A pid is a number that is used again; a process is (pid, start). The table is fed by
the best source there is: the kernel probe, which sees every start and end; else /proc, while
the process lives; else the audit records alone, which show no start. For each pid it
keeps the process that has it now and, for GRACE seconds of the stream, the dead ones that had it
before, so that a late event still finds its own:

    alive ── end seen by the probe, or gone from /proc, or pid used again ──► dead ── GRACE ──► forgotten

Times in here are seconds since boot (CLOCK_BOOTTIME); event times are converted (sensor.process.clock). Where a pid had
several processes, sensor.process.choice finds the one that an event is of.
"""

from __future__ import annotations

import math
from collections import deque

from sensor.cache import BoundedDict
from sensor.process import choice
from sensor.process.choice import Observation
from sensor.process.clock import LONGEST_LAG, BootClock, Lag
from sensor.process.ends import Ends
from sensor.process.lives import Lives
from sensor.process.looks import Open
from sensor.process.procfs import ProcFS, Stat
from sensor.process.program import Key, Process, ProcessStart, Program, stranger
from sensor.stats import ProcessStats

GRACE = 20.0
"""How long a dead process is remembered, by the time of the events that come in. In a burst these come many seconds
late while the probe reports at once; among themselves they are out of order by few."""
SOON = 5.0
"""Within this time a pid is not handed out again: pids are given in turn, tens of thousands at least."""
_FOREIGN = 2048
"""Processes kept of another host: their ends are not reported, so all places are taken before long."""
_MOST_ORPHANS = 64
"""Processes whose parent may yet turn up, in an event that began before theirs and ends after it."""


class ProcessTable:
    """Processes of one host and boot.

    proc: None where /proc shows other processes than the records.
    limit: processes kept, 1 to 2 kB each; beyond it the longest dead goes, or if all live, the one known longest.
    exact: a probe reports the processes; untracked: there are some that it had no room for.
    """

    def __init__(self, proc: ProcFS | None, stats: ProcessStats, limit: int = 32768) -> None:
        self._proc = proc
        self._stats = stats
        stats.limit = limit
        self._clock = BootClock()
        self._lag = Lag()
        self._lives = Lives(self._clock, limit)
        self._ends = Ends(proc, self._lives, limit) if proc is not None else None
        self._missed = math.inf
        self._why = "no_probe"
        self._orphans: deque[Process] = deque(maxlen=_MOST_ORPHANS)
        self._unseen: BoundedDict[int, Process] = BoundedDict(_MOST_ORPHANS)  # those that did not answer
        self._heard = 0.0  # the newest event since the last sweep
        self.exact = self.untracked = False

    def without_proc(self, why: str = "other_host") -> ProcessTable:
        """An empty table for processes that are not of this host and boot; why: `other_host` or `before_boot`."""
        table = ProcessTable(None, ProcessStats(), _FOREIGN)
        table._why = why
        return table

    @property
    def unidentified(self) -> dict[str, int]:
        """Reason → number of events; the stage that sees each event counts here."""
        return self._stats.unidentified

    def calibrate(self, boot: float, now: float = math.inf) -> bool:
        """Set when the host booted, in seconds since 1970 as the clock now has it; True if that shows that it was set.

        now: seconds since boot; later events cannot have come in yet.
        """
        stepped = self._clock.set(boot, now)
        if stepped:
            for process in self._lives.all():
                self._lives.bound(process)
        return stepped

    def current(self, pid: int) -> Process | None:
        """The process that has the pid now, if it is known."""
        return self._lives.current.get(pid)

    def observe(self, observation: Observation) -> Process:
        """Take in what an event shows of its process; return that process, with the program it now runs."""
        process, time = self._at(observation.pid, observation.time, observation)
        if time > self._heard:
            self._heard = time
        if process is not None and not self._continues(process, observation, time):
            self._stats.reused += 1
            process = None
        if process is None:
            process = self._begin(observation, time)
        else:
            self._go_on(process, observation, time)
        process.first = process.first or observation.event_id
        if observation.leaves:
            process.left = observation.event_id
        process.settled = not self._unseen or self._unseen.get(process.pid) is not process
        return process

    def _begin(self, observation: Observation, time: float) -> Process:
        """An event is of a process that was not known."""
        process = self._add(self._first_seen(observation, time), time)
        if process.program.key is None:
            process.unidentified = self._why_unknown(time)
            if self.is_open(process.pid):
                self._unseen.keep_newest(process.pid, process)
        process.spawned_by = self._forked_by(self._adopt(process, observation.ppid, observation.time))
        self._find_children(process)
        return process

    def _look_again(self, process: Process) -> None:
        """Read who a process is that did not answer when it was first seen."""
        seen = self._from_proc(process.pid, exe=False)
        if self.is_open(process.pid):
            return
        del self._unseen[process.pid]
        program = process.program
        if seen is not None and program.key is None and process.ended is None and _can_be(seen, process.seen):
            program.key, program.source, program.started = seen.key, seen.source, seen.started
            process.unidentified = ""
            self._lives.bound(process)
            process.changed()

    def _go_on(self, process: Process, observation: Observation, time: float) -> None:
        """An event is of a process that is known."""
        if process.program.started > time:
            self._lag.see(process.program.started - time)
        if process.unresolved_parents is not None:
            process.resolve_parents()
        if self._unseen and self._unseen.get(process.pid) is process:
            self._look_again(process)
        if observation.is_exec:
            process.run(observation.comm, observation.exe, observation.event_id, time)
        elif process.program.exe != observation.exe:
            process.switch_program(observation.comm, observation.exe, observation.event_id)
        if process.ppid != observation.ppid:
            self._adopt(process, observation.ppid, observation.time)
        elif process.parent is None and self._proc is not None:  # found when a record of another process named it
            parent = self._adopt(process, observation.ppid, observation.time)
            process.spawned_by = process.spawned_by or self._forked_by(parent)
        process.seen = max(process.seen, time)

    def exited(self, process: Process, when: float) -> None:
        """All threads of a process have ended, by an event of a time since 1970; the probe reports when."""
        if not self.exact:
            times = self._clock.times(when)
            self._lives.end(process, times[0] if times else self._clock.instead(when))

    def find(self, pid: int, when: float) -> Process | None:
        """The process that had a pid at a time since 1970; read from /proc if it is not known yet."""
        process, time = self._at(pid, when)
        return process or self._read(pid, time)

    def process_of(self, program: Program) -> Process | None:
        """The process that runs a program, or ran it, if it is still remembered."""
        if program.key is None:
            return self._lives.current.get(program.pid)
        return self._lives.by_key(program.pid, program.key)

    def living(self) -> list[Process]:
        """The processes that have not ended, as far as is known."""
        return [process for process in self._lives.current.values() if process.ended is None]

    def recall(self, program: Program, spawned_by: Program | None) -> bool:
        """Take over what an earlier sensor knew of a process; False if that process is not there any more."""
        stat = self._proc.stat_in_time(program.pid) if self._proc is not None else None
        if program.key is None or not isinstance(stat, Stat) or stat.start != program.key.ticks:
            return False
        process = self._lives.current.get(program.pid)
        if process is None:
            process = self._add(program, program.started)
        elif process.program.key != program.key:
            return False
        program.source, program.started = process.program.source, process.program.started
        process.program, process.spawned_by, process.ppid = program, spawned_by, stat.ppid
        process.forked = False
        process.changed()
        parent = self._lives.current.get(stat.ppid)
        process.parent = parent.program if parent is not None else None
        return True

    # What the probe reports.

    def born(self, birth: ProcessStart) -> Process:
        """A process has started, or was found running."""
        self.exact = True
        process = self._lives.current.get(birth.pid)
        if process is not None and process.program.key == birth.key:
            if process.program.source != "probe":
                self._confirm(process, birth)
                return process
            if process.program.started == birth.started:
                return process  # else its pid was used again within the hundredth of a second that the key resolves
        parent_pid, parent_key = birth.parent
        program = Program(birth.pid, parent_pid, birth.comm, "")
        program.key, program.source, program.started = birth.key, "probe", birth.started
        process = self._add(program, birth.started)
        parent = self._lives.by_key(parent_pid, parent_key)
        by = birth.spawner
        process.forked = by is not None
        spawner = parent if by is None else self._lives.by_key(by[0], by[1])
        process.unresolved_parents = parent, spawner
        process.login = parent.login if parent is not None and parent.login == birth.login else birth.login
        process.parent = parent.program if parent is not None else stranger(parent_pid, parent_key)
        process.spawned_by = process.parent if by is None else spawner.program if spawner else stranger(by[0], by[1])
        if process.spawned_by is not None:
            process.program.exe = process.spawned_by.exe
        return process

    def _confirm(self, process: Process, birth: ProcessStart) -> None:
        """The probe, too, knows a process that was read from /proc; who forked it, only the probe can know."""
        process.program.source, process.program.started = "probe", birth.started
        process.login = birth.login
        process.changed()
        by = process.spawned_by
        if birth.spawner is not None and (by is None or by.pid != process.pid):
            spawner = self._lives.by_key(*birth.spawner)
            process.spawned_by = stranger(*birth.spawner) if spawner is None else spawner.program_at(birth.started)

    def ended(self, pid: int, key: Key, time: float) -> Process | None:
        """A process has ended, at a time since boot."""
        process = self._lives.by_key(pid, key)
        if process is not None:
            self._lives.end(process, time)
        return process

    def keep_alive(self, pids: frozenset[int], time: float) -> None:
        """Only these live, at a time since boot; all others have ended."""
        for process in [process for pid, process in self._lives.current.items() if pid not in pids]:
            self._lives.end(process, time)

    def probe_lost(self) -> None:
        """The probe is gone: from now on /proc has to do."""
        self.exact = False
        self.miss(math.inf, "no_probe")

    def miss(self, until: float, why: str) -> None:
        """Until a time since boot the probe was not there, or lost records; `why` is one of stats.UNIDENTIFIED."""
        self._missed, self._why = until, why

    def note_untracked(self, some: bool) -> None:
        """The probe had no room for some processes, so not all that its map of the living lacks have ended."""
        self.untracked = some

    # Housekeeping.

    def invalidate_derived(self) -> None:
        """Let all that follows from the configuration be worked out anew: another one is in force."""
        for process in self._lives.all():
            process.changed()
            for program in (process.program, process.parent, process.spawned_by):
                if program is not None:
                    program.invalidate_derived()

    def sweep(self, when: float) -> None:
        """About once a second: notice ends, forget the long dead. `when`: seconds since 1970."""
        time = when - self._clock.boot
        self._lag.age(time)
        self._stats.lag = self._lag.greatest
        # Where no event came, none is being waited for.
        heard, self._heard = min(self._heard or time, time), 0.0
        self._lives.forget_dead(heard - GRACE)
        self._count()
        if self._ends is not None:
            self._ends.look(time, few=self.exact and not self.untracked)

    def _at(self, pid: int, when: float, observation: Observation | None = None) -> tuple[Process | None, float]:
        """The process that had the pid at a time since 1970, if it is known; and that time in seconds since boot."""
        times = self._clock.times(when)
        if not times:  # nothing is known of the clock that stamped the event
            return choice.by_order(self._lives.current.get(pid), observation), self._clock.instead(when)
        for time in times:
            process = self._lives.at(pid, time, observation, self.exact and time > self._missed)
            if process is not None:
                return process, time
        return None, times[0]

    def _continues(self, process: Process, observation: Observation, time: float) -> bool:
        """Return whether an event can be of this process, and not of another with its pid."""
        if process.ended is not None and process.left and choice.precedes(process, observation) and not self.exact:
            return process.ppid == observation.ppid and not observation.is_exec  # the rest of it, within the same tick
        same_exe, same_parent = process.program.exe == observation.exe, process.ppid == observation.ppid
        certain = self.exact and process.program.source == "probe"
        if certain or (same_exe and same_parent and not observation.is_exec):
            return True
        if self._proc is None:
            return same_parent or (same_exe and not observation.is_exec)
        stat = self._proc.stat_in_time(observation.pid)
        if isinstance(stat, Stat) and process.program.key is not None:
            return stat.start == process.program.key.ticks
        return abs(time - process.seen) < SOON

    def _first_seen(self, observation: Observation, time: float) -> Program:
        observed = self._from_proc(observation.pid, exe=False)
        if observed is not None and not _can_be(observed, time, observation):
            self._stats.lookups_dead += 1
            current = self.current(observation.pid)
            if current is None or current.program.key != observed.key:
                self._add(observed, observed.started)  # and the event is of one that had the pid before
            observed = None
        program = observed or Program(observation.pid, observation.ppid, observation.comm, observation.exe)
        program.ppid, program.comm, program.exe = observation.ppid, observation.comm, observation.exe
        if observation.is_exec or observed is None:
            program.event_id = observation.event_id
        return program

    def _why_unknown(self, time: float) -> str:
        """Why a process that lived at a time is unknown."""
        if not self.exact or time <= self._missed:
            return self._why
        return "unexplained" if self._lives.all_known(time) else "forgotten"

    def _adopt(self, process: Process, ppid: int, when: float) -> Program | None:
        """Look up the parent, and return it. A new parent of a known process has adopted it and did not fork it."""
        parent = self.find(ppid, when) if ppid > 0 else None
        process.ppid = process.program.ppid = ppid
        process.parent = parent.program if parent is not None else None
        process.changed()
        if parent is None and ppid > 0:
            self._orphans.append(process)
        return process.parent

    def _find_children(self, parent: Process) -> None:
        """Set this as the parent of those whose parent was not known: events that overlap end in any order."""
        for process in self._orphans:
            if process.parent is None and process.ppid == parent.pid and parent.seen - process.seen < SOON:
                process.parent = parent.program
                process.spawned_by = process.spawned_by or self._forked_by(parent.program)
                process.program.invalidate_derived()
                process.changed()

    def learn_names(self, program: Program) -> None:
        """Read comm and the path of the image, once, if /proc still has them; the probe does not report the path."""
        if self._proc is None or program.key is None or program.named:
            return
        found = self._proc.names_in_time(program.pid, program.key.ticks)
        program.named = not isinstance(found, Open)
        if isinstance(found, tuple):
            program.comm, program.exe = program.comm or found[0], found[1]

    def _read(self, pid: int, time: float) -> Process | None:
        program = self._from_proc(pid, exe=True)
        if program is None or not _can_be(program, time):
            return None
        process = self._add(program, time)
        parent = self._lives.current.get(program.ppid)
        process.parent = parent.program if parent is not None else None
        process.spawned_by = self._forked_by(process.parent)
        return process

    def _forked_by(self, parent: Program | None) -> Program | None:
        """Who may have forked a process, from its parent when it was first seen; the probe does not guess."""
        return None if self.exact else parent

    def _from_proc(self, pid: int, exe: bool) -> Program | None:
        """Read the process that has the pid now from /proc; None when it is gone."""
        if self._proc is None or self._ends is None:
            return None
        self._stats.lookups_proc += 1
        seen = None if self._ends.is_gone(pid) else self._proc.entry_in_time(pid, exe)
        if isinstance(seen, Open):
            return None
        if seen is None or not seen.namespace:
            self._stats.lookups_dead += 1
            return None
        program = Program(pid, seen.ppid, seen.comm, seen.exe)
        program.key = Key(seen.namespace, seen.start, seen.tgid)
        program.source, program.started = "proc", seen.start / 100
        return program

    def is_open(self, pid: int) -> bool:
        """Return whether the process that has a pid did not answer when it was last looked at."""
        return self._proc is not None and self._proc.looks.is_open(pid)

    def _add(self, program: Program, time: float) -> Process:
        process = Process(program, time)
        self._lives.add(process)
        self._count()
        return process

    def _count(self) -> None:
        self._stats.size, self._stats.evicted = len(self._lives.current), self._lives.evicted


def _can_be(observed: Program, time: float, observation: Observation | None = None) -> bool:
    """Return whether an event can be of a process that /proc shows; born after the event's time it has to agree."""
    if observed.started <= time or observation is None:
        return observed.started <= time + LONGEST_LAG
    alike = observed.ppid == observation.ppid or observed.comm == observation.comm
    return alike and observed.started <= time + LONGEST_LAG

"""From the probe's ring to the process table, and the account of execs that audit did not report.

    FORK 3148 ← 3103 → the table knows 3148 before any audit record names it
    EXEC 3148 "ls"   → an audit event of it is expected within `coverage_timeout`
    EXIT 3148        → dead, remembered for late events

The tracepoints fire before the audit record of the same act is queued, so draining the
ring before a chunk of audit lines is processed makes every process in it known. When the
ring had no room for all, the map of living processes shows what was missed; when the probe
is unloaded, processes are read from /proc until there is one again.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Sequence
from typing import Callable, Final

from sensor.errors import ProbeError
from sensor.probe import layout
from sensor.probe.coverage import Coverage, Evidence
from sensor.probe.layout import (
    CGROUP,
    COMM,
    EXEC,
    EXIT,
    FLAGS,
    FORK,
    HOST_ROOT,
    KIND,
    LOGINUID,
    OTHER_ROOT,
    OWN_USERS,
    PARENT,
    SESSIONID,
    SPAWNER,
    START,
    STATUS,
    TGID,
    TIME,
    ProbeRecord,
    Values,
)
from sensor.probe.ring import Ring
from sensor.process.guid import NANOSECONDS_PER_TICK
from sensor.process.program import Exec, Key, Process, ProcessStart
from sensor.process.roots import HOST, Root
from sensor.process.table import GRACE, ProcessTable
from sensor.stats import ProbeStats

_SECOND: Final = 1e9
_ROOT_FLAGS: Final = HOST_ROOT | OTHER_ROOT | OWN_USERS
_MAX_EXPECTED = 65536
_MOST_NAMES = 512
_AT_ONCE = 1024
"""Records in memory at a time, 700 bytes each: a full ring holds 32768."""

Emit = Callable[[ProbeRecord, Process], None]

log = logging.getLogger(__name__)


class _Expected:
    """An exec that audit should report: of a login user; the record only if it is asked for."""

    __slots__ = ("exec", "process", "record", "user")

    def __init__(self, exec: Exec, process: Process, user: int, record: ProbeRecord | None) -> None:
        self.exec = exec
        self.process = process
        self.user = user
        self.record = record


class ProbeReader:
    """Keeps the table as the probe sees the host, for as long as there is a probe, and whenever there is one again.

    find: opens the ring; ProbeError where there is none to be had.
    expect: seconds within which audit should report an exec; 0 keeps no account.
    """

    def __init__(self, find: Callable[[], Ring], table: ProcessTable, stats: ProbeStats, expect: float) -> None:
        self._observers: Sequence[Emit] = ()
        self._uncovered: Emit | None = None
        self._find = find
        self._table = table
        self._stats = stats
        self._expect = expect
        self._accounting = expect > 0
        self._coverage = Coverage(stats, _nothing)
        self._expected: deque[_Expected] = deque()
        self._ring: Ring | None = None
        self._lost = 0
        self._untracked = 0
        self._at_once = 0
        self._runs: dict[str, tuple[int, int]] = {}
        self._absence = ""
        self._names: dict[bytes, str] = {}

    def observe(self, observers: Sequence[Emit], uncovered: Emit | None) -> None:
        """Call these from now on, and no others.

        observers: called with each record and its process, if that is known.
        uncovered: called with each exec that audit did not report in time.
        """
        self._observers, self._uncovered = observers, uncovered

    def weigh_losses(self, evidence: Callable[[], Evidence]) -> None:
        """Distinguish lost execs from those that no rule asked for."""
        self._coverage = Coverage(self._stats, evidence)

    def begin(self) -> None:
        """Learn of all that live, and take in what was written while no sensor ran."""
        self._absence = self._open(accounting=True)
        if self._absence:
            log.warning("%s; processes are read from /proc instead", self._absence)

    def drain(self) -> None:
        """Take in all that the kernel has written."""
        self._drain()
        if self._ring is not None and not self._ring.alive():
            self._replace(self._ring)

    def _drain(self) -> None:
        ring = self._ring
        while ring is not None:
            records = ring.drain(self._at_once)
            self._stats.records += len(records)
            for record in records:
                process = self._take(record)
                if self._observers and process is not None:
                    named = ProbeRecord._make(record)
                    for observer in self._observers:
                        observer(named, process)
            if len(records) < self._at_once:
                return
            self._mend(ring)

    def check(self) -> None:
        """About once a second: mend the table, notice a probe that was unloaded or is there again, settle accounts."""
        ring = self._ring
        if ring is None:
            self._look_again()
        else:
            self._measure(ring)
            self._drain()
            self._mend(ring)
            self._count_untracked(ring)
            if not ring.alive():
                self._replace(ring)
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        self._coverage.look(now)
        self._settle(now)

    def _open(self, accounting: bool) -> str:
        """Begin to read the probe; why there is none, otherwise.

        accounting: expect audit to report what is in the ring already; it will not do so again for what it reported
        while the ring was not read.
        """
        try:
            ring = self._find()
        except ProbeError as error:
            return str(error)
        self._ring = ring
        self._at_once = min(_AT_ONCE, ring.size // layout.SLOT.size // 2)
        self._lost = self._untracked = 0
        self._stats.attached, self._stats.ring_bytes = 1, ring.size
        self._runs = ring.runs()
        self._accounting = False
        self._remember(ring)
        self._resynchronise(ring)
        self._accounting = accounting and self._expect > 0
        self._drain()
        self._accounting = self._expect > 0
        self._mend(ring)
        # What ended while the ring was full and not read has left its start in there and no end.
        self._resynchronise(ring)
        self._table.miss(time.clock_gettime(time.CLOCK_BOOTTIME), "before_probe")
        return ""

    def _remember(self, ring: Ring) -> None:
        """Take in processes that ended recently: a former sensor saw that, but their events may come to this one."""
        since = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - int(GRACE * _SECOND)
        for records in ring.past(self._at_once):
            for record in records:
                if record[0] > since:
                    self._take(record)

    def _look_again(self) -> None:
        reason = self._open(accounting=False)
        if not reason:
            log.info("there is a kernel probe; processes are read from it from now on")
        elif reason != self._absence:
            log.warning("%s", reason)
        self._absence = reason

    def _replace(self, ring: Ring) -> None:
        """The probe is detached: go on with its successor, or without."""
        self._drain()
        ring.close()
        self._ring = None
        self._stats.attached = self._stats.ring_bytes = self._stats.ring_pending_bytes = 0
        self._table.probe_lost()
        self._absence = self._open(accounting=False)
        if self._absence:
            log.error("the kernel probe was unloaded; processes are read from /proc from now on")
        else:
            log.info("the kernel probe was replaced")

    def _mend(self, ring: Ring) -> None:
        """After a full ring: learn what it had no room for. It can only have been full where there was much in it."""
        lost = ring.lost()
        if lost != self._lost:
            self._stats.lost += lost - self._lost
            self._lost = lost
            self._resynchronise(ring)
            self._table.miss(time.clock_gettime(time.CLOCK_BOOTTIME), "probe_lost")

    def _count_untracked(self, ring: Ring) -> None:
        untracked = ring.counts().untracked
        self._stats.untracked += untracked - self._untracked
        self._untracked = untracked
        self._table.note_untracked(untracked > 0)

    def _measure(self, ring: Ring) -> None:
        """How full the ring is, and what the programs have cost since the last look."""
        stats = self._stats
        stats.ring_pending_bytes = ring.pending()
        found = ring.runs()
        for name, (runs, spent) in found.items():
            runs_before, spent_before = self._runs.get(name, (runs, spent))
            stats.program_runs[name] = stats.program_runs.get(name, 0) + runs - runs_before
            stats.program_seconds[name] = stats.program_seconds.get(name, 0.0) + (spent - spent_before) / _SECOND
        self._runs = found

    def _take(self, record: Values) -> Process | None:
        kind: int = record[KIND]
        pid: int = record[TGID]
        start: int = record[START]
        process = self._table.current(pid)
        key = process.program.key if process is not None and process.program.started == start / _SECOND else None
        if key is None:
            key = self._key(record, START)
        if kind == EXIT:
            return self._end(record, key)
        if process is None or kind == FORK or process.program.key != key:
            process = self._table.born(self._start_of(record, key))
        process.found_in_cgroup(record[CGROUP])
        flags: int = record[FLAGS]
        _learn_root(process, flags, record[STATUS])
        if kind == EXEC:
            self._executed(record, process)
        return process

    def _executed(self, record: Values, process: Process) -> None:
        time: int = record[TIME]
        user: int = record[LOGINUID]
        exec = Exec(time / _SECOND, self._text(record[COMM]))
        counted = self._accounting and len(self._expected) < _MAX_EXPECTED
        process.executed(exec, counted)
        process.found_in_session(record[SESSIONID], user)
        if counted:
            asked = ProbeRecord._make(record) if self._uncovered is not None else None
            self._expected.append(_Expected(exec, process, user, asked))

    def _end(self, record: Values, key: Key) -> Process | None:
        when: int = record[TIME]
        pid: int = record[TGID]
        flags: int = record[FLAGS]
        time = when / _SECOND
        process = self._table.ended(pid, key, time)
        if process is None:  # its start was lost; its events may still come
            self._table.born(self._start_of(record, key)).found_in_cgroup(record[CGROUP])
            process = self._table.ended(pid, key, time)
        if process is not None and process.root is not None and flags & _ROOT_FLAGS:
            _learn_root(process, flags, 0)
            process.keep_root()
        return process

    def _start_of(self, record: Values, key: Key) -> ProcessStart:
        """The start of the process that has that key."""
        start: int = record[START]
        parent_pid: int = record[PARENT + 2]
        spawner_pid: int = record[SPAWNER + 2]
        parent = parent_pid, self._key(record, PARENT)
        spawner = None
        if spawner_pid:
            same = spawner_pid == parent_pid and record[SPAWNER] == record[PARENT]
            spawner = parent if same else (spawner_pid, self._key(record, SPAWNER))
        login: tuple[int, int] = record[SESSIONID], record[LOGINUID]
        found = ProcessStart(record[TGID], key, start / _SECOND, self._text(record[COMM]), parent)
        found.by(spawner, login)
        return found

    def _key(self, record: Values, first: int) -> Key:
        """The key of a process; that which the table has, where it has one: most parents have many children.

        first: the place of its start in the record, before those of its namespace and pids.
        """
        start: int = record[first]
        process = self._table.current(record[first + 2])
        if process is not None and process.program.started == start / _SECOND and process.program.key is not None:
            return process.program.key
        return Key(record[first + 1], start // NANOSECONDS_PER_TICK, record[first + 3])

    def _text(self, comm: bytes) -> str:
        """The name of a process, which many have."""
        text = self._names.get(comm)
        if text is None:
            if len(self._names) >= _MOST_NAMES:
                self._names.clear()
            text = self._names[comm] = comm.partition(b"\0")[0].decode("latin-1")
        return text

    def _settle(self, now: float) -> None:
        """Count the execs whose audit event should have come by now; in seconds since boot."""
        while self._expected and self._expected[0].exec.time + self._expect < now:
            expected = self._expected.popleft()
            exec, process, user = expected.exec, expected.process, expected.user
            if not process.missed(exec):
                if process.login is not None and process.login[1] == user:  # else it may be its exec as another user
                    self._coverage.reported(user)
                continue
            process.switch_program(exec.comm, "", "")
            self._coverage.unreported(exec.time, user)
            if expected.record is not None and self._uncovered is not None:
                self._uncovered(expected.record, process)

    def _resynchronise(self, ring: Ring) -> None:
        """Learn of all processes that live now, and of the end of those that do not."""
        try:
            living = {record.tgid: record for record in ring.live()}
        except ProbeError as error:
            log.error("%s", error)
            return
        # Oldest first, so that a parent is known before its children.
        for record in sorted(living.values(), key=lambda record: record.start):
            process = self._table.born(self._start_of(record, self._key(record, START)))
            if not process.cgroup:
                process.found_in_cgroup(record.cgroup)
            _learn_root(process, record.flags, record.mntns)
        if not ring.counts().untracked:  # else a process may live without being among them
            self._table.keep_alive(frozenset(living), time.clock_gettime(time.CLOCK_BOOTTIME))


def _nothing() -> Evidence:
    """What is known of losses without an account of them."""
    return Evidence(0, 0)


def _learn_root(process: Process, flags: int, mntns: int) -> None:
    if flags & HOST_ROOT:
        process.found_in(HOST)
    elif flags & _ROOT_FLAGS:
        process.found_in(Root(mntns, users=bool(flags & OWN_USERS)))

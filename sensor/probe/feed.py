"""From the probe's ring to the process table, and the account of execs that audit did not report.

    FORK 3148 ← 3103 → the table knows 3148 before any audit record names it
    EXEC 3148 "ls"   → an audit event of it is expected within `coverage_timeout`
    EXIT 3148        → dead, remembered for late events

The tracepoints fire before the audit record of the same act is queued, so draining the
ring before a chunk of audit lines is processed makes every process in it known.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import Callable

from sensor.errors import ProbeError
from sensor.probe.layout import EXEC, EXIT, FORK, ProbeRecord
from sensor.probe.ring import Ring
from sensor.process.guid import NANOSECONDS_PER_TICK
from sensor.process.program import Key, Process
from sensor.process.table import Birth, ProcessTable
from sensor.stats import ProbeStats

_SECOND = 1_000_000_000
_MAX_EXPECTED = 65536

Emit = Callable[[ProbeRecord, Process], None]


class Feed:
    """Keeps the table as the probe sees the host.

    expect: seconds within which audit should report an exec; 0 keeps no account.
    uncovered: called with each exec that audit did not report in that time.
    """

    def __init__(self, ring: Ring, table: ProcessTable, stats: ProbeStats, expect: float) -> None:
        self.observers: list[Emit] = []
        self.uncovered: list[Emit] = []
        self._ring = ring
        self._table = table
        self._stats = stats
        self._expect = int(expect * _SECOND)
        self._expected: deque[tuple[ProbeRecord, Process]] = deque()
        self._lost = ring.lost()
        self._attached = True
        stats.attached = 1
        self._resynchronise()
        self.drain()
        # What ended while nobody read and the ring was full has left its start in there and no end.
        self._resynchronise()

    def drain(self) -> None:
        """Take in all that the kernel has written."""
        if not self._attached:
            return
        records = self._ring.drain()
        self._stats.records += len(records)
        for record in records:
            process = self._take(record)
            for observer in self.observers:
                if process is not None:
                    observer(record, process)

    def check(self) -> None:
        """About once a second: mend the table after a full ring, notice an unloaded probe, settle accounts."""
        if not self._attached:
            return
        self.drain()
        self._settle(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
        lost = self._ring.lost()
        if lost != self._lost:
            self._stats.lost += lost - self._lost
            self._lost = lost
            self._resynchronise()
        if not self._ring.alive():
            self._attached = False
            self._stats.attached = 0
            self._table.lose()
            logging.getLogger(__name__).error("the kernel probe was unloaded; /proc tells of processes from now on")

    def _take(self, record: ProbeRecord) -> Process | None:
        key = Key(record.pidns, record.start // NANOSECONDS_PER_TICK, record.ns_tgid)
        if record.kind == EXIT:
            return self._table.ended(record.tgid, key, record.time / _SECOND)
        if record.kind == FORK:
            return self._table.born(_birth(record, key))
        process = self._table.current(record.tgid)
        if process is None or process.program.key != key:
            process = self._table.born(_birth(record, key))
        if record.kind == EXEC and self._expect and len(self._expected) < _MAX_EXPECTED:
            process.execs.append(record.time / _SECOND)
            self._expected.append((record, process))
        return process

    def _settle(self, now: int) -> None:
        """Count the execs whose audit event should have come by now."""
        while self._expected and self._expected[0][0].time + self._expect < now:
            record, process = self._expected.popleft()
            if not process.missed(record.time / _SECOND):
                continue
            process.notice(_text(record.comm), "", "")
            self._stats.uncovered_execs += 1
            for emit in self.uncovered:
                emit(record, process)

    def _resynchronise(self) -> None:
        """Learn of all processes that live now, and of the end of those that do not."""
        try:
            living = {record.tgid: record for record in self._ring.live()}
        except ProbeError as error:
            logging.getLogger(__name__).error("%s", error)
            return
        # Oldest first, so that a parent is known before its children.
        for record in sorted(living.values(), key=lambda record: record.start):
            self._table.born(_birth(record, Key(record.pidns, record.start // NANOSECONDS_PER_TICK, record.ns_tgid)))
        self._table.keep_alive(frozenset(living), time.clock_gettime(time.CLOCK_BOOTTIME))


def _birth(record: ProbeRecord, key: Key) -> Birth:
    parent = Key(record.parent_pidns, record.parent_start // NANOSECONDS_PER_TICK, record.parent_ns_tgid)
    spawner = Key(record.spawner_pidns, record.spawner_start // NANOSECONDS_PER_TICK, record.spawner_ns_tgid)
    return Birth(
        record.tgid,
        key,
        record.start / _SECOND,
        _text(record.comm),
        (record.parent_tgid, parent),
        (record.spawner_tgid, spawner) if record.spawner_tgid else None,
    )


def _text(comm: bytes) -> str:
    return comm.partition(b"\0")[0].decode("latin-1")

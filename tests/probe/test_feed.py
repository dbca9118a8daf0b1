"""From the ring to the table: a ring of lists stands for the kernel's, and what the table then knows is looked at."""

from __future__ import annotations

import os
import subprocess
import time
from typing import cast

import pytest

from sensor.probe import Options, layout
from sensor.probe.feed import Feed
from sensor.probe.layout import ALIVE, EXEC, EXIT, FORK, ProbeRecord
from sensor.probe.ring import Ring
from sensor.process.procfs import ProcFS
from sensor.process.table import ProcessTable
from sensor.stats import Stats
from tests.probe.loaded import loaded, obstacle

needs_probe = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))

HOST = 4026531836
NOW = time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def record(kind: int, pid: int, parent: int = 1, start: int = NOW) -> ProbeRecord:
    """A process whose parent forked it; each starts a tick after the one with the pid before."""
    mine, its = (start + pid * 10_000_000, HOST, pid, pid), (start + parent * 10_000_000, HOST, parent, parent)
    return ProbeRecord(mine[0], 1, *mine, *its, *its, layout.UNSET, layout.UNSET, 0, kind, 0, b"comm".ljust(16, b"\0"))


class FakeRing:
    """What Feed uses of a Ring."""

    def __init__(self, *records: ProbeRecord, living: tuple[ProbeRecord, ...] = ()) -> None:
        self.records, self.living = list(records), list(living)
        self.lost_so_far, self.attached = 0, True

    def drain(self) -> list[ProbeRecord]:
        taken, self.records = self.records, []
        return taken

    def live(self) -> list[ProbeRecord]:
        return self.living

    def lost(self) -> int:
        return self.lost_so_far

    def alive(self) -> bool:
        return self.attached


def feed_of(ring: FakeRing | Ring, proc: ProcFS | None = None) -> tuple[Feed, ProcessTable, Stats]:
    stats = Stats()
    table = ProcessTable(proc, stats.process)
    table.calibrate(time.time() - time.clock_gettime(time.CLOCK_BOOTTIME))
    return Feed(cast(Ring, ring), table, stats.probe, 5.0), table, stats


def living(table: ProcessTable, *pids: int) -> list[int]:
    found = [table.current(pid) for pid in pids]
    return [process.pid for process in found if process is not None and process.ended is None]


def test_a_process_is_known_from_its_start_to_its_end() -> None:
    ten, eleven = record(FORK, 10), record(FORK, 11, parent=10)
    ring = FakeRing(ten, record(EXEC, 10), eleven, living=(ten, eleven))
    feed, table, stats = feed_of(ring)
    process = table.current(11)
    assert process is not None
    assert process.ended is None
    assert (process.program.key, process.program.source) == ((HOST, record(FORK, 11).start // 10_000_000, 11), "probe")
    assert process.spawned_by is not None
    assert process.spawned_by.pid == 10
    ring.records = [record(EXIT, 11)]
    feed.drain()
    assert process.ended is not None
    assert stats.probe.records == 4


def test_who_ended_while_nobody_read_is_not_alive() -> None:
    """The ring was full: it holds the start of 20 and has lost its end."""
    ring = FakeRing(record(FORK, 20), record(FORK, 21), living=(record(ALIVE, 1), record(FORK, 21)))
    _, table, _ = feed_of(ring)
    assert living(table, 1, 20, 21) == [1, 21]


def test_after_a_loss_the_table_is_mended() -> None:
    ring = FakeRing(living=(record(ALIVE, 1), record(ALIVE, 30)))
    feed, table, stats = feed_of(ring)
    ring.lost_so_far, ring.living = 3, [record(ALIVE, 1), record(FORK, 31)]
    feed.check()
    assert living(table, 1, 30, 31) == [1, 31]
    assert stats.probe.lost == 3


def test_a_probe_that_vanishes_is_noticed_once(caplog: pytest.LogCaptureFixture) -> None:
    ring = FakeRing(living=(record(ALIVE, 1),))
    feed, table, stats = feed_of(ring)
    assert (table.exact, stats.probe.attached) == (True, 1)
    ring.attached = False
    feed.check()
    feed.check()
    assert (table.exact, stats.probe.attached) == (False, 0)
    assert [entry.getMessage() for entry in caplog.records] == [
        "the kernel probe was unloaded; /proc tells of processes from now on"
    ]


@needs_probe
def test_a_ring_that_was_full_when_the_sensor_started_leaves_no_ghosts() -> None:
    with loaded(Options(ring_size=4096)) as ring:
        sleepers = [subprocess.Popen(["/bin/sleep", "60"]) for _ in range(20)]
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()
        assert ring.lost() > 0
        _, table, _ = feed_of(ring, ProcFS())
        assert living(table, *(sleeper.pid for sleeper in sleepers), os.getpid()) == [os.getpid()]

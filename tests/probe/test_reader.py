"""From the ring to the table: a ring of lists stands for the kernel's, and what the table then knows is looked at."""

from __future__ import annotations

import logging
import math
import os
import subprocess
import time
from collections.abc import Iterator
from typing import Callable, cast

import pytest

from sensor.errors import ProbeError
from sensor.probe import Options, layout
from sensor.probe.layout import ALIVE, EXEC, EXIT, FORK, ProbeCounts, ProbeRecord
from sensor.probe.reader import ProbeReader
from sensor.probe.ring import Ring
from sensor.process.procfs import ProcFS
from sensor.process.roots import HOST as HOSTS_OWN
from sensor.process.roots import Root
from sensor.process.table import ProcessTable
from sensor.stats import Stats
from tests.probe.loaded import loaded, obstacle
from tests.support.observations import observation

needs_probe = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))

HOST = 4026531836
NOW = time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def record(kind: int, pid: int, parent: int = 1, start: int = NOW) -> ProbeRecord:
    """A process whose parent forked it; each starts a tick after the one with the pid before."""
    mine, its = (start + pid * 10_000_000, HOST, pid, pid), (start + parent * 10_000_000, HOST, parent, parent)
    return ProbeRecord(mine[0], 1, *mine, *its, *its, layout.UNSET, layout.UNSET, 0, kind, 0, b"comm".ljust(16, b"\0"))


class FakeRing:
    """What ProbeReader uses of a Ring; it can hold eight records."""

    size = 8 * layout.SLOT.size

    def __init__(self, *records: ProbeRecord, living: tuple[ProbeRecord, ...] = ()) -> None:
        self.records, self.living = list(records), list(living)
        self.lost_so_far, self.untracked, self.attached, self.closed = 0, 0, True, False
        self.most = 0
        self.before: list[ProbeRecord] = []
        self.ran: dict[str, tuple[int, int]] = {}

    def runs(self) -> dict[str, tuple[int, int]]:
        return self.ran

    def pending(self) -> int:
        return len(self.records) * layout.SLOT.size

    def past(self, limit: int) -> Iterator[list[ProbeRecord]]:
        yield self.before

    def drain(self, limit: int) -> list[ProbeRecord]:
        taken, self.records = self.records[:limit], self.records[limit:]
        self.most = max(self.most, len(taken))
        return taken

    def live(self) -> list[ProbeRecord]:
        return self.living

    def lost(self) -> int:
        return self.lost_so_far

    def counts(self) -> ProbeCounts:
        return ProbeCounts(0, self.lost_so_far, self.untracked)

    def alive(self) -> bool:
        return self.attached

    def close(self) -> None:
        self.closed = True


class Subject:
    """A feed with its table; `ring` is the one that is loaded, or the reason why there is none."""

    def __init__(
        self, ring: FakeRing | Ring | str, proc: ProcFS | None = None, expect: float = 5.0, observed: bool = False
    ) -> None:
        self.ring = ring
        self.stats = Stats()
        self.table = ProcessTable(proc, self.stats.process)
        self.boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        self.table.calibrate(self.boot)
        self.feed = ProbeReader(self._find, self.table, self.stats.probe, expect)
        self.observed: list[tuple[int, int]] = []
        if observed:
            self.feed.observe(
                [lambda record, process: self.observed.append((record.kind, process.pid))],
                lambda record, process: self.observed.append((-1, process.pid)),
            )
        self.feed.begin()

    def _find(self) -> Ring:
        if isinstance(self.ring, str):
            raise ProbeError(self.ring)
        return cast(Ring, self.ring)

    def living(self, *pids: int) -> list[int]:
        found = [self.table.current(pid) for pid in pids]
        return [process.pid for process in found if process is not None and process.ended is None]

    def audited(self, exec: ProbeRecord) -> None:
        """Audit reports an exec, stamped a little before it."""
        when = self.boot + exec.time / 1e9 - 0.003
        self.table.observe(observation(exec.tgid, exec.parent_tgid, "comm", "/bin/comm", "1:1", when, True))


def test_a_process_is_known_from_its_start_to_its_end() -> None:
    ten, eleven = record(FORK, 10), record(FORK, 11, parent=10)
    ring = FakeRing(ten, record(EXEC, 10), eleven, living=(ten, eleven))
    subject = Subject(ring)
    process = subject.table.current(11)
    assert process is not None
    assert process.ended is None
    assert (process.program.key, process.program.source) == ((HOST, record(FORK, 11).start // 10_000_000, 11), "probe")
    assert process.spawned_by is not None
    assert process.spawned_by.pid == 10
    ring.records = [record(EXIT, 11)]
    subject.feed.drain()
    assert process.ended is not None
    assert subject.stats.probe.records == 4


def test_parents_and_spawners_have_their_keys() -> None:
    """Also those of which nothing else is known; the parent has adopted the process."""
    fork = record(FORK, 11, parent=10)
    fork = fork._replace(parent_start=NOW - 70_000_000_000, parent_tgid=7, parent_ns_tgid=3, parent_pidns=HOST + 1)
    subject = Subject(FakeRing(fork))
    process = subject.table.current(11)
    assert process is not None
    parent, spawner = process.parent, process.spawned_by
    assert parent is not None
    assert spawner is not None
    assert (parent.pid, parent.key) == (7, (HOST + 1, (NOW - 70_000_000_000) // 10_000_000, 3))
    assert (spawner.pid, spawner.key) == (10, (HOST, record(FORK, 10).start // 10_000_000, 10))


def test_sessions_and_execs_are_learnt_whether_they_are_expected_or_not() -> None:
    fork, exec = record(FORK, 10), record(EXEC, 10)._replace(sessionid=5, loginuid=1000, time=NOW)
    process = Subject(FakeRing(fork), expect=0).table.current(10)
    assert process is not None
    assert (process.login, process.execs) == ((layout.UNSET, layout.UNSET), [])
    process = Subject(FakeRing(fork, exec), expect=0).table.current(10)
    assert process is not None
    assert process.login == (5, 1000)
    assert [(exec.time, exec.comm) for exec in process.execs] == [(NOW / 1e9, "comm")]


def test_a_process_that_ended_while_no_sensor_read_is_not_alive() -> None:
    """The ring was full: it holds the start of 20 and has lost its end."""
    ring = FakeRing(record(FORK, 20), record(FORK, 21), living=(record(ALIVE, 1), record(FORK, 21)))
    assert Subject(ring).living(1, 20, 21) == [1, 21]


def test_a_new_sensor_knows_who_died_under_the_old_one() -> None:
    """Events of theirs may be on their way."""
    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    lives = {pid: record(FORK, pid, start=now - 1_000_000_000) for pid in (10, 11)}
    long_ago = record(FORK, 12, start=now - 3_600_000_000_000)
    ring = FakeRing(living=(record(ALIVE, 1), lives[10]))
    ring.before = [long_ago, long_ago._replace(kind=EXIT), *lives.values(), lives[10]._replace(kind=EXEC, time=now)]
    ring.before.append(lives[11]._replace(kind=EXIT, time=now))
    subject = Subject(ring, expect=0.01)
    assert subject.living(1, 10, 11) == [1, 10]
    assert subject.table.find(11, subject.boot + now / 1e9) is subject.table.current(11)
    assert subject.table.current(12) is None
    assert subject.stats.probe.records == 0
    time.sleep(0.02)
    check(subject)
    assert subject.stats.probe.uncovered_execs == 0


def test_a_process_of_which_only_the_end_is_seen_is_known() -> None:
    """The ring had no room for its start."""
    subject = Subject(FakeRing(record(EXIT, 20), living=(record(ALIVE, 1),)))
    process = subject.table.current(20)
    assert process is not None
    assert process.spawned_by is not None
    assert (process.spawned_by.pid, subject.living(20)) == (1, [])


def test_after_a_loss_the_table_is_mended() -> None:
    ring = FakeRing(living=(record(ALIVE, 1), record(ALIVE, 30)))
    subject = Subject(ring)
    ring.lost_so_far, ring.living = 3, [record(ALIVE, 1), record(FORK, 31)]
    subject.feed.check()
    assert subject.living(1, 30, 31) == [1, 31]
    assert subject.stats.probe.lost == 3


def test_a_full_ring_is_mended_before_the_next_event() -> None:
    """A process whose start was lost may make the next event."""
    subject = Subject(ring := FakeRing(living=(record(ALIVE, 1),)))
    ring.records = [record(FORK, pid) for pid in range(40, 48)]
    ring.living += [*ring.records, record(FORK, 50)]
    ring.lost_so_far = 1
    subject.feed.drain()
    assert subject.living(*range(40, 51)) == [*range(40, 48), 50]


def test_what_was_lost_before_the_sensor_started_is_counted() -> None:
    ring = FakeRing()
    ring.lost_so_far = 7
    assert Subject(ring).stats.probe.lost == 7


def test_a_full_ring_is_not_taken_into_memory_at_once() -> None:
    ring = FakeRing(*(record(FORK, pid) for pid in range(10, 18)))
    subject = Subject(ring)
    assert subject.stats.probe.records == 8
    assert ring.most == 4


def test_a_process_without_room_in_the_kernels_map_may_be_alive() -> None:
    ring = FakeRing(record(FORK, 20), living=(record(ALIVE, 1),))
    ring.untracked = 1
    assert Subject(ring).living(1, 20) == [1, 20]


@pytest.mark.parametrize(("untracked", "then"), [(0, 0), (0, 3), (3, 3), (3, 0)])
def test_the_table_knows_whether_all_ends_are_reported(untracked: int, then: int) -> None:
    subject = Subject(ring := FakeRing(living=(record(ALIVE, 1),)))
    ring.untracked = untracked
    subject.feed.check()
    assert subject.table.untracked is (untracked > 0)
    ring.attached, subject.ring = False, (successor := FakeRing(living=(record(ALIVE, 1),)))
    successor.untracked = then
    subject.feed.check()
    subject.feed.check()
    assert subject.table.untracked is (then > 0)


@pytest.fixture
def output(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO, logger="sensor")

    def output() -> list[str]:
        texts = [entry.getMessage() for entry in caplog.records]
        caplog.clear()
        return texts

    return output


def check(subject: Subject, times: int = 3) -> None:
    for _ in range(times):
        subject.feed.check()
        subject.feed.drain()


def test_a_probe_that_vanishes_is_noticed_once_and_taken_up_again(output: Callable[[], list[str]]) -> None:
    subject = Subject(ring := FakeRing(record(FORK, 10), living=(record(ALIVE, 1), record(FORK, 10))))
    assert (subject.table.exact, subject.stats.probe.attached, output()) == (True, 1, [])

    ring.attached, ring.records, subject.ring = False, [record(FORK, 11)], "no probe is loaded"
    check(subject)
    assert (subject.table.exact, subject.stats.probe.attached, ring.closed) == (False, 0, True)
    assert subject.living(10, 11) == [10, 11]
    assert output() == ["the kernel probe was unloaded; processes are read from /proc from now on"]

    subject.ring = FakeRing(record(FORK, 12), living=(record(ALIVE, 1), record(FORK, 12)))
    check(subject)
    assert (subject.table.exact, subject.stats.probe.attached) == (True, 1)
    assert subject.living(10, 11, 12) == [12]
    assert output() == ["there is a kernel probe; processes are read from it from now on"]


def test_a_probe_that_is_replaced_leaves_no_gap(output: Callable[[], list[str]]) -> None:
    """As when a package is upgraded: both are attached for a moment, so some records are in both rings."""
    subject = Subject(ring := FakeRing(living=(record(ALIVE, 1),)))
    ring.attached, ring.records = False, [record(FORK, 10), record(FORK, 11), record(EXIT, 11)]
    subject.ring = FakeRing(*ring.records, record(FORK, 12), living=(record(ALIVE, 1), *ring.records[:1]))
    subject.ring.living.append(record(FORK, 12))
    subject.feed.drain()  # as before each chunk of events
    assert subject.table.exact
    assert subject.living(10, 11, 12) == [10, 12]
    assert output() == ["the kernel probe was replaced"]


def test_a_probe_may_be_loaded_after_the_sensor(output: Callable[[], list[str]]) -> None:
    subject = Subject("no probe is loaded")
    check(subject)
    assert output() == ["no probe is loaded; processes are read from /proc instead"]
    subject.ring = "permission denied"
    check(subject)
    assert output() == ["permission denied"]
    subject.ring = FakeRing(living=(record(ALIVE, 1),))
    check(subject)
    assert (subject.living(1), subject.stats.probe.attached) == ([1], 1)
    assert output() == ["there is a kernel probe; processes are read from it from now on"]


EXPECT = 0.05


@pytest.mark.parametrize("observed", [True, False], ids=["as-events", "counted-only"])
def test_an_exec_that_audit_does_not_report_is_counted_once(observed: bool) -> None:
    """Also one from before the sensor was there."""
    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    start = now - 1_000_000_000
    forks = [record(FORK, pid, start=start) for pid in (10, 11, 12)]
    reported, silent, early = (record(EXEC, pid, start=start)._replace(time=now) for pid in (10, 11, 12))
    ring = FakeRing(*forks, early, living=(record(ALIVE, 1),))
    subject = Subject(ring, expect=EXPECT, observed=observed)
    ring.records = [reported, silent]
    subject.feed.drain()
    subject.audited(reported)
    subject.feed.check()
    assert subject.stats.probe.uncovered_execs == 0
    time.sleep(EXPECT)
    check(subject)
    assert subject.stats.probe.uncovered_execs == 2
    execs = [(EXEC, 12), (EXEC, 10), (EXEC, 11)]
    assert subject.observed == ([(FORK, 10), (FORK, 11), (FORK, 12), *execs, (-1, 12), (-1, 11)] if observed else [])


@pytest.mark.parametrize(("first", "uncovered"), [(True, 1), (False, 0)], ids=["at-start", "taken-up-again"])
def test_execs_in_a_ring_that_is_taken_up_again_are_not_expected(first: bool, uncovered: int) -> None:
    """Audit reported them while the ring was not read; at the start of the sensor it has reported nothing yet."""
    subject = Subject("none", expect=EXPECT)
    ring = FakeRing(record(EXEC, 10)._replace(time=NOW), living=(record(ALIVE, 1), record(EXEC, 10)))
    if first:
        subject = Subject(ring, expect=EXPECT)
    subject.ring = ring
    subject.feed.check()
    time.sleep(EXPECT)
    check(subject)
    assert subject.stats.probe.uncovered_execs == uncovered


@needs_probe
def test_a_ring_that_was_full_when_the_sensor_started_leaves_no_ghosts() -> None:
    with loaded(Options(ring_size=4096)) as ring:
        sleepers = [subprocess.Popen(["/bin/sleep", "60"]) for _ in range(20)]
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()
        assert ring.lost() > 0
        assert Subject(ring, ProcFS()).living(*(sleeper.pid for sleeper in sleepers), os.getpid()) == [os.getpid()]


@pytest.mark.parametrize(
    ("started", "executed", "ended", "root", "certain"),
    [
        (layout.HOST_ROOT, layout.HOST_ROOT, layout.HOST_ROOT, HOSTS_OWN, True),
        (layout.HOST_ROOT, layout.HOST_ROOT, 0, HOSTS_OWN, False),
        (layout.HOST_ROOT, layout.HOST_ROOT, layout.OTHER_ROOT, Root(0), True),
        (layout.HOST_ROOT, layout.OTHER_ROOT, layout.HOST_ROOT, Root(7), True),
        (layout.OTHER_ROOT, layout.HOST_ROOT, layout.HOST_ROOT, Root(7), True),
        (layout.HOST_ROOT, layout.OTHER_ROOT | layout.OWN_USERS, layout.OWN_USERS, Root(7, users=True), True),
        (layout.OWN_USERS, layout.OWN_USERS, 0, Root(7, users=True), False),
        (0, 0, layout.HOST_ROOT, None, False),
        (0, 0, 0, None, False),
    ],
)
def test_a_root_that_was_not_the_hosts_counts(
    started: int, executed: int, ended: int, root: Root | None, certain: bool
) -> None:
    acts = ((FORK, started, 7), (EXEC, executed, 7), (EXIT, ended, 0))
    ring = FakeRing(*[record(kind, 10)._replace(flags=flags, status=status) for kind, flags, status in acts])
    process = Subject(ring).table.current(10)
    assert process is not None
    assert process.root == root
    assert (process.root is HOSTS_OWN) is (root is HOSTS_OWN)
    assert (process.rooted == math.inf) is certain

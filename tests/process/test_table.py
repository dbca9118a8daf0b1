"""The process table: which process a pid meant, and when; from /proc, from records alone, and from the probe.

Times are seconds since BOOTED in the tables below; in the fake /proc, `start` is in clock ticks.
"""

from __future__ import annotations

import pytest

from sensor.process.program import Key, Process
from sensor.process.table import GRACE, ProcessTable
from sensor.stats import ProcessStats
from tests.support.fake_host import BOOTED, FakeHost
from tests.support.observations import observation, process_start

NAMESPACE = 4026531836
BASH, LS = "/usr/bin/bash", "/usr/bin/ls"


class Subject:
    """A table, and shorter ways to talk to it."""

    def __init__(self, host: FakeHost | None, limit: int = 100) -> None:
        self.stats = ProcessStats()
        self.table = ProcessTable(host.proc if host is not None else None, self.stats, limit)
        self.table.calibrate(BOOTED)
        self.events = 0

    def observe(self, pid: int, ppid: int, exe: str, at: float, is_exec: bool = False) -> Process:
        self.events += 1
        comm = exe.rpartition("/")[2]
        return self.table.observe(observation(pid, ppid, comm, exe, f"event {self.events}", BOOTED + at, is_exec))

    def find(self, pid: int, at: float) -> Process | None:
        return self.table.find(pid, BOOTED + at)

    def born(self, pid: int, ticks: int, parent: tuple[int, int] = (1, 1), forked: bool = True) -> Process:
        up = parent[0], key(*parent)
        return self.table.born(process_start(pid, key(pid, ticks), ticks / 100, "", up, up if forked else None))

    def ended(self, pid: int, ticks: int, at: float) -> None:
        self.table.ended(pid, key(pid, ticks), at)


def key(pid: int, ticks: int) -> Key:
    return Key(NAMESPACE, ticks, pid)


@pytest.fixture
def host(tmp_path):
    host = FakeHost(tmp_path)
    host.process(1, 0, "/sbin/init", start=1)
    host.process(100, 1, BASH, start=5000)
    return host


@pytest.fixture
def subject(host):
    return Subject(host)


def test_a_process_that_was_there_before_is_read_from_proc(subject):
    process = subject.observe(100, 1, BASH, 60)
    assert (process.program.key, process.program.source, process.program.event_id) == (key(100, 5000), "proc", "")
    assert process.parent is not None
    assert (process.parent.pid, process.parent.exe, process.parent.key) == (1, "/sbin/init", key(1, 1))
    assert process.spawned_by is process.parent
    assert (subject.stats.lookups_proc, subject.stats.size) == (2, 2)


def test_a_process_already_gone_has_no_key(subject):
    process = subject.observe(200, 100, LS, 60)
    assert (process.program.key, process.program.event_id) == (None, "event 1")
    assert process.parent is not None
    assert process.parent.key == key(100, 5000)
    assert (subject.stats.lookups_dead, process.unidentified) == (1, "no_probe")


def test_a_process_that_began_after_the_event_is_another_one(subject):
    assert subject.observe(100, 1, BASH, 48).program.key is None


def test_exec_begins_a_program_and_no_process(subject):
    before = subject.observe(100, 1, BASH, 60).program
    process = subject.observe(100, 1, LS, 61, is_exec=True)
    assert (process.program.exe, process.program.event_id) == (LS, "event 2")
    assert process.program.key == before.key
    assert process.spawned_by is before
    assert subject.observe(100, 1, LS, 62) is process
    again = subject.observe(100, 1, LS, 63, is_exec=True)
    assert again is process
    assert process.spawned_by is not None
    assert process.spawned_by.exe == LS


def test_another_program_without_an_exec_is_noticed(subject):
    subject.observe(100, 1, BASH, 60)
    process = subject.observe(100, 1, LS, 61)
    assert (process.program.exe, process.program.event_id, process.program.key) == (LS, "event 2", key(100, 5000))


def test_the_parent_of_a_process_that_another_record_named_is_found_later(subject):
    named = subject.find(100, 60)
    assert (named.program.key, named.parent) == (key(100, 5000), None)
    process = subject.observe(100, 1, BASH, 61)
    assert process is named
    assert (process.parent.pid, process.parent.exe, process.spawned_by) == (1, "/sbin/init", process.parent)


def test_a_new_parent_has_adopted_the_process_and_did_not_fork_it(host, subject):
    host.process(50, 1, "/usr/bin/tini", start=900)
    process = subject.observe(100, 50, BASH, 60)
    spawner = process.spawned_by
    host.end(50)
    assert subject.observe(100, 1, BASH, 61) is process
    assert (process.ppid, process.parent.pid, process.spawned_by) == (1, 1, spawner)
    assert process.program.key == key(100, 5000)


def test_a_pid_used_again_is_another_process(host, subject):
    first = subject.observe(100, 1, BASH, 60)
    host.process(100, 1, LS, start=7000)
    second = subject.observe(100, 1, LS, 71, is_exec=True)
    assert second is not first
    assert second.program.key == key(100, 7000)
    assert second.spawned_by is not first.program
    assert subject.stats.reused == 1
    assert subject.find(100, 71) is second
    assert subject.find(100, 69.9) is first
    assert subject.observe(100, 1, BASH, 69) is first


def test_a_pid_used_again_is_noticed_by_the_sweep_as_well(host, subject):
    first = subject.observe(100, 1, BASH, 60)
    host.process(100, 1, BASH, start=7000)
    for _ in range(2):
        subject.table.sweep(BOOTED + 70)
    assert first.ended == 70
    assert subject.observe(100, 1, BASH, 71).program.key == key(100, 7000)


def test_a_process_that_is_gone_ends_and_is_forgotten_after_its_grace(host, subject):
    process = subject.observe(100, 1, BASH, 60)
    host.end(100)
    for _ in range(2):
        subject.table.sweep(BOOTED + 65)
    assert process.ended == 65
    assert subject.find(100, 64) is process
    assert subject.find(100, 66) is None
    subject.table.sweep(BOOTED + 65 + GRACE + 1)
    assert subject.table.current(100) is None
    assert subject.find(100, 64) is None


@pytest.mark.parametrize(
    ("ppid", "exe", "is_exec", "same"),
    [
        (10, BASH, False, True),
        (10, BASH, True, True),
        (10, LS, True, True),
        (10, LS, False, True),
        (11, BASH, False, True),  # adopted
        (11, BASH, True, False),
        (11, LS, False, False),
        (11, LS, True, False),
    ],
)
def test_records_alone_show_a_process_by_program_and_parent(ppid, exe, is_exec, same):
    subject = Subject(None)
    process = subject.observe(100, 10, BASH, 60)
    assert (subject.observe(100, ppid, exe, 61, is_exec) is process) is same
    assert subject.stats.lookups_proc == 0


def test_the_clock_of_the_events_may_step(subject):
    process = subject.observe(100, 1, BASH, 60)
    assert subject.observe(100, 1, BASH, 59) is process
    assert process.seen == 60
    subject.table.calibrate(BOOTED - 3600)
    assert subject.table.find(100, BOOTED - 3600 + 61) is process


def test_no_more_processes_are_kept_than_allowed(host):
    subject = Subject(host, limit=3)
    for number in range(200, 210):
        subject.observe(number, 0, LS, number)
    assert subject.stats.size == 3
    assert subject.stats.evicted == 7
    assert [pid for pid in range(200, 210) if subject.table.current(pid)] == [207, 208, 209]


@pytest.mark.parametrize(
    ("heard", "kept"),
    [(None, False), (GRACE + 70, False), (65, True), (GRACE + 59, True), (GRACE + 3600, False)],
    ids=["nothing", "all-newer", "far-behind", "not-quite", "clock-stepped"],
)
def test_the_dead_are_remembered_until_the_events_have_passed_them(subject, heard, kept):
    """In a burst events come late, and the probe has reported of all those ends already."""
    process = subject.born(200, 5900)
    subject.table.ended(200, key(200, 5900), 60)
    if heard is not None:
        subject.observe(100, 1, BASH, heard)
    subject.table.sweep(BOOTED + 100 + GRACE)
    assert (subject.table.process_of(process.program) is process) == kept
    subject.table.sweep(BOOTED + 101 + GRACE)
    assert subject.table.process_of(process.program) is None


# The probe.


def test_the_probe_shows_who_started_when_by_whom(subject):
    parent = subject.born(100, 5000)
    child = subject.born(200, 6000, parent=(100, 5000))
    assert (child.program.key, child.program.source, child.ppid) == (key(200, 6000), "probe", 100)
    assert (child.parent, child.spawned_by) == (parent.program, parent.program)
    assert subject.observe(200, 100, BASH, 60.5) is child
    assert child.program.event_id == ""
    assert subject.stats.lookups_proc == 0


def test_a_process_is_known_only_between_its_start_and_its_end(subject):
    first = subject.born(200, 6000)
    subject.table.ended(200, key(200, 6000), 61)
    second = subject.born(200, 7000)
    subject.table.ended(200, key(200, 7000), 71)
    assert [subject.find(200, at) for at in (58, 60.5, 65, 70.5, 75)] == [None, first, None, second, None]


def test_starts_may_be_reported_out_of_order(subject):
    second = subject.born(200, 7000)
    first = subject.born(200, 6000)
    assert subject.table.current(200) is second
    assert (second.before, first.after, first.ended) == (first, second, 70)
    assert subject.find(200, 60.5) is first


def test_a_process_reported_twice_is_one(subject):
    assert subject.born(200, 6000) is subject.born(200, 6000)


def test_what_proc_reported_is_confirmed_by_the_probe(subject):
    process = subject.observe(100, 1, BASH, 60)
    up = 1, key(1, 1)
    birth = process_start(100, key(100, 5000), 50.0042, "", up, None, (3, 1000))
    for _ in range(2):
        assert subject.table.born(birth) is process
    assert (process.program.source, process.program.started, process.login) == ("probe", 50.0042, (3, 1000))


def test_the_parent_that_nobody_knows_has_its_key(subject):
    child = subject.born(200, 6000, parent=(150, 5500))
    assert child.parent is not None
    assert (child.parent.pid, child.parent.key, child.parent.exe) == (150, key(150, 5500), "")


@pytest.mark.parametrize("forked", [True, False])
def test_the_first_process_has_no_parent(subject, forked):
    """Nor has one whose parent the probe could not tell."""
    init = subject.born(1, 1, parent=(0, 0), forked=forked)
    assert (init.parent, init.spawned_by) == (None, None)


def test_an_end_is_of_the_process_with_that_key(subject):
    process = subject.born(200, 6000)
    assert subject.table.ended(200, key(200, 5000), 61) is None
    assert process.ended is None
    assert subject.table.ended(200, key(200, 6000), 61) is process


def test_all_others_have_ended(subject):
    one, other = subject.born(200, 6000), subject.born(201, 6000)
    subject.table.keep_alive(frozenset({201}), 70)
    assert (one.ended, other.ended) == (70, None)


def test_what_the_probe_has_not_reported_proc_may(subject):
    """As after a full ring, or for a process that had no room in the kernel's map when the probe was loaded."""
    subject.born(200, 6000)
    process = subject.find(100, 60)
    assert process is not None
    assert process.program.source == "proc"


def test_who_forked_a_process_that_proc_reported_of_the_probe_knows(subject):
    """Its true parent is dead, and init has adopted it."""
    process = subject.observe(100, 1, BASH, 60)
    assert process.spawned_by is not None
    assert process.spawned_by.pid == 1
    spawner = subject.born(90, 4000)
    subject.table.ended(90, key(90, 4000), 55)
    by = 90, key(90, 4000)
    assert subject.table.born(process_start(100, key(100, 5000), 50, "bash", (1, key(1, 1)), by)) is process
    assert (process.spawned_by, process.ppid, process.settled) == (spawner.program, 1, False)


def test_a_child_is_of_what_its_parent_ran_at_the_fork_also_if_audit_shows_later(subject):
    """The parent has executed ls, then forked; audit reports the exec after the child was born."""
    parent = subject.born(100, 5000)
    child = subject.born(200, 6000, parent=(100, 5000))
    subject.observe(100, 1, LS, 59, is_exec=True)
    assert subject.observe(200, 100, LS, 60.5) is child
    assert child.spawned_by is child.parent is parent.program
    assert (child.spawned_by.event_id, child.spawned_by.exe) == ("event 1", LS)


def test_a_child_is_not_of_what_its_parent_ran_after_the_fork(subject):
    parent = subject.born(100, 5000)
    before = parent.program
    child = subject.born(200, 6000, parent=(100, 5000))
    subject.observe(100, 1, LS, 61, is_exec=True)
    subject.observe(200, 100, BASH, 62)
    assert child.spawned_by is child.parent is before


@pytest.mark.parametrize("probe", [True, False])
def test_a_program_is_of_its_process_not_of_who_has_the_pid_now(host, subject, probe):
    old = (subject.born(100, 5000) if probe else subject.observe(100, 1, BASH, 60)).program
    subject.ended(100, 5000, 65)
    new = subject.born(100, 7000)
    was = subject.table.process_of(old)
    assert was is not None
    assert (was.program, was.ended) == (old, 65)
    assert subject.table.process_of(new.program) is new
    for _ in range(2):
        subject.table.sweep(BOOTED + 100)
    assert subject.table.process_of(old) is None


def test_a_program_without_a_key_is_of_who_has_its_pid():
    subject = Subject(None)
    process = subject.observe(200, 1, BASH, 60)
    assert subject.table.process_of(process.program) is process


def test_who_forked_a_process_is_not_guessed_where_the_probe_would_know(subject):
    """Its start was lost, and its parent may have adopted it."""
    subject.born(1, 1)
    process = subject.observe(300, 1, BASH, 60)
    assert process.parent is not None
    assert process.spawned_by is None
    assert subject.find(100, 60).spawned_by is None
    subject.table.probe_lost()
    assert subject.observe(301, 1, BASH, 60).spawned_by is process.parent


def test_without_the_probe_a_pid_used_again_is_noticed(host, subject):
    """Its end was never reported, because the probe was unloaded before."""
    before = subject.born(100, 5000)
    subject.observe(100, 1, BASH, 60)
    host.process(100, 1, LS, start=9000)
    assert subject.observe(100, 1, LS, 91) is before
    subject.table.probe_lost()
    assert subject.observe(100, 1, BASH, 92).program.key == key(100, 9000)


def test_the_dead_make_room_before_the_living(host):
    """A busy host starts more processes within the grace than the table holds; none of them is worth init."""
    subject = Subject(host, limit=10)
    init = subject.born(1, 1, parent=(0, 0))
    for number in range(200, 300):
        subject.born(number, number * 100)
        subject.table.ended(number, key(number, number * 100), number + 0.5)
    assert subject.table.current(1) is init
    assert subject.stats.size <= 10
    assert subject.stats.evicted == 0


def test_a_foreign_table_asks_no_proc(subject):
    foreign = subject.table.without_proc()
    assert foreign.find(100, BOOTED + 60) is None
    assert subject.stats.lookups_proc == 0


def test_a_parent_whose_first_event_ends_later_is_reported_to_its_children():
    subject = Subject(None)
    child = subject.observe(200, 150, BASH, 10)
    assert child.parent is None
    parent = subject.observe(150, 1, BASH, 10.004)
    assert (child.parent, child.spawned_by, child.settled) == (parent.program, parent.program, False)


def test_a_pid_seen_long_after_is_not_the_parent():
    subject = Subject(None)
    child = subject.observe(200, 150, BASH, 10)
    subject.observe(150, 1, BASH, 100)
    assert child.parent is None

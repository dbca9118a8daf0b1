"""Order decides, not time: late events, clocks that are set, pids that are used again, and why a process is unknown.

Times are seconds since BOOTED as the clock was at first; `now` is the time since boot at which events come in.
"""

from __future__ import annotations

import pytest

from sensor.process.program import Process, Program
from sensor.process.table import GRACE
from tests.process.test_table import BASH, LS, Subject, key
from tests.support.fake_host import BOOTED, FakeHost
from tests.support.observations import observation, process_start


class Clocked(Subject):
    """A subject whose events bear true serials and the time of a clock that can be set."""

    offset = 0.0

    def set(self, by: float, now: float) -> None:
        """The clock is set, and read between two chunks."""
        self.offset += by
        self.table.calibrate(BOOTED + self.offset, now)

    def read(self, now: float) -> None:
        self.table.calibrate(BOOTED + self.offset, now)

    def event(self, pid: int, at: float, ppid: int = 1, is_exec: bool = False) -> Process:
        """An event of a moment since boot, stamped by the clock as it is now."""
        return self.stamped(pid, at + self.offset, ppid, is_exec)

    def stamped(self, pid: int, when: float, ppid: int = 1, is_exec: bool = False) -> Process:
        self.events += 1
        id = f"{BOOTED + when:.3f}:{self.events}"
        return self.table.observe(observation(pid, ppid, "bash", BASH, id, BOOTED + when, is_exec, ses=3, auid=1000))


@pytest.fixture
def host(tmp_path):
    host = FakeHost(tmp_path)
    host.process(1, 0, "/sbin/init", start=1)
    host.process(100, 1, BASH, start=5000)
    return host


@pytest.fixture
def subject(host):
    subject = Clocked(host)
    subject.read(now=0.0)
    return subject


@pytest.mark.parametrize("lag", [0, 0.004, 0.0111, 0.015, 0.02, 0.039, 0.25, 1.0])
@pytest.mark.parametrize("ended", [True, False])
def test_an_event_that_is_stamped_before_the_birth(subject, lag, ended):
    """rel: 89 of 2,401 in a machine whose ticks came 15 to 20 ms late."""
    subject.table.miss(0.0, "before_probe")
    process = subject.born(200, 6000)
    if ended:
        subject.ended(200, 6000, 60.002)
    subject.read(now=60.1)
    assert subject.event(200, 60.001 - lag) is process
    assert subject.stats.unidentified == dict.fromkeys(subject.stats.unidentified, 0)
    subject.table.sweep(BOOTED + 61)
    assert subject.stats.lag == pytest.approx(max(0, lag - 0.001), abs=1e-5)


def test_a_lag_beyond_all_bounds_is_believed_where_nobody_else_can_have_had_the_pid(subject):
    subject.table.miss(50.0, "before_probe")
    process = subject.born(200, 6000)
    subject.read(now=61)
    assert subject.event(200, 56) is process
    subject.table.sweep(BOOTED + 61)
    assert subject.stats.lag == pytest.approx(4)
    assert subject.event(200, 49).unidentified == "before_probe"
    assert subject.table.current(200) is process
    assert process.ended is None


@pytest.mark.parametrize("probe", [True, False])
@pytest.mark.parametrize(
    ("steps", "when"),
    [
        ([(-600, 70.0)], 71.0),
        ([(-600, 70.0)], 69.0),
        ([(-3600 * 24 * 365, 70.0)], 71.0),
        ([(-BOOTED, 70.0)], 71.0),  # to 1970
        ([(3600, 70.0)], 71.0),
        ([(3600, 70.0)], 69.0),
        ([(-0.4, 70.0)], 70.2),
        ([(-0.4, 70.0)], 69.9),
        ([(0.4, 70.0)], 70.2),
        ([(-600, 70.0), (600, 72.0)], 73.0),
        ([(-600, 70.0), (600, 72.0)], 71.0),
        ([(-600, 70.0), (-600, 72.0), (3600, 74.0)], 73.0),
    ],
)
def test_a_clock_that_is_set_costs_no_guid(subject, probe, steps, when):
    """Whether events come in at once, or after the clock was set again."""
    if probe:
        subject.table.miss(0.0, "before_probe")
        subject.born(100, 5000)
    subject.read(now=60.0)
    assert subject.event(100, 59.9).program.key == key(100, 5000)
    stamped = when
    for by, at in steps:
        subject.read(now=at)
        subject.set(by, now=at + 0.01)
        if at <= when:
            stamped = when + subject.offset
    subject.read(now=max(when, steps[-1][1]) + 0.1)
    process = subject.stamped(100, stamped)
    assert process.program.key == key(100, 5000)
    assert process.ended is None
    assert subject.table.current(100) is process


@pytest.mark.parametrize("by", [-600, -0.3, 0.3, 3600])
def test_who_died_before_the_clock_was_set_keeps_its_guid(subject, by):
    subject.table.miss(0.0, "before_probe")
    process = subject.born(200, 6000)
    subject.ended(200, 6000, 60.05)
    subject.read(now=60.06)
    stamped = 60.02 + subject.offset
    subject.set(by, now=60.1)
    subject.table.sweep(BOOTED + subject.offset + 60.1)
    assert subject.stamped(200, stamped) is process


@pytest.mark.parametrize("stamped", [3700.0, -5000.0])
@pytest.mark.parametrize("probe", [True, False])
def test_an_event_of_a_clock_of_which_nothing_is_known(subject, probe, stamped):
    """It was ahead, or behind, before the sensor began: order is all there is."""
    if probe:
        subject.table.miss(0.0, "before_probe")
        subject.born(100, 5000)
    subject.read(now=60.0)
    process = subject.stamped(100, stamped)
    assert process.program.key == key(100, 5000)
    assert subject.stamped(100, stamped + 0.1) is process
    assert process.seen <= 60.0


def test_a_guess_never_takes_the_place_of_a_process_that_lives(subject):
    """An event of a former owner of the pid, of which nothing is known, comes late."""
    subject.read(now=62)
    process = subject.event(100, 60)
    other = subject.event(100, 40)
    assert (other.program.key, other.unidentified) == (None, "no_probe")
    assert subject.table.current(100) is process
    assert process.ended is None
    assert subject.event(100, 40.1) is other
    assert subject.event(100, 61) is process


@pytest.mark.parametrize(
    ("ppid", "exe", "known"), [(1, BASH, True), (1, LS, True), (7, BASH, True), (7, LS, False)], ids=str
)
@pytest.mark.parametrize("at", [49.2, 49.99])
def test_what_proc_shows_of_who_was_born_after_the_event_has_to_agree(subject, at, ppid, exe, known):
    """The clock was late, or the pid was another process's a moment ago."""
    subject.read(now=51.0)
    process = subject.observe(100, ppid, exe, at)
    assert (process.program.key == key(100, 5000)) is known
    assert subject.observe(100, 1, BASH, 50.5).program.key == key(100, 5000)


def test_nor_does_one_that_was_made_before_the_process_was_known(subject):
    """Its events look like those of the other."""
    subject.read(now=62)
    other = subject.event(100, 40)
    assert (other.program.key, other.unidentified) == (None, "no_probe")
    process = subject.event(100, 60)
    assert (process.program.key, process.program.exe, process.program.event_id) == (key(100, 5000), BASH, "")
    assert process.parent is not None
    assert process.spawned_by is process.parent
    assert subject.event(100, 41) is other
    assert other.ended == 50


@pytest.mark.parametrize("ppid", [11, 12])
def test_two_that_had_the_pid_within_a_tick(subject, ppid):
    subject.table.miss(0.0, "before_probe")
    lives = {}
    for number, parent in enumerate((11, 12)):
        began = 6000 + number
        lives[parent] = subject.born(200, began, parent=(parent, 100))
        subject.ended(200, began, began / 100 + 0.001)
    subject.read(now=60.1)
    assert subject.event(200, 59.999, ppid=ppid) is lives[ppid]


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ("nothing", "no_probe"),
        ("unloaded", "no_probe"),
        ("loaded-after", "before_probe"),
        ("lost-before", "unexplained"),
        ("lost-after", "probe_lost"),
        ("all", "unexplained"),
        ("forgotten", "forgotten"),
    ],
)
def test_why_a_process_is_unknown(host, reported, expected):
    subject = Clocked(host, limit=2 if reported == "forgotten" else 100)
    subject.read(now=0.0)
    if reported != "nothing":
        subject.born(1, 1)
        subject.table.miss(65.0 if reported == "loaded-after" else 1.0, "before_probe")
    if reported == "unloaded":
        subject.table.probe_lost()
    if reported.startswith("lost"):
        subject.table.miss(50.0 if reported == "lost-before" else 65.0, "probe_lost")
    if reported == "forgotten":
        for pid in range(300, 305):
            subject.born(pid, 5000)
    subject.read(now=60.1)
    process = subject.event(200, 60)
    assert (process.program.key, process.unidentified) == (None, expected)
    assert expected in subject.table.unidentified
    assert subject.event(100, 60).unidentified == ""


@pytest.mark.parametrize("why", ["other_host", "before_boot"])
def test_processes_of_elsewhere_are_unknown_for_that_reason(subject, why):
    process = subject.table.without_proc(why).observe(observation(5, 1, "x", "/x", "1:1", 1.0, False))
    assert process.unidentified == why


def test_a_step_does_not_make_the_dead_forgotten(subject):
    """Their events may be on their way, stamped by the clock as it was."""
    subject.table.miss(0.0, "before_probe")
    process = subject.born(200, 6000)
    subject.ended(200, 6000, 60.5)
    subject.read(now=61)
    subject.event(100, 60.9)
    subject.set(3600, now=62)
    subject.event(100, 61.9)
    subject.table.sweep(BOOTED + 3600 + 62)
    assert subject.table.process_of(process.program) is process
    subject.read(now=61 + GRACE)
    subject.event(100, 61 + GRACE)
    subject.table.sweep(BOOTED + 3600 + 61 + GRACE)
    assert subject.table.process_of(process.program) is None


def test_who_is_only_named_by_a_record_is_found_by_the_same_rule(subject):
    subject.table.miss(0.0, "before_probe")
    first, second = subject.born(200, 6000), subject.born(200, 6100)
    subject.read(now=70)
    for at, expected in ((59.5, first), (60.5, first), (60.999, first), (61.001, second), (69, second)):
        assert subject.find(200, at) is expected


def test_the_exe_of_another_program_is_noticed_in_the_right_one(subject):
    subject.table.miss(0.0, "before_probe")
    first, second = subject.born(200, 6000), subject.born(200, 6100)
    subject.read(now=70)
    subject.observe(200, 1, LS, 60.5)
    assert (first.program.exe, second.program.exe) == (LS, "")


def test_two_of_a_pid_within_one_hundredth_of_a_second_are_two(subject):
    """They have the same key, and the same GUID."""
    processes = []
    for began in (60.001, 60.004):
        up = 1, key(1, 1)
        processes.append(subject.table.born(process_start(200, key(200, 6000), began, "", up, up)))
        subject.ended(200, 6000, began + 0.002)
    first, second = processes
    assert (first.after, first.ended, second.ended) == (second, 60.003, 60.006)
    subject.read(now=70)
    assert [subject.find(200, at) for at in (60, 60.002, 60.0035, 60.005, 60.007)] == [
        first, first, second, second, None
    ]  # fmt: skip


def test_what_a_former_sensor_reported_is_confirmed_by_the_probe(subject):
    up = 1, key(1, 1)
    birth = process_start(100, key(100, 5000), 50.0042, "", up, None)
    process = subject.table.born(birth)
    program = Program(100, 1, "bash", BASH)
    program.key, program.started = key(100, 5000), 50.0
    assert subject.table.recall(program, None)
    assert subject.table.born(birth) is process
    assert process.program is program


@pytest.mark.parametrize(
    ("probe", "untracked", "at_once"), [(False, False, 30), (True, False, 10), (True, True, 30), (False, True, 30)]
)
def test_where_the_probe_reports_all_ends_a_sweep_asks_proc_for_few(host, probe, untracked, at_once):
    subject = Subject(host)
    subject.table.note_untracked(untracked)
    pids = range(201, 231)
    for pid in pids:
        host.process(pid, 100, BASH, start=6000)
    processes = [subject.born(pid, 6000) if probe else subject.observe(pid, 100, BASH, 61) for pid in pids]
    for pid in pids:
        host.end(pid)
    subject.table.sweep(BOOTED + 62)  # notes whom to look at
    subject.table.sweep(BOOTED + 63)
    assert len([process for process in processes if process.ended is not None]) == at_once
    for second in range(64, 70):
        subject.table.sweep(BOOTED + second)
    assert all(process.ended is not None for process in processes)

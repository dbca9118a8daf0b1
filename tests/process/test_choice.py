"""Which process an event is of, where a pid had several: by time as far as it says, then by order, then by the record.

The property at the end makes histories of one pid, with any lag up to a second, and a model that knows the truth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor.process.choice import Observation, at_time, by_order
from sensor.process.clock import LONGEST_LAG
from sensor.process.program import ROUNDING, Exec, Key, Process, Program
from sensor.process.table import ProcessTable
from sensor.stats import ProcessStats
from tests.support import observations

PID = 42
BOOTED = 1_700_000_000.0


class Life(NamedTuple):
    """One process; login: session and login uid; execs: as the probe saw them."""

    began: float
    ended: float | None
    ppid: int = 10
    login: tuple[int, int] = (3, 1000)
    comm: str = "sh"
    execs: tuple[Exec, ...] = ()


def chain(*lives: Life) -> list[Process]:
    """Processes that had the pid one after the other."""
    processes: list[Process] = []
    for life in lives:
        program = Program(PID, life.ppid, life.comm, "")
        program.key, program.started = Key(1, int(life.began * 100), PID), life.began
        process = Process(program, life.began)
        process.ended, process.login = life.ended, life.login
        for exec in life.execs:
            process.executed(exec)
        if processes:
            process.before, processes[-1].after = processes[-1], process
        processes.append(process)
    return processes


def observation(time: float = 0.0, serial: int = 100, is_exec: bool = False, **output: object) -> Observation:
    facts = {"ppid": 10, "ses": 3, "auid": 1000, "comm": "sh", **output}
    id = f"1:{serial}"
    ses, auid = facts["ses"], facts["auid"]
    return observations.observation(PID, facts["ppid"], facts["comm"], "/x", id, time, is_exec, ses=ses, auid=auid)


FIRST, SECOND, THIRD = Life(10.0, 10.2), Life(10.3, 10.4), Life(11.0, None)


@pytest.mark.parametrize(
    ("time", "which"),
    [
        (8.0, 0),  # the oldest, however long before: who asks has to know whether there was another one
        (9.1, 0),
        (10.1, 0),
        (10.2, 0),
        (10.201, 1),
        (10.25, 1),
        (10.35, 1),
        (10.41, 2),
        (99.0, 2),
    ],
)
def test_the_oldest_that_had_not_ended(time, which):
    processes = chain(FIRST, SECOND, THIRD)
    assert at_time(processes[-1], time, None) is processes[which]
    assert at_time(processes[-1], time, observation()) is processes[which]


def test_none_where_all_had_ended():
    processes = chain(FIRST, SECOND)
    assert at_time(processes[-1], 10.5, None) is None
    assert at_time(None, 10.0, None) is None


@pytest.mark.parametrize(
    ("other", "output"),
    [
        ({"ppid": 11}, {"ppid": 11}),
        ({"login": (4, 1000)}, {"ses": 4}),
        ({"login": (3, 1001)}, {"auid": 1001}),
        ({"login": (4294967295, 4294967295)}, {"ses": 4294967295, "auid": 4294967295}),
        ({"comm": "ls"}, {"comm": "ls"}),
        ({"execs": (Exec(10.35, "ls"),)}, {"comm": "ls"}),
        ({"ppid": 11, "comm": "ls"}, {"ppid": 11, "comm": "ls"}),
        ({"ppid": 11, "login": (4, 1001)}, {"ppid": 1, "ses": 4, "auid": 1001}),  # adopted by init meanwhile
        ({"ppid": 11, "login": (4, 1001)}, {"ppid": 11, "ses": 4, "auid": 1001, "comm": "a-thread"}),
    ],
)
def test_within_the_lag_the_record_shows(other, output):
    first, second = chain(Life(10.0, 10.2), Life(10.3, None)._replace(**other))
    assert at_time(second, 10.15, observation(**output)) is second
    assert at_time(second, 10.15, observation()) is first
    assert at_time(second, 10.15, observation(ppid=99, ses=99, auid=99, comm="?")) is first
    assert at_time(second, 10.15, observation(ppid=10, ses=None, auid=None)) is first


def test_one_that_was_born_after_the_lag_it_cannot_be():
    first, second = chain(Life(10.0, 10.2), Life(11.5, None, ppid=11))
    assert at_time(second, 10.1, observation(ppid=11)) is first


def test_an_exec_is_of_who_is_awaited_to_report_one():
    first, second = chain(
        Life(10.0, 10.2, execs=(Exec(10.1, "ls"),)), Life(10.3, None, ppid=11, execs=(Exec(10.35, "ls"),))
    )
    exec = observation(is_exec=True, comm="ls")
    assert at_time(second, 10.05, exec) is first
    first.run("ls", "/bin/ls", "1:90", 10.05)
    assert at_time(second, 10.05, exec) is second  # although its parent is that of the first
    assert at_time(second, 10.05, observation(comm="ls")) is first
    assert at_time(second, 10.05, observation(is_exec=True, comm="cat")) is first


@pytest.mark.parametrize(
    ("left", "begun", "serial", "which"),
    [
        ("", "", 100, 0),
        ("1:99", "", 100, 1),
        ("1:100", "", 100, 0),  # that event itself
        ("1:101", "", 100, 0),
        ("", "1:99", 100, 1),
        ("", "1:100", 100, 1),
        ("", "1:101", 100, 0),
        ("1:7", "1:9", 8, 1),
        ("1:1700", "1:1702", 1701, 1),
    ],
)
def test_the_numbers_of_events_ascend_from_one_process_to_the_next(left, begun, serial, which):
    processes = chain(Life(10.0, 10.2), Life(10.3, None))
    processes[0].left, processes[1].first = left, begun
    assert at_time(processes[1], 10.1, observation(serial=serial)) is processes[which]


def test_also_over_one_that_made_no_event():
    processes = chain(Life(10.0, 10.1), Life(10.2, 10.3), Life(10.4, None))
    processes[2].first = "1:90"
    assert at_time(processes[2], 10.05, observation()) is processes[2]


def test_where_time_shows_nothing_it_is_the_newest_that_agrees():
    processes = chain(Life(10.0, 10.2), Life(20.0, 20.2), Life(30.0, None, ppid=11))
    assert by_order(processes[-1], observation()) is processes[1]
    assert by_order(processes[-1], observation(ppid=11)) is processes[2]
    assert by_order(processes[-1], observation(ppid=1, ses=1, auid=1, comm="?")) is processes[2]
    assert by_order(processes[-1], None) is processes[2]
    assert by_order(None, None) is None


# Histories.


@dataclass
class Act:
    """What a process did, and the event of it; number: the order in which acts happened, from 1."""

    life: int
    time: float
    comm: str
    is_exec: bool
    leaves: bool
    stamped: float = 0.0
    number: int = 0


@dataclass
class History:
    """The lives of one pid, and all acts of them in their order."""

    lives: list[Life] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)


DURATIONS = st.one_of(st.sampled_from([0.0001, 0.001, 0.004, 0.01]), st.floats(0.0001, 1.5))
LAGS = st.one_of(st.sampled_from([0.0, 0.004, 0.02, 1.0]), st.floats(0, 1.0))


@st.composite
def histories(draw: st.DrawFn, alike: bool) -> History:
    """Lives with acts; alike: nothing distinguishes the lives, but each act makes an event, the last one too.

    Otherwise one thing does: parent, session, login uid, or name.
    """
    history, now = History(), 100.0
    other = None if alike else draw(st.sampled_from(["ppid", "ses", "auid", "comm"]))
    for number in range(draw(st.integers(1, 6))):
        began = now = now + draw(DURATIONS)
        ppid, ses, auid = (base + number * (name == other) for base, name in ((10, "ppid"), (3, "ses"), (0, "auid")))
        suffix = str(number) if other == "comm" else ""
        comm, execs, acts = f"sh{suffix}", [], []
        for _ in range(draw(st.integers(0, 4))):
            now += draw(DURATIONS) / 4
            is_exec = draw(st.booleans())
            if is_exec:
                comm = draw(st.sampled_from(["ls", "cat"])) + suffix
                execs.append(Exec(now, comm))
            acts.append(Act(number, now, comm, is_exec, False))
        now += draw(DURATIONS) / 4
        acts.append(Act(number, now, comm, False, True))
        history.acts += [act for act in acts if alike or draw(st.booleans())]
        history.lives.append(Life(began, now, ppid, (ses, auid), f"sh{suffix}", tuple(execs)))
    stamped = 0.0
    for number, act in enumerate(history.acts, 1):
        # The coarse clock stands still, but never goes back; ids have milliseconds.
        stamped = max(stamped, act.time - draw(LAGS))
        act.stamped, act.number = stamped - stamped % 0.001, number
    return history


class Replayed:
    """A table that was reported of all lives, as by a probe whose ring is read late, and then of events.

    Lives that began within the same hundredth of a second have the same key.
    """

    def __init__(self, history: History) -> None:
        self.table = ProcessTable(None, ProcessStats())
        self.table.calibrate(BOOTED)
        self.processes: list[Process] = []
        for life in history.lives:
            key = Key(1, int(life.began * 100), PID)
            parent = life.ppid, Key(1, 0, life.ppid)
            process = self.table.born(
                observations.process_start(PID, key, life.began, life.comm, parent, None, life.login)
            )
            for exec in life.execs:
                process.executed(exec)
            self.table.ended(PID, key, life.ended or 0.0)
            self.processes.append(process)

    def of(self, history: History, act: Act) -> int | None:
        """The number of the life that the table takes an event for."""
        life = history.lives[act.life]
        ses, auid = life.login
        id = f"{BOOTED + act.stamped:.3f}:{act.number}"
        seen = observations.observation(PID, life.ppid, act.comm, "/x", id, BOOTED + act.stamped, act.is_exec)
        seen.acts(ses, auid, act.leaves)
        process = self.table.observe(seen)
        return self.processes.index(process) if process in self.processes else None


def possible(history: History, act: Act) -> list[int]:
    """The naive model: the lives that were there at any moment from the event's time to the longest lag after it."""
    begin, end = act.stamped - ROUNDING, act.stamped + LONGEST_LAG + ROUNDING
    return [
        number
        for number, life in enumerate(history.lives)
        if life.began <= end and (life.ended is None or life.ended >= begin)
    ]


@settings(max_examples=300, deadline=None)
@given(histories(alike=False))
def test_processes_that_differ_are_reported_apart_whatever_the_lag(history: History) -> None:
    """Also where most of what they did made no event."""
    replayed = Replayed(history)
    assert [replayed.of(history, act) for act in history.acts] == [act.life for act in history.acts]


@settings(max_examples=300, deadline=None)
@given(histories(alike=True))
def test_processes_that_do_not_differ_are_reported_apart_by_order(history: History) -> None:
    replayed = Replayed(history)
    assert [replayed.of(history, act) for act in history.acts] == [act.life for act in history.acts]


@settings(max_examples=300, deadline=None)
@given(histories(alike=True), st.randoms(use_true_random=False))
def test_what_cannot_be_reported_is_never_left_out_and_never_impossible(history: History, random) -> None:
    """Most of the events are missing, and nothing distinguishes the processes: still one that can have been."""
    replayed = Replayed(history)
    for act in history.acts:
        if random.random() < 0.4:
            found, can = replayed.of(history, act), possible(history, act)
            assert found in can
            if len(can) == 1:
                assert found == act.life

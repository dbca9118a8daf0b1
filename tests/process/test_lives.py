"""Who had which pid: the order of lives, who is forgotten, and from when to when an event needs no second look."""

from __future__ import annotations

import pytest

from sensor.process.clock import LONGEST_LAG, BootClock
from sensor.process.lives import Lives
from sensor.process.program import Key, Process, Program

BOOTED = 1_700_000_000.0


def process(pid: int, began: float | None, seen: float | None = None) -> Process:
    """One that began at a time, or was seen only, and began who knows when."""
    program = Program(pid, 1, "x", "/x")
    if began is not None:
        program.key, program.started = Key(1, int(began * 100), pid), began
    return Process(program, began if seen is None else seen)


def lives(limit: int = 100, *steps: float) -> Lives:
    clock = BootClock()
    for boot in (0.0, *steps):
        clock.set(BOOTED + boot)
    return Lives(clock, limit)


def remembered(subject: Lives) -> list[int]:
    return sorted({process.pid for process in subject.all()})


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_lives_of_a_pid_are_in_order_however_they_are_reported(order):
    subject, processes = lives(), [process(7, began) for began in (10.0, 20.0, 30.0)]
    for number in order:
        subject.add(processes[number])
    first, second, third = processes
    assert subject.current[7] is third
    assert (third.before, second.before, first.before) == (second, first, None)
    assert (first.after, second.after, third.after) == (second, third, None)
    assert third.ended is None
    assert first.ended in (20.0, 30.0)  # later, if the one between was not known
    assert second.ended == 30.0
    assert subject.by_key(7, Key(1, 1000, 7)) is first
    assert subject.by_key(7, Key(1, 1001, 7)) is None


def test_an_end_that_was_noticed_late_is_set_right_by_the_next_birth():
    subject, first = lives(), process(7, 10.0)
    subject.add(first)
    subject.end(first, 25.0)
    subject.add(process(7, 20.0))
    assert first.ended == 20.0


def test_a_guess_does_not_take_the_place_of_who_was_born_later():
    subject, lives_now = lives(), process(7, 100.0)
    subject.add(lives_now)
    guess = process(7, None, seen=50.0)
    subject.add(guess)
    assert (subject.current[7], lives_now.before, lives_now.ended) == (lives_now, guess, None)
    assert subject.at(7, 50.0) is guess


@pytest.mark.parametrize(
    ("time", "complete", "found"),
    [
        (100.5, False, True),
        (100 - LONGEST_LAG, False, True),
        (98.9, False, False),  # another process may have had the pid
        (98.9, True, True),  # none had
        (50.0, True, True),
        (20.0, True, False),  # one that is forgotten may have had it
    ],
)
def test_who_was_born_long_after_the_event(time, complete, found):
    subject = lives()
    other = process(8, 10.0)
    subject.add(other)
    subject.end(other, 30.0)
    subject.forget_dead(40.0)
    subject.add(process(7, 100.0))
    assert (subject.at(7, time, None, complete) is not None) == found


def test_the_dead_make_room_before_the_living():
    subject = lives(limit=3)
    for pid in (1, 2, 3):
        subject.add(process(pid, pid))
    subject.end(subject.current[2], 10.0)
    subject.add(process(4, 11.0))
    assert (remembered(subject), subject.evicted) == ([1, 3, 4], 0)
    assert (subject.all_known(10.5), subject.all_known(10.0)) == (True, False)
    subject.add(process(5, 12.0))
    assert (remembered(subject), subject.evicted) == ([3, 4, 5], 1)
    assert not subject.all_known(99.0)  # who was evicted may live for ever


def test_of_many_that_all_live_the_one_known_longest_goes():
    subject = lives(limit=100)
    for pid in range(100):
        subject.add(process(pid, pid))
    subject.add(process(5, 100.0))  # whose pid was another's: it is known as the last one now
    expected = [*(pid for pid in range(100) if pid != 5), 5]
    for number in range(250):
        pid = 1000 + number
        subject.add(process(pid, pid))
        expected.append(pid)
        assert sorted(subject.current) == sorted(expected[-101:])
    assert subject.evicted == 249  # the first process 5, which had ended, went before


def test_the_dead_of_one_pid_are_bounded_too():
    subject = lives(limit=3)
    for began in range(10):
        subject.add(process(7, float(began + 1)))
    assert [other.program.started for other in subject.all()] == [10.0, 7.0, 8.0, 9.0]


@pytest.mark.parametrize("limit", [3, 100])
def test_who_has_a_process_that_is_forgotten_keeps_no_others(limit):
    """Stages remember some, and a pid is used again for as long as the host runs."""
    subject, kept = lives(limit), process(7, 1.0)
    subject.add(kept)
    for began in range(2, 60):
        subject.add(process(7, float(began)))
        subject.forget_dead(began - 20.0)
    found, later = 0, kept.after
    while later is not None:
        found, later = found + 1, later.after
    assert (kept.before, found) == (None, 0)
    newest = subject.current[7]
    assert newest.before is not None
    assert newest.before.after is newest  # those that are remembered have each other still


def test_all_may_have_ended_at_once():
    subject = lives(limit=3)
    processes = [process(pid, 1.0) for pid in (1, 2, 3)]
    for one in processes:
        subject.add(one)
    for one in processes:
        subject.end(one, 70.0)
        subject.end(one, 80.0)
    assert [one.ended for one in processes] == [70.0] * 3
    subject.forget_dead(70.0)
    assert remembered(subject) == [1, 2, 3]
    subject.forget_dead(70.001)
    assert (remembered(subject), len(subject.current)) == ([], 0)


def id_at(seconds: float, boot: float = 0.0) -> str:
    return f"{BOOTED + boot + seconds:.3f}:1"


def quick(process: Process, id: str) -> bool:
    """Whether an event with that id is of the process without a second look."""
    return process.since <= id <= process.until


def test_bounds_leave_out_what_may_be_of_another():
    subject, first, second = lives(), process(7, 10.0), process(7, 20.0)
    for one in (first, second):
        subject.add(one)
    assert [at for at in (8.9, 9.1, 15, 19.9, 20.1) if quick(first, id_at(at))] == [9.1, 15, 19.9]
    assert [at for at in (18.9, 19.9, 20.0, 20.1, 99) if quick(second, id_at(at))] == [20.1, 99]
    subject.end(second, 50.0)
    assert [at for at in (49.9, 50.1) if quick(second, id_at(at))] == [49.9]


def test_bounds_leave_out_who_is_reported_of_later():
    subject, second = lives(), process(7, 20.0)
    subject.add(second)
    assert quick(second, id_at(19.5))
    subject.add(process(7, 10.0))
    assert not quick(second, id_at(19.5))
    assert quick(second, id_at(20.1))


def test_bounds_hold_by_each_clock_that_may_have_stamped_an_event():
    """Which of the two it was is not seen from an id."""
    subject, first, second = lives(100, -5.0), process(7, 10.0), process(7, 20.0)
    for one in (first, second):
        subject.add(one)
    subject.end(second, 50.0)
    assert not quick(second, id_at(18, 0.0))
    assert not quick(second, id_at(20.1, -5.0))
    assert quick(second, id_at(25.1, -5.0))
    assert quick(second, id_at(44, 0.0))
    assert not quick(second, id_at(46, 0.0))


def test_a_guess_is_bounded_by_who_had_the_pid_before():
    subject, first, guess = lives(), process(7, 10.0), process(7, None, seen=30.0)
    subject.add(first)
    subject.end(first, 20.0)
    subject.add(guess)
    assert not quick(guess, id_at(19.9))
    assert quick(guess, id_at(20.1))

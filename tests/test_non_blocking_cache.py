"""Answers come at once where they can, later where they must, and nobody waits for a hanging one."""

from __future__ import annotations

import threading
import time
from itertools import chain, repeat

import pytest

from sensor.non_blocking_cache import NonBlockingCache, Waiting
from tests.support.waiting import eventually


@pytest.fixture
def gate():
    """A question that is answered once the gate is opened; opened at the end in any case."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_a_quick_answer_is_there_at_once():
    asked = []
    cache = NonBlockingCache(lambda number: asked.append(number) or number * 2, 10, waiting=Waiting(most=10.0))
    assert [cache.get(number) for number in (1, 2, 1, 2)] == [2, 4, 2, 4]
    assert asked == [1, 2]


def test_nobody_waits_for_one_that_hangs(gate):
    cache = NonBlockingCache(lambda _: gate.wait(30), 100)
    start = time.monotonic()
    assert [cache.get(number) for number in range(50) for _ in range(20)] == [None] * 1000
    assert time.monotonic() - start < 2.0
    gate.set()
    assert eventually(lambda: all(cache.get(number) for number in range(50)))


def test_waiting_takes_a_tenth_of_the_time_at_most():
    now = [0.0]
    waits = []

    def wait(seconds):
        waits.append(seconds)
        now[0] += seconds

    waiting = Waiting(share=0.1, most=0.05, clock=lambda: now[0])
    for _ in range(100):
        waiting.spend(wait)
        now[0] += 0.01
    assert 0.05 < sum(waits) <= 0.05 + 0.1 * now[0]
    assert max(waits) == 0.05


def test_what_was_not_spent_on_one_answer_is_left_for_the_next():
    waits = []
    waiting = Waiting(share=0.1, most=0.05, clock=lambda: 0.0)
    for _ in range(3):
        waiting.spend(waits.append)
    assert waits == [0.05] * 3


def test_an_old_answer_counts_until_the_new_one_is_there(gate):
    answers = chain(["old"], repeat("new"))

    def ask(_):
        answer = next(answers)
        assert answer == "old" or gate.wait(30)
        return answer

    cache = NonBlockingCache(ask, 10, ttl=0.0)
    assert eventually(lambda: cache.get("x") == "old")
    assert cache.get("x") == "old"
    gate.set()
    assert eventually(lambda: cache.get("x") == "new")


def test_only_so_many_answers_are_kept():
    asked = []
    cache = NonBlockingCache(lambda number: asked.append(number) or number, 3, blocking=True)
    assert [cache.get(number) for number in range(10)] == list(range(10))
    assert [cache.get(number) for number in (7, 8, 9, 6)] == [7, 8, 9, 6]
    assert asked == [*range(10), 6]


def test_patience_waits_for_every_answer():
    cache = NonBlockingCache(lambda number: time.sleep(0.06) or number, 10, blocking=True)
    assert cache.get(7) == 7


def test_a_mistake_in_one_question_does_not_end_the_others(caplog):
    cache = NonBlockingCache(lambda number: 1 / number, 10)
    cache.get(0)
    assert eventually(lambda: cache.get(2) == 0.5)
    assert "no answer to a question in the background (ZeroDivisionError at " in caplog.text


def test_the_thread_ends_when_there_is_nothing_to_do():
    before = threading.active_count()
    cache = NonBlockingCache(lambda number: number, 10)
    cache.get(1)
    assert eventually(lambda: threading.active_count() <= before)
    assert eventually(lambda: cache.get(2) == 2)


def test_those_behind_one_that_hangs_are_answered(gate):
    """Each hanging one has a thread to itself; there are not so many that others get none."""
    cache = NonBlockingCache(lambda number: number >= 5 or gate.wait(30), 100, waiting=Waiting(stuck=0.05))
    for number in range(20):
        cache.get(number)
    assert eventually(lambda: all(cache.get(number) for number in range(5, 20)))
    assert [cache.get(number) for number in range(5)] == [None] * 5
    gate.set()
    assert eventually(lambda: all(cache.get(number) for number in range(5)))
    before = threading.active_count()
    assert eventually(lambda: cache.get(100) and threading.active_count() <= before)


def test_threads_are_bounded(gate, caplog):
    cache = NonBlockingCache(lambda number: gate.wait(30), 100, waiting=Waiting(stuck=0.0))
    before = threading.active_count()
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        for number in range(50):
            cache.get(number)
    assert threading.active_count() - before <= 9
    assert [record.getMessage() for record in caplog.records] == [
        "9 questions in the background find no end: others of their kind stay open"
    ]


def test_a_quick_one_is_waited_for_beside_one_that_hangs(gate):
    waiting = Waiting(stuck=0.02)
    cache = NonBlockingCache(lambda number: number > 0 or gate.wait(30), 100, waiting=waiting)
    cache.get(0)
    assert eventually(lambda: bool(cache.get(1)))
    time.sleep(0.3)  # patience grows again
    assert cache.get(2)

"""Counting the heaviest in bounded memory: exact while there is room, right about the heaviest ever after."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from sensor.top.heavy_hitters import Entry, HeavyHitters


def test_counts_are_exact_while_there_is_room() -> None:
    heavy = HeavyHitters(4)
    for name, bytes in [("a", 10), ("b", 5), ("a", 1), ("c", 11), ("d", 1)]:
        heavy.add(name, bytes)
    assert heavy.top(3) == [Entry("a", 2, 11, 0), Entry("c", 1, 11, 0), Entry("b", 1, 5, 0)]
    assert heavy.top(2, by_events=True) == [Entry("a", 2, 11, 0), Entry("b", 1, 5, 0)]
    assert (heavy.total_events, heavy.total_bytes, len(heavy)) == (5, 28, 4)


def test_memory_is_bounded() -> None:
    heavy = HeavyHitters(10)
    for number in range(100_000):
        heavy.add(f"/tmp/{number}", 100)
    assert len(heavy) <= 20
    assert heavy.total_bytes == 10_000_000


def test_a_name_that_came_late_has_its_doubt() -> None:
    heavy = HeavyHitters(2)
    for name, bytes in [("a", 100), ("b", 50), ("c", 7), ("d", 3), ("e", 1)]:
        heavy.add(name, bytes)
    assert heavy.top(9) == [Entry("a", 1, 100, 0), Entry("b", 1, 50, 0), Entry("e", 1, 1, 7)]


@pytest.mark.parametrize("seed", range(5))
def test_the_heaviest_are_there_however_many_light_ones_come_between(seed: int) -> None:
    rng = random.Random(seed)
    names = [f"heavy{rank}" for rank in range(10) for _ in range(2000 - 100 * rank)] + [f"n{n}" for n in range(20_000)]
    rng.shuffle(names)
    heavy = HeavyHitters(100)
    exact: Counter[str] = Counter()
    for name in names:
        bytes = rng.randrange(1, 200)
        exact[name] += bytes
        heavy.add(name, bytes)
    assert {entry.name for entry in heavy.top(10)} == {name for name, _ in exact.most_common(10)}
    for entry in heavy.top(100):
        assert entry.bytes <= exact[entry.name] <= entry.bytes + entry.doubt

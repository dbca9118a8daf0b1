"""Holes in the serials against a model that knows what was taken away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.loss.serials import SerialGaps

WRAP = 1 << 32


def lost(serials: list[int], **limits: int) -> int:
    gaps = SerialGaps(**limits)
    for serial in serials:
        gaps.see(serial, 0.0)
    gaps.expire(1e9)
    return gaps.lost


@pytest.mark.parametrize(
    ("serials", "expected"),
    [
        ([], 0),
        ([7], 0),
        ([7, 8, 9], 0),
        ([7, 9], 1),
        ([7, 7, 8], 0),  # twice
        ([7, 9, 8], 0),  # late
        ([7, 12, 9, 10], 2),  # late, in the middle of a hole
        ([7, 12, 8, 11], 2),  # late, at its edges
        ([9, 8], 0),  # older than the first
        ([WRAP - 2, WRAP - 1, 0, 1], 0),
        ([WRAP - 2, 1], 2),
        ([WRAP - 2, 1, WRAP - 1], 1),
        ([5_000_000_00, 1, 2, 4], 1),  # a boot
        ([1, 3_000_000_000, 3_000_000_001], 0),
    ],
)
def test_a_sequence(serials: list[int], expected: int) -> None:
    assert lost(serials) == expected


def test_a_hole_counts_when_it_has_settled() -> None:
    gaps = SerialGaps(settle=10.0)
    gaps.see(1, 100.0)
    gaps.see(4, 101.0)
    assert (gaps.expire(110.9), gaps.lost) == (0, 0)
    gaps.see(2, 110.9)
    assert (gaps.expire(111.0), gaps.lost) == (1, 1)
    gaps.see(3, 112.0)  # too late: it stays counted
    assert (gaps.expire(999.0), gaps.lost) == (0, 1)


def test_holes_are_bounded_and_none_is_forgotten() -> None:
    assert lost(list(range(0, 20_000, 2)), most_holes=16) == 9_999


@given(
    first=st.integers(0, WRAP - 1),
    came=st.lists(st.booleans(), min_size=1, max_size=200),
    data=st.data(),
)
def test_what_was_taken_away_is_what_is_lost(first: int, came: list[bool], data: st.DataObject) -> None:
    """Any order within windows of eight; the first and the last serial did come and stay in their places."""
    inner = [(first + 1 + place) % WRAP for place, arrives in enumerate(came) if arrives]
    shuffled: list[int] = []
    for place in range(0, len(inner), 8):
        shuffled += data.draw(st.permutations(inner[place : place + 8]))
    assert lost([first, *shuffled, (first + 1 + len(came)) % WRAP]) == came.count(False)

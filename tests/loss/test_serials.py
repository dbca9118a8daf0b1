"""Holes in the serials against a model that knows what was taken away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.event import Event, Template
from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.loss.serials import SerialGaps, Serials
from sensor.stats import LossStats

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


def event(serial: int, node: str = "", kind: str = "USER_CMD") -> Event:
    record = RecordDecoder(TransformOptions(), (), 16).decode(kind, "pid=1 uid=0")
    return Event(f"1700000000.000:{serial}", node, Template({kind: [record]}), None)


def missing(*events: Event, most_nodes: int = 8) -> int:
    stats = LossStats()
    serials = Serials(stats, most_nodes=most_nodes)
    serials.every_second(100.0)
    for one in events:
        serials.stage(one)
    serials.every_second(105.0)
    assert stats.missing_serials == 0  # nothing has settled
    serials.every_second(float("inf"))
    return stats.missing_serials


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([event(1), event(3)], 1),
        ([event(1, "a"), event(500, "b"), event(2, "a"), event(502, "b")], 1),
        ([event(7), event(4000, kind="DAEMON_ROTATE"), event(8)], 0),
        ([event(1, "a"), event(1, "b"), event(3, "b")], 0),  # no room for b
    ],
)
def test_events_of_several_nodes(events: list[Event], expected: int) -> None:
    assert missing(*events, most_nodes=1 if events[1].node == "b" and len(events) == 3 else 8) == expected


def test_holes_without_room_are_counted_once() -> None:
    stats = LossStats()
    serials = Serials(stats)
    for serial in range(0, 5000, 2):
        serials.stage(event(serial))
    for now in (1.0, 2.0, float("inf")):
        serials.every_second(now)
    assert stats.missing_serials == 2499


def test_what_is_missing_now_is_what_came_too_late_or_never() -> None:
    gaps = SerialGaps(settle=10.0)
    for serial, now in ((1, 0.0), (5, 1.0), (9, 5.0)):
        gaps.see(serial, now)
    assert [gaps.missing(since) for since in (0.0, 1.0, 4.0, 5.0)] == [0, 3, 3, 6]
    gaps.see(3, 6.0)
    assert gaps.missing(5.0) == 5
    gaps.expire(12.0)
    assert (gaps.lost, gaps.missing(0.0), gaps.missing(5.0)) == (2, 2, 5)


@pytest.mark.parametrize(
    ("before", "serials", "lost", "missed"),
    [
        (10, [11, 12], 0, 0),
        (10, [15, 16], 0, 4),
        (10, [11, 15], 3, 0),
        (10, [15, 18], 2, 4),
        (10, [15, 13, 12], 0, 2),  # late ones
        (10, [9, 10, 11, 12], 0, 0),  # of before, again
        (WRAP - 2, [1, 2], 0, 2),
        (WRAP - 2, [WRAP - 1, 0, 3], 2, 0),
        (5_000_000_00, [1, 2], 0, 0),  # a boot
    ],
)
def test_what_was_missed_since_the_sensor_before(before: int, serials: list[int], lost: int, missed: int) -> None:
    gaps = SerialGaps()
    gaps.continue_from(before)
    for serial in serials:
        gaps.see(serial, 0.0)
    assert gaps.open() == lost + missed
    gaps.expire(1e9)
    assert (gaps.lost, gaps.missed, gaps.open()) == (lost, missed, 0)

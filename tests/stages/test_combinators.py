"""Stages that stand for others: who is asked how often, and when what was added is added anew."""

from __future__ import annotations

import pytest

from sensor.audit.event import Addition, Event
from sensor.stages.combinators import LIFE, ExecOnly, Memo, Memoized
from tests.support.fake_host import FakeHost, event, exec_event, syscall

CALL = syscall(42, 1, "/usr/bin/ls")


class Teller:
    """Says how often it was asked."""

    def __init__(self, provisional: int = 0) -> None:
        self.asked = 0
        self.provisional = provisional

    def stage(self, event: Event) -> None:
        self.asked += 1
        event.additions.append(Addition({"ASKED": self.asked}, {"TOP": self.asked}))
        event.provisional |= self.asked <= self.provisional


@pytest.fixture
def host(tmp_path):
    return FakeHost(tmp_path)


def output(host, bundle, *events):
    lines = host.run([host.identity(), bundle.stage], *events)
    return [(line.get("SYSCALL", {}).get("ASKED"), line.get("TOP")) for line in lines]


def test_a_process_is_reported_of_once(host):
    assert output(host, Memoized(Memo(), [Teller().stage]), event(CALL), event(CALL), event(CALL)) == [(1, 1)] * 3


def test_of_an_event_that_one_failed_for_nothing_is_remembered(host):
    def fail(event: Event) -> None:
        raise ValueError

    teller = Teller()
    bundle = Memoized(Memo(), [teller.stage, fail, teller.stage])
    found = output(host, bundle, event(CALL), event(CALL))
    assert teller.asked == 4
    assert [top for _, top in found] == [2, 4]


@pytest.mark.parametrize(
    "other",
    [
        event(syscall(43, 1, "/usr/bin/ls")),
        event(syscall(42, 1, "/usr/bin/ls", key='"other"')),
        event(syscall(42, 1, "/usr/bin/ls", ses=4)),
        event(syscall(42, 7, "/usr/bin/ls")),
        exec_event(42, 1, "/usr/bin/ls", ["ls"]),
    ],
    ids=["another process", "another key", "another session", "another parent", "another program"],
)
def test_what_differs_is_reported_anew(host, other):
    assert output(host, Memoized(Memo(), [Teller().stage]), event(CALL), other) == [(1, 1), (2, 2)]


def test_what_will_soon_be_reported_otherwise_is_not_remembered(host):
    bundle = Memoized(Memo(), [Teller(provisional=2).stage])
    assert output(host, bundle, *[event(CALL)] * 1, event(CALL), event(CALL), event(CALL)) == [
        (1, 1),
        (2, 2),
        (3, 3),
        (3, 3),
    ]


def test_events_without_a_process_are_always_reported(host):
    user = "USER_ACCT pid=1 uid=0"
    assert output(host, Memoized(Memo(), [Teller().stage]), event(user), event(user)) == [(None, 1), (None, 2)]


@pytest.mark.parametrize(("after", "reported"), [(LIFE - 1, 1), (LIFE, 2), (-1.0, 2)])
def test_after_a_minute_or_when_the_clock_was_set_back_all_is_reported_anew(host, after, reported):
    bundle = Memoized(Memo(), [Teller().stage])
    times = iter([1000.0, 1000.0 + after])

    def clock(event: Event) -> None:
        bundle.every_second(next(times))

    lines = host.run([clock, host.identity(), bundle.stage], event(CALL), event(CALL))
    assert [line["TOP"] for line in lines] == [1, reported]


def test_what_is_news_makes_all_be_reported_anew(host):
    memo = Memo()
    bundle = Memoized(memo, [Teller().stage])
    assert output(host, bundle, event(CALL), event(CALL)) == [(1, 1), (1, 1)]
    memo.forget()
    assert output(host, bundle, event(CALL), event(CALL)) == [(2, 2), (2, 2)]


def test_memory_is_bounded(host):
    memo = Memo(entries=8)
    output(host, Memoized(memo, [Teller().stage]), *[event(syscall(pid, 1, "/usr/bin/ls")) for pid in range(10, 60)])
    assert 0 < len(memo.known) <= 8


def test_only_execs_are_shown_to_those_that_want_nothing_else(host):
    bundle = ExecOnly([Teller().stage, Teller().stage])
    calls = event(CALL), exec_event(42, 1, "/usr/bin/ls", ["ls"]), event(CALL)
    lines = host.run([host.identity(), bundle.stage], *calls)
    assert ["TOP" in line for line in lines] == [False, True, False]


def test_what_is_the_same_for_several_kinds_of_events_is_one_object(host):
    same, found = Addition({"SAME": 1}), []

    def add(event: Event) -> None:
        event.additions.append(same)

    bundle = Memoized(Memo(), [add])
    events = [event(syscall(42, 1, "/usr/bin/ls", key=f'"{number}"')) for number in range(3)]
    host.run([host.identity(), bundle.stage, lambda event: found.append(event.additions[-1])], *events)
    assert len(found) == 3
    assert len({id(each) for each in found}) == 1

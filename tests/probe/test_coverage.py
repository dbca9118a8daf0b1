"""Execs that audit did not report: those that were lost, and those that no rule asked for."""

from __future__ import annotations

import pytest

from sensor.probe.coverage import Coverage, Evidence
from sensor.stats import ProbeStats

ALICE, BOB = 1000, 1001


class Subject:
    """A second passes with each look; what was lost and has come is set by the test."""

    def __init__(self) -> None:
        self.stats = ProbeStats()
        self.lost = self.events = 0
        self.now = 100.0
        self.coverage = Coverage(self.stats, lambda: Evidence(self.lost, self.events))

    def pass_seconds(self, seconds: int, lost: int = 0, events: int = 1) -> None:
        for _ in range(seconds):
            self.now += 1
            self.lost += lost
            self.events += events
            self.coverage.look(self.now)

    def unreported(self, time: float, user: int = ALICE) -> tuple[int, int]:
        """How many are lost, and not asked for, with this one."""
        self.coverage.unreported(time, user)
        assert self.stats.uncovered_execs == self.stats.lost_execs + self.stats.unasked_execs
        return self.stats.lost_execs, self.stats.unasked_execs


def test_where_nothing_was_lost_no_rule_asked() -> None:
    subject = Subject()
    subject.pass_seconds(5)
    assert subject.unreported(101.0) == (0, 1)


def test_what_was_lost_before_the_exec_does_not_count() -> None:
    subject = Subject()
    subject.pass_seconds(2, lost=3)
    subject.pass_seconds(5)
    assert subject.unreported(103.5) == (0, 1)


@pytest.mark.parametrize("after", [1, 2, 5])
def test_what_was_lost_since_the_exec_does(after: int) -> None:
    subject = Subject()
    subject.pass_seconds(after)
    subject.pass_seconds(1, lost=1)
    subject.pass_seconds(5 - after)
    assert subject.unreported(100.5) == (1, 0)


def test_users_whose_execs_no_rule_asks_for_lose_none() -> None:
    subject = Subject()
    subject.coverage.reported(BOB)
    subject.pass_seconds(5)
    assert subject.unreported(101.0, ALICE) == (0, 1)
    assert subject.unreported(101.0, BOB) == (0, 2)
    subject.pass_seconds(5, lost=1)
    assert subject.unreported(106.0, ALICE) == (0, 3)
    assert subject.unreported(106.0, BOB) == (1, 3)
    subject.coverage.reported(ALICE)  # a rule was loaded
    assert subject.unreported(106.0, ALICE) == (2, 3)


def test_silence_is_no_sign_that_no_rule_asks() -> None:
    """What was lost at the end of a stream shows with the next event only."""
    subject = Subject()
    subject.pass_seconds(5, events=0)
    assert subject.unreported(101.0) == (0, 1)
    subject.pass_seconds(5, lost=1)
    assert subject.unreported(106.0) == (1, 1)


def test_any_number_of_users_fits() -> None:
    subject = Subject()
    subject.pass_seconds(5)
    for user in range(5000):
        subject.unreported(101.0, user)
    assert subject.stats.unasked_execs == 5000

"""The account of losses: made = reported, summed, rate-limited, and one closed table."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.notices import Loss
from sensor.loss.ledger import Ledger, date
from sensor.stats import Stats
from sensor.tables.losses import ROWS, LossRow
from tests.tables.test_losses import lose


def report(ledger: Ledger, clock: float, at_once: bool = False) -> list[Loss]:
    ledger.look(1000.0 + clock)
    return ledger.take(ledger.due(clock, at_once), clock)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.place}-{row.reason}")
def test_every_reason_is_reported_unless_it_is_intended(row: LossRow) -> None:
    stats = Stats()
    ledger = Ledger(stats, 1000.0)
    lose(stats, row, 7)
    loss = Loss(row.place, row.reason, row.unit, 7, 7, date(1000.0), False)
    assert report(ledger, 1.0) == ([] if row.intended else [loss])


@given(
    st.lists(st.tuples(st.integers(0, len(ROWS) - 1), st.integers(1, 5), st.integers(0, 30)), max_size=40),
    st.integers(0, 20),
)
def test_what_is_reported_is_what_was_lost_and_not_more_often_than_allowed(
    steps: list[tuple[int, int, int]], interval: int
) -> None:
    stats = Stats()
    ledger = Ledger(stats, 1000.0, interval)
    clock = 0
    made: Counter[tuple[str, str]] = Counter()
    observed: Counter[tuple[str, str]] = Counter()
    reported_at: dict[tuple[str, str], float] = {}
    for index, count, passed in steps:
        clock += passed
        lose(stats, ROWS[index], count)
        if not ROWS[index].intended:
            made[ROWS[index][:2]] += count
        for loss in report(ledger, clock):
            name = (loss.place, loss.reason)
            assert clock - reported_at.get(name, -1000.0) >= interval
            reported_at[name] = clock
            observed[name] += loss.count
            assert loss.total == observed[name] == made[name]
    for loss in report(ledger, clock, at_once=True):
        observed[loss.place, loss.reason] += loss.count
    assert observed == made
    assert report(ledger, clock + 1000) == []


def test_since_is_when_it_was_not_yet_so() -> None:
    stats = Stats()
    ledger = Ledger(stats, 1000.0)
    assert report(ledger, 5.0) == []
    stats.kernel.lost = 3
    assert [loss.since for loss in report(ledger, 6.0)] == [date(1005.0)]
    stats.kernel.lost = 4
    assert report(ledger, 8.0) == []  # too early
    stats.kernel.lost = 9
    assert report(ledger, 9.0) == []
    assert [(loss.since, loss.count, loss.total) for loss in report(ledger, 16.0)] == [(date(1006.0), 6, 9)]


def test_what_was_lost_while_the_sensor_began_is_reported() -> None:
    stats = Stats()
    stats.input.dropped_lines = 3
    assert [loss.count for loss in report(Ledger(stats, 1000.0), 1.0)] == [3]

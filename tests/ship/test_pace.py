"""Pauses after failures, and the rate limit."""

from __future__ import annotations

import random

import pytest

from sensor.options import OptionError
from sensor.ship.pace import LONGEST_ASKED, BackOff, Options, RateLimit


def test_pauses_double_up_to_the_longest_and_are_partly_random() -> None:
    back_off = BackOff(Options(first=1.0, longest=10.0), random.Random(1))
    pauses = [back_off.failed() for _ in range(200)]
    for pause, whole in zip(pauses, [1, 2, 4, 8] + [10] * 196):
        assert whole / 2 <= pause <= whole
    assert len({round(pause, 6) for pause in pauses[10:]}) > 150
    back_off.succeeded()
    assert back_off.failed() <= 1.0


@pytest.mark.parametrize(("asked", "least"), [(None, 0.5), (0.0, 0.5), (30.0, 30.0), (1e9, LONGEST_ASKED)])
def test_what_the_far_end_asks_for_is_waited_within_reason(asked: float | None, least: float) -> None:
    pause = BackOff(Options(first=1.0, longest=10.0)).failed(asked)
    assert least <= pause <= max(least, 1.0)


def test_the_longest_is_not_shorter_than_the_first() -> None:
    with pytest.raises(OptionError):
        Options(first=2.0, longest=1.0)


def test_a_rate_lets_through_what_it_shows() -> None:
    limit = RateLimit(1000)
    now = 100.0
    sent = 0
    while now < 110.0:
        delay = limit.delay(500, now)
        now += delay
        sent += 500
    assert 10_000 <= sent <= 12_000
    assert RateLimit(None).delay(1 << 40, 0.0) == 0.0


def test_what_was_not_used_is_not_kept_for_later() -> None:
    limit = RateLimit(1000)
    limit.delay(1000, 0.0)
    assert limit.delay(1000, 1000.0) == 0.0
    assert limit.delay(1000, 1000.0) == pytest.approx(1.0)

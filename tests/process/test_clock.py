"""Times of events since boot, through steps of the wall clock; and how far behind their acts they are."""

from __future__ import annotations

import time

import pytest

from sensor.process.clock import LONGEST_LAG, BootClock, Lag, read_clocks

BOOTED = 1_700_000_000.0


def stepped(*steps: tuple[float, float]) -> BootClock:
    """A clock that is read every second until 1000, and was set in between: each pair is (when, by how much)."""
    clock = BootClock()
    boot, left = BOOTED, list(steps)
    for now in range(1001):
        while left and left[0][0] < now:
            boot += left.pop(0)[1]
        clock.set(boot, float(now))
    return clock


@pytest.mark.parametrize(
    ("steps", "stamped", "times"),
    [
        ([], 500, [500]),
        ([], 1000.004, [1000.004]),
        ([], 1001, []),  # later than now
        ([], -0.9, [-0.9]),  # the lag of an event of the first second
        ([], -2, []),
        ([(900.5, -600)], 300.9, [900.9]),  # after the step back: 300.9 by the old clock is older than what is kept
        ([(900.5, -600)], 899, [899]),
        ([(900.5, -600)], 320, [920, 320]),
        ([(900.5, 3600)], 899, [899]),
        ([(900.5, 3600)], 4520, [920]),
        ([(900.5, 3600)], 3000, []),  # by no clock
        ([(900.5, -0.5)], 899, [899.5, 899]),
        ([(900.5, -0.5)], 905, [905.5]),
        ([(900.5, -600), (910.5, 600)], 305, [905, 305]),
        ([(900.5, -600), (910.5, 600)], 905, []),
        ([(900.5, -600), (910.5, 600)], 950, [950]),
        ([(500.5, -3600)], 499, []),  # too long ago
        ([(500.5, -3600)], -2650, [950]),
    ],
)
def test_the_times_that_an_event_may_have(steps, stamped, times):
    found = stepped(*steps).times(BOOTED + stamped)
    assert found[: len(times)] == pytest.approx(times)
    assert bool(found) == bool(times)


def test_only_a_step_is_reported():
    clock = BootClock()
    readings = [BOOTED, BOOTED + 0.0004, BOOTED - 0.0005, BOOTED + 1, BOOTED + 1.0002, BOOTED]
    assert [clock.set(boot, float(now)) for now, boot in enumerate(readings)] == [
        False, False, False, True, False, True
    ]  # fmt: skip
    assert (clock.boot, clock.earliest, clock.latest) == (BOOTED, BOOTED, BOOTED + 1)


def test_a_slow_drift_is_followed():
    clock = BootClock()
    for now in range(20):
        clock.set(BOOTED + now * 0.0004, float(now))
    assert clock.boot == pytest.approx(BOOTED + 19 * 0.0004, abs=0.001)


def test_former_boot_times_are_few_and_not_kept_for_ever():
    clock = BootClock()
    for now in range(100):
        clock.set(BOOTED + now * 10, float(now))
    assert clock.latest - clock.earliest < 100
    for now in range(100, 1000):
        clock.set(BOOTED + 990, float(now))
    assert clock.latest == clock.earliest == BOOTED + 990


def test_a_clock_that_was_never_set_has_the_times_of_the_events():
    assert BootClock().times(5.0) == [5.0]


def test_an_event_of_an_unknown_clock_is_of_now():
    clock = BootClock()
    clock.set(BOOTED, 50.0)
    assert clock.instead(BOOTED + 3600) == 50.0


def test_the_clocks_are_read_exactly():
    for _ in range(100):
        boot, now = read_clocks()
        assert boot + now == pytest.approx(time.time(), abs=0.05)
    boot, _ = read_clocks()
    assert max(abs(read_clocks(boot)[0] - boot) for _ in range(100)) < 0.001


def test_the_greatest_lag_is_shown_for_a_while():
    lag = Lag()
    assert lag.greatest == 0
    for now in range(0, 300, 10):
        lag.age(now)
        lag.see(0.004)
        if now == 100:
            lag.see(0.5)
        assert lag.greatest == (0.5 if 100 <= now < 180 else 0.004)
    assert lag.greatest < LONGEST_LAG

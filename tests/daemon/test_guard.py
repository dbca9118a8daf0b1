"""Whatever a part raises is counted and reported, and costs its caller nothing but the result."""

from __future__ import annotations

import logging

import pytest

from sensor.daemon.guard import Guard
from sensor.stats import DaemonStats


def fail(error: BaseException) -> None:
    raise error


def test_what_works_is_passed_through(caplog: pytest.LogCaptureFixture) -> None:
    stats = DaemonStats()
    assert Guard(stats)(divmod, 7, 2) == (3, 1)
    assert (stats.crashed, caplog.text) == (0, "")


@pytest.mark.parametrize("error", [ValueError("x"), MemoryError(), RecursionError(), OSError(28, "full")])
def test_what_fails_is_counted_and_reported(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    stats = DaemonStats()
    guard = Guard(stats)
    with caplog.at_level(logging.ERROR, "sensor"):
        assert (guard(fail, error), guard(fail, error)) == (None, None)
    assert stats.crashed == 2
    assert f"a mistake in the sensor ({type(error).__name__}" in caplog.text
    assert "it goes on" in caplog.text


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_who_wants_to_end_it_may(error: BaseException) -> None:
    with pytest.raises(type(error)):
        Guard(DaemonStats())(fail, error)

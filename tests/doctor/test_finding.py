"""Levels are in order, so that a script may compare them."""

from __future__ import annotations

from sensor.doctor.finding import FAILURE, LEVELS, NOTE, OK, WARNING


def test_the_worst_level_is_the_last() -> None:
    assert LEVELS == (OK, NOTE, WARNING, FAILURE)

"""Counters: all there, all zero, and only those that are declared."""

from __future__ import annotations

import pytest

from sensor.stats import UNIDENTIFIED, Stats

PARTS = Stats.__slots__
CLOSED = {"unidentified": dict.fromkeys(UNIDENTIFIED, 0)}
"""Counters whose reasons are all there from the start."""


@pytest.mark.parametrize("part", PARTS)
def test_counters_begin_with_nothing(part):
    counters = getattr(Stats(), part)
    assert {name: getattr(counters, name) for name in counters.__slots__} == {
        name: CLOSED.get(name, {}) if isinstance(getattr(counters, name), dict) else 0 for name in counters.__slots__
    }


@pytest.mark.parametrize("part", PARTS)
def test_a_misspelt_counter_is_an_error(part):
    with pytest.raises(AttributeError):
        getattr(Stats(), part).liens = 1


def test_sensors_share_no_counters():
    one, other = Stats(), Stats()
    one.pipeline.unparsed["header"] = 1
    one.pipeline.lines += 1
    assert (other.pipeline.unparsed, other.pipeline.lines) == ({}, 0)

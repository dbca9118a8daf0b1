"""Counters: all there, all zero, and only those that are declared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.stats import CATEGORIES, NO_KEY, OTHER_KEYS, SOURCES, UNIDENTIFIED, Histogram, Stats

PARTS = Stats.__slots__
CLOSED = {
    "unidentified": dict.fromkeys(UNIDENTIFIED, 0),
    "identified": dict.fromkeys(SOURCES, 0),
    "categories": dict.fromkeys(CATEGORIES, 0),
    "keys": {NO_KEY: 0, OTHER_KEYS: 0},
    "missed": {"crash": 0, "stop": 0},
}
"""Counters whose reasons are all there from the start."""


@pytest.mark.parametrize("part", PARTS)
def test_counters_begin_with_nothing(part):
    counters = getattr(Stats(), part)
    for name in counters.__slots__:
        value = getattr(counters, name)
        if isinstance(value, Histogram):
            value = value.count
        assert value == (CLOSED.get(name, {}) if isinstance(value, dict) else 0), name


@pytest.mark.parametrize("part", PARTS)
def test_a_misspelt_counter_is_an_error(part):
    with pytest.raises(AttributeError):
        getattr(Stats(), part).liens = 1


def test_sensors_share_no_counters():
    one, other = Stats(), Stats()
    one.pipeline.unparsed["header"] = 1
    one.pipeline.lines += 1
    assert (other.pipeline.unparsed, other.pipeline.lines) == ({}, 0)


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 99.0]), st.integers(0, 3))))
def test_a_histogram_counts_what_is_not_above_each_bound(values):
    histogram = Histogram((0.5, 1.0, 2.0))
    for value, times in values:
        histogram.add(value, times)
    each = [value for value, times in values for _ in range(times)]
    assert histogram.cumulated() == [(bound, sum(value <= bound for value in each)) for bound in (0.5, 1.0, 2.0)]
    assert (histogram.count, histogram.sum) == (len(each), sum(each))

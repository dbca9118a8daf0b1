"""A bounded dictionary never holds more than its limit, and always what was kept last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.cache import BoundedDict

STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers()))


@pytest.mark.parametrize(
    ("method", "kept"),
    [("keep", {"c": 3}), ("keep_newest", {"b": 2, "c": 3})],
    ids=["a full dictionary is emptied", "or the oldest entry gives way"],
)
def test_a_full_dictionary_makes_room(method, kept):
    known = BoundedDict(2)
    for key, value in (("a", 1), ("b", 2), ("c", 3)):
        assert getattr(known, method)(key, value) == value
    assert known == kept


@pytest.mark.parametrize("method", ["keep", "keep_newest"])
def test_a_key_that_is_there_already_needs_no_room(method):
    known = BoundedDict(2)
    known.update(a=1, b=2)
    getattr(known, method)("a", 3)
    assert known == {"a": 3, "b": 2}


@given(limit=st.integers(1, 4), steps=STEPS)
def test_what_is_there_is_what_was_kept_and_never_more_than_the_limit(limit, steps):
    known = BoundedDict(limit)
    everything = {}
    for newest, key, value in steps:
        (known.keep_newest if newest else known.keep)(key, value)
        everything[key] = value
        assert len(known) <= limit
        assert known[key] == value
        assert known.items() <= everything.items()

"""The automaton keeps its rows within bounds and is right nevertheless."""

from __future__ import annotations

import re

import pytest

from sensor.regex.automaton import Automaton
from sensor.regex.tree import PatternError, parse


def test_rows_are_thrown_away_and_made_again():
    searched = Automaton(parse("(a|b)*a(a|b){6}c"), most_rows=5)
    for text in ("abbaababbabbabbabbbac", "ab" * 40 + "c", "b" * 40 + "c", "abbbbbbc", ""):
        assert searched.search(text) == bool(re.search("(a|b)*a(a|b){6}c", text))
        assert len(searched.rows) <= 5


def test_rows_are_made_once():
    searched = Automaton(parse("a.*b"))
    searched.search("xxaxxb")
    before = len(searched.rows)
    assert searched.search("xxxxaxxxb" * 10)
    assert len(searched.rows) == before


@pytest.mark.parametrize("expression", ["a{401}", "(ab|b|c){100}", "((a{9}){9}){9}"])
def test_its_size_is_bounded(expression):
    with pytest.raises(PatternError):
        Automaton(parse(expression))

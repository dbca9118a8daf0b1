"""The word that every match has in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.regex.word import word_of


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("proctitle=6E6F[0-9A-F]+", "proctitle"),
        (r"^type=SYSCALL .*key=\"wanted_one\"", "wanted_one"),
        ("foo|bar", ""),
        ("foo|foobar", "foo"),
        ("a(?:bc)d", "abcd"),
        ("ab(c|d)efg", "efg"),
        ("abx?cd", "ab"),
        ("(?i:ab)c", "c"),
        ("(?i)abc", ""),
        (r"ab\b-cde", "cde"),
        ("[a]bc", "abc"),
        ("(abcd)*ef", "ef"),
        ("[0-9]+", ""),
        ("\u00e4bc", "bc"),
        ("", ""),
    ],
)
def test_the_longest_run_of_letters(expression, word):
    assert word_of(expression) == word


@given(st.from_regex(r"(?:[ab]|a\?|[ab]\*|\(ab\|b\)|=|\.|\(a\)){0,8}", fullmatch=True), st.text("ab=c", max_size=12))
def test_it_is_in_every_text_that_matches(expression, text):
    if re.search(expression, text) is not None:
        assert word_of(expression) in text

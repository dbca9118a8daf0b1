"""Searching says what Python's `re` says, takes the same time whatever the text, and refuses what it cannot do."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.regex import PatternError, searcher
from sensor.regex.automaton import Automaton
from sensor.regex.tree import parse

ATOMS = ["a", "b", "ab", ".", "[ab]", "[^a]", r"\w", r"\b", r"\B", "^", "$", r"\Z", r"\A", "\n", "", r"\n", "A"]
TIMES = ["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "{0}"]


def joined(inner):
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join).map(lambda text: f"({text})"),
        st.tuples(inner, st.sampled_from(TIMES)).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        inner.map(lambda text: f"(?i:{text})"),
        inner.map(lambda text: f"(?ms:{text})"),
    )


EXPRESSIONS = st.recursive(st.sampled_from(ATOMS), joined, max_leaves=12)
SHUFFLED = "".join(random.Random(1).choices("ab", k=20_000))
TEXTS = st.text("abA_ \n\xe4", max_size=12)


def found_by_re(expression: str, text: str) -> bool:
    return re.search(expression, text, re.ASCII) is not None


def is_automaton(search) -> bool:
    return isinstance(getattr(search, "__self__", None), Automaton)


@given(EXPRESSIONS, st.lists(TEXTS, min_size=1, max_size=4))
def test_both_ways_of_searching_agree_with_re(expression, texts):
    try:
        search, automaton = searcher(expression), Automaton(parse(expression))
    except PatternError:
        return  # too large
    for text in texts:
        if text or r"\B" not in expression:  # \B in nothing: Python changed its mind in 3.14
            expected = found_by_re(expression, text)
            assert bool(search(text)) == expected
            assert automaton.search(text) == expected


@pytest.mark.parametrize(
    ("expression", "matching", "other"),
    [
        ("^/usr/bin/java$", "/usr/bin/java", "/usr/bin/java8"),
        ("java", "/usr/lib/jvm/java", "/usr/bin/jav"),
        (".*/cron.*", "/usr/sbin/cron", "cron"),
        (r"^type=SOCKADDR .* saddr=0100", "type=SOCKADDR msg=audit(1.0:1): saddr=01002F", "type=SOCKADDR saddr=02"),
        ("(?i)SSHD", "/usr/sbin/sshd", "/usr/sbin/ssh"),
        (r"(?x) a \s b  # blanks and remarks", "a b", "ab"),
        ("(?P<name>x)y", "xy", "yx"),
        ("bäckdöör+$", "/etc/bäckdöörrr".encode().decode("latin-1"), "backdoor"),
        ("ä|ö", "ö".encode().decode("latin-1"), "\xf6"),
        (r"\[ä]", "[ä]".encode().decode("latin-1"), "ä"),
        ("[^x]ä", "-ä".encode().decode("latin-1"), "xä".encode().decode("latin-1")),
        (r"[\x80-\xff]", "\xff", "a"),
        ("", "", None),
        ("a{3}", "aaa", "aa"),
        (r"\d+-\D", "12-x", "12-3"),
    ],
)
def test_what_people_write_is_understood(expression, matching, other):
    search = searcher(expression)
    assert search(matching)
    assert other is None or not search(other)


@pytest.mark.parametrize(
    "expression", ["^/usr/s?bin/[^/]+/x$", ".*foo.*", "foo", "(a|b|c)d", "^a.*b|^c", r"^type=PROCTITLE.*=6E", "x[0-9]+"]
)
def test_the_usual_expressions_take_the_fast_way(expression):
    assert not is_automaton(searcher(expression))


@pytest.mark.parametrize(
    "expression",
    [
        *("(a+)+$", "(a|aa)+$", "(a*)*b", "(.*a){20}", "(a|b)*a(a|b){9}c", "a.*a.*a.*b", "^.*a.*a.*a$", "(x+x+)+y"),
        *("a*a*a*a*b", "(?:a?){25}a{25}b", "a?" * 25 + "a" * 25 + "b", "([a-z]+)*=", "^(([a-z])+.)+[A-Z]([a-z])+$"),
        *(".*.*=.*", "(a{1,9}){9}b", "a{300}b", r"(\w+\s?)*:", "^(a?){20}(a*)*$"),
        *("b(a|b)*a(a|b){300}c", "(.*a){100}!"),
    ],
)
@pytest.mark.parametrize(
    "text", ["a" * 20_000, "ab" * 10_000, "x" * 20_000, "a" * 9_999 + "\n" + "a" * 9_999, SHUFFLED]
)
def test_no_text_takes_longer_than_its_length(expression, text):
    search = searcher(expression)
    start = time.process_time()
    search(text)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (r"(a)\1", "back-reference"),
        ("(?=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        ("(a)?(?(1)b|c)", "condition"),
        ("(", "unterminated"),
        ("a**", "multiple repeat"),
        ("*a", "nothing to repeat"),
        ("[äö]", "write"),
        (r"x[^]\]ä]", "write"),
        (r"\u20ac", "character itself"),
        ("a{500}b{500}", "too large"),
        ("(a|b){1000}", "too large"),
        ("a{99999999999}", "too large"),
        ("(" * 60 + "a" + ")" * 60, "nested"),
        ("(" * 5000 + "a" + ")" * 5000, "nested"),
        (r"\p{L}", "bad escape"),
        (r"\z", "bad escape"),
    ],
)
def test_what_cannot_be_is_refused(expression, why):
    with pytest.raises(PatternError, match=why):
        searcher(expression)

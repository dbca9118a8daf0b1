"""Expressions with groups: those that are accepted are found as `re` does it, in linear time; others are refused."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.regex import PatternError
from sensor.regex.groups import finder

LINEAR = [
    r"(?i)password=([^\0]+)",
    r"://[^\0 /@:]*:([^\0 /@]+)@",
    r"^(a+)b",
    r"x([^/]+)",
    r"\b(AKIA[A-Z0-9]{16})\b",
    r"(?:a|bc)=[ab]{0,9}:(x*)",
    r"ä=([^ ]+)",
    r"a(b+)$",
    r"a([b/]+)|://([^@/]*)@",
]
REFUSED = [
    (r"(a+)b", "not linear"),
    (r"a(a+)b", "not linear"),
    (r"x(.*)y", "not linear"),
    (r"/[^/]*x[^@]*@", "not linear"),
    (r"x(?:ab)+y", "not linear"),
    (r"(?:a|b+)c", "not linear"),
    (r"([a-z]{0,40}[a-z0-9]{0,40}[0-9]{0,40})!", "too many ways"),
    (r"x{500}", "too much"),
    (r"(a)\1", "back-reference"),
    (r"(?<=a)b", "look-around"),
    (r"a*", "nothing at all"),
    (r"", "nothing at all"),
    (r"(", "missing"),
]


@pytest.mark.parametrize("expression", LINEAR)
@given(st.text("ab:/@=x pasword\0\n\xe4", max_size=60))
def test_finds_what_re_finds(expression, text):
    text = text.encode().decode("latin-1")
    reference = re.compile("".join(char if char < "\x80" else char.encode().decode("latin-1") for char in expression))
    assert [found.span() for found in finder(expression)(text)] == [found.span() for found in reference.finditer(text)]


@pytest.mark.parametrize(("expression", "reason"), REFUSED)
def test_refuses(expression, reason):
    with pytest.raises(PatternError, match=reason):
        finder(expression)


@pytest.mark.parametrize("expression", LINEAR)
@pytest.mark.parametrize("unit", ["a", "://", "://a:", "x", "password=", "/@:", "ab", "a=", "a=aaaaaaaaa", "\0 "])
def test_a_text_costs_its_length(expression, unit):
    """200 kB take 20 ms at most where quadratic time would take minutes."""
    text = unit * (200_000 // len(unit))
    begin = time.process_time()
    for _ in finder(expression)(text):
        pass
    assert time.process_time() - begin < 2

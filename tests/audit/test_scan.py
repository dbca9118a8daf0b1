"""Places behind words, numbers and ids: what is there, what is not, and nothing behind the end of a text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.scan import (
    NONE,
    after,
    argument,
    behind,
    decimal,
    event_id,
    first_digit,
    hexadecimal,
    number,
    octal,
    plain,
    safe,
    signed,
)
from sensor.audit.shape import SAFE

TEXTS = st.text("0123456789abcfgABF.: =x\u00b2", max_size=24)


@pytest.mark.parametrize(
    ("text", "at", "word", "place"),
    [
        ("a=1", 0, "a=", 2),
        ("a=1", 1, "a=", NONE),
        ("a=1", 1, "=1", 3),
        ("a=", 1, "=1", NONE),
        ("a=", 2, "=", NONE),
        ("a=", 9, "=", NONE),
        ("a=", NONE, "=", NONE),
        ("", 0, "", 0),
    ],
)
def test_behind_a_word(text: str, at: int, word: str, place: int) -> None:
    assert behind(text, at, word) == place


@given(TEXTS, st.integers(-1, 24), st.sampled_from("0a=. "))
def test_behind_a_character_and_an_argument(text: str, at: int, sign: str) -> None:
    assert after(text, at, ord(sign)) == behind(text, at, sign)
    for argued in (text, text[:at] + f" a{sign}=" + text[at:] if at >= 0 else text):
        assert argument(argued, at, ord(sign)) == behind(argued, at, f" a{sign}=")


@pytest.mark.parametrize(
    ("text", "most", "plain", "place"),
    [
        ("7f01 ", 16, True, 4),
        ("7f01", 4, True, 4),
        ("7f01", 3, True, NONE),
        ("0", 16, True, 1),
        ("00", 16, True, NONE),
        ("00", 16, False, 2),
        ("7F", 16, True, 1),
        ("F", 16, True, NONE),
        ("g", 16, True, NONE),
        ("", 16, True, NONE),
    ],
)
def test_behind_hexadecimal_digits(text: str, most: int, plain: bool, place: int) -> None:
    assert hexadecimal(text, 0, most, plain) == place
    assert hexadecimal(text, NONE, most, plain) == NONE


@pytest.mark.parametrize(
    ("text", "most", "place"),
    [("42 ", 9, 2), ("42", 2, 2), ("42", 1, NONE), ("0", 9, 1), ("07", 9, NONE), ("4a", 9, 1), ("\u00b2", 9, NONE)],
)
def test_behind_decimal_digits(text: str, most: int, place: int) -> None:
    assert decimal(text, 0, most) == place
    assert decimal(text, NONE, most) == NONE


@pytest.mark.parametrize(
    ("text", "most", "place"),
    [("0755 ", 22, 4), ("755", 3, 3), ("755", 2, NONE), ("00", 2, 2), ("78", 9, 1), ("8", 9, NONE), ("", 9, NONE)],
)
def test_behind_octal_digits(text: str, most: int, place: int) -> None:
    assert octal(text, 0, most) == place
    assert octal(text, NONE, most) == NONE


@pytest.mark.parametrize(
    ("text", "most", "place"),
    [
        ("42 ", 9, 2),
        ("0", 9, 1),
        ("-42", 2, 3),
        ("-42", 1, NONE),
        ("42", 1, NONE),
        *[(text, 9, NONE) for text in ("-0", "-07", "07", "--1", "-", "-x", "+1", "", "\xb2", "-\xb2")],
    ],
)
def test_behind_a_signed_number(text: str, most: int, place: int) -> None:
    assert signed(text, 0, most) == place
    assert signed(text, NONE, most) == NONE


@pytest.mark.parametrize("strings", SAFE)
def test_behind_safe_characters(strings: str) -> None:
    percent = strings == "percent"
    passed = {sign for sign in map(chr, range(0x180)) if safe(f"x{sign}", 0, percent) == 2}
    assert passed == set(re.findall(f"[{SAFE[strings]}]", "".join(map(chr, range(0x180)))))
    assert [safe("a b", 0, percent), safe(" ", 0, percent), safe("", 0, percent)] == [1, 0, 0]
    assert safe("a", NONE, percent) == NONE


@pytest.mark.parametrize("strings", SAFE)
@given(text=st.text(st.characters(max_codepoint=0xFF), max_size=12))
def test_the_first_character_that_is_not_plain(strings: str, text: str) -> None:
    found = re.search(f"[^ {SAFE[strings]}]", text)
    assert plain(text, strings == "percent") == (found.start() if found is not None else len(text))


@pytest.mark.parametrize(
    ("text", "start", "end", "place"), [("0100", 0, 4, 1), ("000", 0, 3, 2), ("7", 0, 1, 0), ("x000x", 1, 4, 3)]
)
def test_the_first_digit_that_counts(text: str, start: int, end: int, place: int) -> None:
    assert first_digit(text, start, end) == place


@given(st.integers(0, 10**18 - 1), st.integers(0, 8))
def test_a_number_is_read(value: int, place: int) -> None:
    assert number(f"{'x' * place}{value}x", place, place + len(str(value))) == value


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1700000000.001:7", 16),
        ("1700000000.001:70x", 17),
        ("1.000:0", 7),
        ("1.000:07", NONE),
        ("0.000:7", NONE),
        ("01.000:7", NONE),
        ("1.00:7", NONE),
        ("1.0a0:7", NONE),
        ("1.00", NONE),
        ("1:7", NONE),
    ],
)
def test_behind_the_id_of_an_event(text: str, place: int) -> None:
    assert event_id(text, 0) == place


@given(TEXTS, st.integers(0, 30))
def test_no_place_is_behind_the_end(text: str, start: int) -> None:
    ends = [
        hexadecimal(text, start, 16, True),
        decimal(text, start, 9),
        event_id(text, start),
        octal(text, start, 22),
        signed(text, start, 9),
        behind(text, start, "x"),
    ]
    assert all(end == NONE or start < end <= len(text) for end in ends)

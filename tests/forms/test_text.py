"""Texts in both styles: what is escaped and how, and that every line of JSON stays UTF-8."""

from __future__ import annotations

import json
import unicodedata
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.forms.text import bad_bytes, quote_percent, quote_unicode
from sensor.printable import ESCAPES

TEXTS: list[tuple[bytes, str, str]] = [
    (b"", '""', '""'),
    (b"/usr/bin/bash", '"/usr/bin/bash"', '"/usr/bin/bash"'),
    (b'a "b"', '"a \\"b\\""', '"a \\"b\\""'),
    (b"a\\b", '"a\\\\b"', '"a\\\\b"'),
    (b"g++", '"g%2b%2b"', '"g++"'),
    (b"100%", '"100%25"', '"100%"'),
    (b"\x00\x01\x1f\x7f", '"%00%01%1f%7f"', '"\\u0000\\u0001\\u001f\\u007f"'),
    (b"\n\r\t\b\f", '"%0a%0d%09%08%0c"', '"\\n\\r\\t\\b\\f"'),
    ("a b ä".encode(), '"a b ä"', '"a b ä"'),
    ("\u2028\u0085\U0001f600".encode(), '"\\u2028\\u0085\U0001f600"', '"\\u2028\\u0085\U0001f600"'),
    ("a\u202e\u2066b\u2069".encode(), '"a\\u202e\\u2066b\\u2069"', '"a\\u202e\\u2066b\\u2069"'),
    ("\u009b31m%".encode(), '"\\u009b31m%25"', '"\\u009b31m%"'),
    ("\U000e0041".encode(), '"\\udb40\\udc41"', '"\\udb40\\udc41"'),
    ("\u00a0\u3000\u0301é".encode(), '"\u00a0\u3000\u0301é"', '"\u00a0\u3000\u0301é"'),  # seen, and harmless
    ("\ufeffx".encode(), '"%ef%bb%bfx"', '"\\ufeffx"'),
    (b"\xff", '"%ff"', '"\ufffd"'),
    (b"a\xc3", '"a%c3"', '"a\ufffd"'),
    (b"\xc3\xa4+\xff", '"ä%2b%ff"', '"ä+\ufffd"'),
    (b"\xed\xa0\x80", '"%ed%a0%80"', '"\ufffd\ufffd\ufffd"'),  # a surrogate, which UTF-8 may not hold
    (b"\xc0\x80", '"%c0%80"', '"\ufffd\ufffd"'),  # NUL in two bytes
    (b"\xf4\x90\x80\x80", '"%f4%90%80%80"', '"\ufffd\ufffd\ufffd\ufffd"'),  # beyond U+10FFFF
    (b"\xe2\x82x", '"%e2%82x"', '"\ufffd\ufffdx"'),
]


@pytest.mark.parametrize(("data", "percent", "unicode"), TEXTS)
def test_a_text_in_both_styles(data, percent, unicode):
    text = data.decode("latin-1")
    assert quote_percent(text).encode("latin-1").decode() == percent
    assert quote_unicode(text).encode("latin-1").decode() == unicode
    for quoted in (quote_percent(text), quote_unicode(text)):
        json.loads(quoted.encode("latin-1"))


@given(st.text([*map(chr, range(0x7F))]))
def test_ascii_is_quoted_as_the_standard_library_does(text):
    assert quote_unicode(text) == json.dumps(text)


@given(st.text('ab"\\\n\t /%+{}', min_size=50, max_size=200))
def test_a_script_on_a_command_line_is_quoted_as_the_standard_library_does(text):
    assert quote_unicode(text) == json.dumps(text)


SIGNS = 'aä\u65e5\U0001f600%+"\\\n\t \x00\x7f\x85\xa0\u202e\ufeff'


@given(st.text(st.sampled_from(SIGNS) | st.characters(codec="utf-8")))
def test_a_text_is_quoted_character_by_character(text):
    """Each character by itself goes another way than most texts do: by the table, or as it is."""
    for quote in (quote_percent, quote_unicode):
        alone = [quote(character.encode().decode("latin-1"))[1:-1] for character in text]
        quoted = quote(text.encode().decode("latin-1"))
        assert quoted == f'"{"".join(alone)}"'
        assert not any(ord(character) in ESCAPES for character in quoted.encode("latin-1").decode())


@given(st.text(st.characters(max_codepoint=0xFF), max_size=20), st.integers(0, 200))
def test_a_long_text_is_quoted_as_a_short_one(text, length):
    for quote in (quote_percent, quote_unicode):
        assert quote("x" * length + text) == f'"{"x" * length}{quote(text)[1:]}'


def test_nothing_that_is_escaped_is_printable():
    assert not any(chr(code).isprintable() for code in ESCAPES)


@pytest.mark.parametrize("byte", range(256))
def test_each_byte_for_itself(byte):
    for quote in (quote_percent, quote_unicode):
        assert isinstance(json.loads(quote(chr(byte)).encode("latin-1")), str)


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"", False), (b"abc\x00", False), ("ä".encode(), False), (b"\xe4", True), (b"\xed\xa0\x80", True)],
)
def test_bytes_that_are_no_text_are_known(data, expected):
    assert bad_bytes(data.decode("latin-1")) is expected


INVISIBLE = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp")]


def test_nothing_that_a_terminal_obeys_stays_as_it_is():
    """Escaped or not, it is the same text to who reads JSON, or is undone as any percent escape."""
    for character in INVISIBLE:
        for quote in (quote_percent, quote_unicode):
            quoted = quote(f"a{character}b".encode().decode("latin-1"))
            assert quoted.isascii()
            assert quoted.isprintable()
            assert urllib.parse.unquote(json.loads(quoted)) == f"a{character}b"


PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
SCRIPT = 'import os\n\tprint("%d+1" % 1, "\\n")\n'


@pytest.mark.parametrize(
    "text",
    [
        PRINTABLE,
        PRINTABLE[::-1],
        SCRIPT,
        '%25%0a\\"\\\\%%',
        "\t\n\n",
        f"ä{SCRIPT}",
        f"{SCRIPT}\r",
        f"\x01\0/dev/log{chr(0) * 99}",
        "".join(map(chr, range(0x20))),
        'Übung/größer+%"\\.txt',
        "Übung\u202e.txt",
        "Übung\n\u00a0",
        "\x02\0\x10ü\0",
        "\\n\\u0000",
    ],
)
def test_a_text_is_quoted_as_its_characters_are(text):
    for quote in (quote_percent, quote_unicode):
        characters = [quote(character.encode().decode("latin-1"))[1:-1] for character in text]
        assert quote(text.encode().decode("latin-1")) == f'"{"".join(characters)}"'

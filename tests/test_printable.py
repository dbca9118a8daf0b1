"""What is shown on a terminal, or stands in JSON, obeys nobody."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest

from sensor.printable import ESCAPES, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain ä €", "plain ä €"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\x9b\n\r", "\\x9b\\n\\r"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_a_text_for_a_terminal(text, shown):
    assert printable(text) == shown
    assert printable(shown) == shown


def test_every_character_without_a_shape_has_an_escape_that_means_the_same():
    for code in range(0x7F, sys.maxunicode + 1):
        hidden = unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp")
        assert hidden <= (code in ESCAPES), hex(code)
        if code in ESCAPES:
            assert json.loads(f'"{ESCAPES[code]}"') == chr(code)

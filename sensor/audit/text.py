"""Bytes of an audit record to JSON strings, reversibly.

Two styles (`transform.strings`):

percent  LAUREL's: control characters, `%`, `+`, U+FEFF and every byte that is no
         part of valid UTF-8 become %xx, so undoing percent-encoding once gives the
         bytes again:  a b ä+\\xff  →  "a b ä%2b%ff"
unicode  JSON escapes only: `g++` stays `g++`, a bad byte becomes U+FFFD, and the
         caller puts the exact bytes beside it in hexadecimal (see `bad_bytes`).

In both, what no screen shows and many obey (C1 controls, DEL, marks of direction, separators of lines and
paragraphs, zero-width and tag characters: Unicode's Cc, Cf, Zl and Zp) is a JSON escape, \\u202e: the same text for
whoever reads JSON, and harmless for whoever looks at the file.

In and out, text is a str in which each character is one byte.
"""

from __future__ import annotations

import re
from typing import Callable

Quote = Callable[[str], str]
"""A str of bytes → a JSON string with its quotes, again one character per byte."""

SAFE = {"percent": r"!#$&-*,-\[\]-~", "unicode": r"!#-\[\]-~"}
"""Style → the characters, besides the blank, that stay as they are, for a regular expression's brackets."""

_UNSAFE_PERCENT = re.compile(f"[^ {SAFE['percent']}]")
_UNSAFE_JSON = re.compile(f"[^ {SAFE['unicode']}]")
_QUOTED = {'"': '\\"', "\\": "\\\\"}
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_LONE = [chr(0xDC00 + byte) for byte in range(0x80, 0x100)]
"""What `surrogateescape` makes of bytes that are no part of valid UTF-8."""


_INVISIBLE = [
    *range(0x7F, 0xA0),
    *(0xAD, 0x61C, 0x6DD, 0x70F, 0x8E2, 0x180E, 0xFEFF, 0x110BD, 0x110CD, 0xE0001),
    *range(0x600, 0x606),
    *range(0x890, 0x892),
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2065),
    *range(0x2066, 0x2070),
    *range(0xFFF9, 0xFFFC),
    *range(0x13430, 0x13439),
    *range(0x1BCA0, 0x1BCA4),
    *range(0x1D173, 0x1D17B),
    *range(0xE0020, 0xE0080),
]
"""Unicode's Cc beyond ASCII, Cf, Zl and Zp."""


def _escape(code: int) -> str:
    """A character as JSON escapes it, beyond U+FFFF as two halves (RFC 8259, section 7)."""
    units = chr(code).encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


ESCAPES = {code: _escape(code) for code in _INVISIBLE}
"""For str.translate, over real characters: what is escaped wherever JSON is written."""


def _percent(character: str) -> str:
    return "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


_PERCENT_TABLE = str.maketrans(
    {**ESCAPES, **{c: _percent(c) for c in [*map(chr, range(0x20)), "\x7f", "%", "+", "\ufeff", *_LONE]}, **_QUOTED}
)
_JSON_TABLE = str.maketrans(
    {
        **ESCAPES,
        **{chr(code): f"\\u{code:04x}" for code in range(0x20)},
        **dict.fromkeys(_LONE, "\ufffd"),
        **_SHORT,
        **_QUOTED,
    }
)


def quote_percent(text: str) -> str:
    """Quote in the percent style."""
    if _UNSAFE_PERCENT.search(text) is None:
        return f'"{text}"'
    decoded = text.encode("latin-1").decode("utf-8", "surrogateescape")
    return '"' + decoded.translate(_PERCENT_TABLE).encode().decode("latin-1") + '"'


def quote_unicode(text: str) -> str:
    """Quote in the unicode style."""
    if _UNSAFE_JSON.search(text) is None:
        return f'"{text}"'
    decoded = text.encode("latin-1").decode("utf-8", "surrogateescape")
    return '"' + decoded.translate(_JSON_TABLE).encode().decode("latin-1") + '"'


def printable(text: str) -> str:
    """A text, of real characters, without anything that a terminal or a log would obey: escaped as Python does."""
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text])


def bad_bytes(text: str) -> bool:
    """Tell whether the bytes are not valid UTF-8."""
    if text.isascii():
        return False
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False

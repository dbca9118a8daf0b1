"""Bytes of an audit record to JSON strings, reversibly.

Two styles (`transform.strings`):

percent  LAUREL's: control characters, `%`, `+`, U+FEFF and every byte that is no
         part of valid UTF-8 become %xx, so undoing percent-encoding once gives the
         bytes again:  a b ä+\\xff  →  "a b ä%2b%ff"
unicode  JSON escapes only: `g++` stays `g++`, a bad byte becomes U+FFFD, and the
         caller puts the exact bytes beside it in hexadecimal (see `bad_bytes`).

In both, what no screen shows and many obey (C1 controls, DEL, marks of direction, separators of lines and
paragraphs, zero-width and tag characters: Unicode's Cc, Cf, Zl and Zp) is a JSON escape, \\u202e: the same text for
programs that read JSON, and harmless for people who look at the file.

In and out, text is a str in which each character is one byte.
"""

from __future__ import annotations

import re
from typing import Callable

from sensor.audit.shape import SAFE
from sensor.printable import ESCAPES

Quote = Callable[[str], str]
"""A str of bytes → a JSON string with its quotes, again one character per byte."""

_UNSAFE_PERCENT = re.compile(f"[^ {SAFE['percent']}]")
_UNSAFE_JSON = re.compile(f"[^ {SAFE['unicode']}]")
_USUAL = "\n\t\0\x01\x02\x10"
"""Control characters that are not rare: in scripts on a command line, and in addresses, which begin with a family."""
_ODD = re.compile("[^ -~]+")
_QUOTED = {'"': '\\"', "\\": "\\\\"}
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_LONE = [chr(0xDC00 + byte) for byte in range(0x80, 0x100)]
"""What `surrogateescape` makes of bytes that are no part of valid UTF-8."""


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


_PERCENT_USUAL = [(c, _percent(c)) for c in ("%", "+", *_USUAL)] + [("\\", "\\\\"), ('"', '\\"')]
_JSON_USUAL = [(c, str(_JSON_TABLE[ord(c)])) for c in ("\\", '"', *_USUAL)]
"""What becomes of characters that are not rare, in the order in which one can be replaced after the other."""


def quote_percent(text: str) -> str:
    """Quote in the percent style."""
    if _UNSAFE_PERCENT.search(text) is None:
        return f'"{text}"'
    return _quote(text, _PERCENT_USUAL, _percent_odd)


def quote_unicode(text: str) -> str:
    """Quote in the unicode style."""
    if _UNSAFE_JSON.search(text) is None:
        return f'"{text}"'
    return _quote(text, _JSON_USUAL, _json_odd)


def _quote(text: str, usual: list[tuple[str, str]], odd: Callable[[re.Match[str]], str]) -> str:
    """Replace what is usual, then what is odd: str.translate takes 33 ns for each character, so it sees few."""
    is_ascii = text.isascii()
    if not is_ascii:
        text = text.encode("latin-1").decode("utf-8", "surrogateescape")
    for character, written in usual:
        if character in text:
            text = text.replace(character, written)
    if not text.isprintable():  # as nothing in ESCAPES is
        text = _ODD.sub(odd, text)
    return f'"{text}"' if is_ascii else f'"{text}"'.encode().decode("latin-1")


def _percent_odd(found: re.Match[str]) -> str:
    return found[0].translate(_PERCENT_TABLE)


def _json_odd(found: re.Match[str]) -> str:
    return found[0].translate(_JSON_TABLE)


def bad_bytes(text: str) -> bool:
    """Return whether the bytes are not valid UTF-8."""
    if text.isascii():
        return False
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False

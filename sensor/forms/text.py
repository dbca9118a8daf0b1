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
_ODD = re.compile(f"[^ -~{_USUAL}]")
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
    unsafe = _UNSAFE_PERCENT.search(text)
    if unsafe is None:
        return f'"{text}"'
    return _quote(text, unsafe.start(), _PERCENT_USUAL, _PERCENT_TABLE)


def quote_unicode(text: str) -> str:
    """Quote in the unicode style."""
    unsafe = _UNSAFE_JSON.search(text)
    if unsafe is None:
        return f'"{text}"'
    return _quote(text, unsafe.start(), _JSON_USUAL, _JSON_TABLE)


def _quote(text: str, start: int, usual: list[tuple[str, str]], table: dict[int, str]) -> str:
    """Replace what is usual, in half to a tenth of the time of str.translate, which sees to all if more is odd."""
    if _ODD.search(text, start) is not None:
        decoded = text.encode("latin-1").decode("utf-8", "surrogateescape")
        if not decoded.replace("\n", "").replace("\t", "").isprintable():  # as nothing in ESCAPES is
            return '"' + decoded.translate(table).encode().decode("latin-1") + '"'
    for character, written in usual:
        if character in text:
            text = text.replace(character, written)
    return f'"{text}"'


def bad_bytes(text: str) -> bool:
    """Return whether the bytes are not valid UTF-8."""
    if text.isascii():
        return False
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False

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

from sensor.audit.scan import COMPILED, plain
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


_SHOWN = {chr(code): escape for code, escape in ESCAPES.items()}
_PERCENT_TABLE = {
    **_SHOWN,
    **{c: _percent(c) for c in [*map(chr, range(0x20)), "\x7f", "%", "+", "\ufeff", *_LONE]},
    **_QUOTED,
}
_JSON_TABLE = {
    **_SHOWN,
    **{c: f"\\u{ord(c):04x}" for c in map(chr, range(0x20))},
    **dict.fromkeys(_LONE, "\ufffd"),
    **_SHORT,
    **_QUOTED,
}


_PERCENT_USUAL = [(c, _percent(c)) for c in ("%", "+", *_USUAL)] + [("\\", "\\\\"), ('"', '\\"')]
_JSON_USUAL = [(c, _JSON_TABLE[c]) for c in ("\\", '"', *_USUAL)]
"""What becomes of characters that are not rare, in the order in which one can be replaced after the other."""


def quote_percent(text: str) -> str:
    """Quote in the percent style."""
    start = plain(text, True) if COMPILED else _first(_UNSAFE_PERCENT, text)
    if start == len(text):
        return f'"{text}"'
    return _quote(text, start, _PERCENT_USUAL, _PERCENT_TABLE)


def quote_unicode(text: str) -> str:
    """Quote in the unicode style."""
    start = plain(text, False) if COMPILED else _first(_UNSAFE_JSON, text)
    if start == len(text):
        return f'"{text}"'
    return _quote(text, start, _JSON_USUAL, _JSON_TABLE)


def _first(unsafe: re.Pattern[str], text: str) -> int:
    """What `plain` returns, quickest where it is interpreted."""
    found = unsafe.search(text)
    return len(text) if found is None else found.start()


def _quote(text: str, start: int, usual: list[tuple[str, str]], table: dict[str, str]) -> str:
    """Replace what is usual, in a fraction of the time of looking up each character, as is done if more is odd."""
    if _ODD.search(text, start) is not None:
        decoded = text.encode("latin-1").decode("utf-8", "surrogateescape")
        if not decoded.replace("\n", "").replace("\t", "").isprintable():  # as nothing in ESCAPES is
            written = "".join([table.get(character, character) for character in decoded])
            return f'"{written}"'.encode().decode("latin-1")
    for character, escape in usual:
        if character in text:
            text = text.replace(character, escape)
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

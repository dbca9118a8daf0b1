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
from typing import TYPE_CHECKING, Callable, Final

from sensor.audit.scan import COMPILED, plain
from sensor.audit.shape import SAFE
from sensor.printable import ESCAPES

if TYPE_CHECKING:
    from mypy_extensions import i64

Quote = Callable[[str], str]
"""A str of bytes → a JSON string with its quotes, again one character per byte."""

_LONG: Final = 160
"""Characters; of a longer text all bytes are looked at in one go, which takes a third to a seventh of the time."""
_USUAL = "\n\t\0\x01\x02\x10"
"""Control characters that are not rare: in scripts on a command line, and in addresses, which begin with a family."""
_ODD = re.compile(f"[^ -~{_USUAL}]")
_NOT_ODD = bytes(range(0x20, 0x7F)) + _USUAL.encode()
_QUOTED = {'"': '\\"', "\\": "\\\\"}
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_FIRST_LONE: Final = 0xDC80
_LAST_LONE: Final = 0xDCFF
_LONE = [chr(code) for code in range(_FIRST_LONE, _LAST_LONE + 1)]
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


class _Escapes:
    """What becomes of characters in one style.

    strings: of `transform.strings`.
    table: of all that do not stay.
    usual: of those that are not rare, in the order in which one can be replaced after the other.
    first: of each of the first ones; lone: of each of what `surrogateescape` makes of bytes.
    staying: the bytes that stay; unsafe: finds the first character that does not.
    """

    def __init__(self, strings: str, table: dict[str, str], usual: str) -> None:
        self.table = table
        self.usual = [(character, table[character]) for character in usual]
        self.first = [table.get(chr(code), chr(code)) for code in range(_FIRST)]
        self.lone = [table[character] for character in _LONE]
        self.unsafe = re.compile(f"[^ {SAFE[strings]}]")
        self.staying = bytes([code for code in range(_FIRST) if not self.unsafe.match(chr(code))])


_FIRST: Final = 0x100
_PERCENT = _Escapes("percent", _PERCENT_TABLE, f'%+{_USUAL}\\"')
_JSON = _Escapes("unicode", _JSON_TABLE, f'\\"{_USUAL}')


def quote_percent(text: str) -> str:
    """Quote in the percent style."""
    stays = plain(text, True) == len(text) if COMPILED and len(text) <= _LONG else _stays(text, _PERCENT)
    return f'"{text}"' if stays else _quote(text, _PERCENT)


def quote_unicode(text: str) -> str:
    """Quote in the unicode style."""
    stays = plain(text, False) == len(text) if COMPILED and len(text) <= _LONG else _stays(text, _JSON)
    return f'"{text}"' if stays else _quote(text, _JSON)


def _stays(text: str, escapes: _Escapes) -> bool:
    """Whether nothing in a text is escaped."""
    if len(text) > _LONG:
        return not text.encode("latin-1").translate(None, escapes.staying)
    return escapes.unsafe.search(text) is None


def _is_odd(text: str) -> bool:
    """Whether more than what is usual is escaped, perhaps."""
    if len(text) > _LONG:
        return bool(text.encode("latin-1").translate(None, _NOT_ODD))
    return _ODD.search(text) is not None


def _quote(text: str, escapes: _Escapes) -> str:
    """Replace what is usual, in a fraction of the time of looking up each character, as is done if more is odd."""
    if _is_odd(text):
        decoded = text.encode("latin-1").decode("utf-8", "surrogateescape")
        if not decoded.replace("\n", "").replace("\t", "").isprintable():  # as nothing in ESCAPES is
            return f'"{"".join(_escaped(decoded, escapes))}"'.encode().decode("latin-1")
    for character, escape in escapes.usual:
        if character in text:
            text = text.replace(character, escape)
    return f'"{text}"'


def _escaped(text: str, escapes: _Escapes) -> list[str]:
    """What becomes of each character."""
    table, first, lone = escapes.table, escapes.first, escapes.lone
    if not COMPILED:
        return [table.get(character, character) for character in text]
    written: list[str] = []
    at: i64 = 0
    size: i64 = len(text)
    while at < size:
        code: i64 = ord(text[at])
        if code < _FIRST:  # a look into a list takes a third of one into a dictionary
            written.append(first[code])
        elif _FIRST_LONE <= code <= _LAST_LONE:
            written.append(lone[code - _FIRST_LONE])
        else:
            character = text[at]
            written.append(table.get(character, character))
        at += 1
    return written


def bad_bytes(text: str) -> bool:
    """Return whether the bytes are not valid UTF-8."""
    if text.isascii():
        return False
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False

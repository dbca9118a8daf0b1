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
_ODD = re.compile(r"[^ -~\n\t]")
"""What is neither ASCII's printable characters nor those two that scripts on a command line have."""
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


def quote_percent(text: str) -> str:
    """Quote in the percent style."""
    unsafe = _UNSAFE_PERCENT.search(text)
    if unsafe is None:
        return f'"{text}"'
    if _ODD.search(text, unsafe.start()) is not None:
        decoded = text.encode("latin-1").decode("utf-8", "surrogateescape")
        if not _is_visible(decoded):
            return '"' + decoded.translate(_PERCENT_TABLE).encode().decode("latin-1") + '"'
    text = text.replace("%", "%25").replace("+", "%2b").replace("\n", "%0a").replace("\t", "%09")
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def quote_unicode(text: str) -> str:
    """Quote in the unicode style."""
    unsafe = _UNSAFE_JSON.search(text)
    if unsafe is None:
        return f'"{text}"'
    if _ODD.search(text, unsafe.start()) is not None:
        decoded = text.encode("latin-1").decode("utf-8", "surrogateescape")
        if not _is_visible(decoded):
            return '"' + decoded.translate(_JSON_TABLE).encode().decode("latin-1") + '"'
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{text}"'


def _is_visible(decoded: str) -> bool:
    """Return whether there are only newlines, tabs and printable characters, none of which is in ESCAPES."""
    return decoded.replace("\n", "").replace("\t", "").isprintable()


def bad_bytes(text: str) -> bool:
    """Return whether the bytes are not valid UTF-8."""
    if text.isascii():
        return False
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False

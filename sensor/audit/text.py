"""Bytes of an audit record to JSON strings, reversibly.

Two styles (`transform.strings`):

percent  LAUREL's: control characters, `%`, `+`, U+FEFF and every byte that is no
         part of valid UTF-8 become %xx, so undoing percent-encoding once gives the
         bytes again:  a b ä+\\xff  →  "a b ä%2b%ff"
unicode  JSON escapes only: `g++` stays `g++`, a bad byte becomes U+FFFD, and the
         caller puts the exact bytes beside it in hexadecimal (see `bad_bytes`).

In and out, text is a str in which each character is one byte.
"""

from __future__ import annotations

import re
from re import Match
from typing import Callable

Quote = Callable[[str], str]
"""A str of bytes → a JSON string with its quotes, again one character per byte."""

_UNSAFE_PERCENT = re.compile(r"[^ -!#$&-*,-\[\]-~]")
_UNSAFE_JSON = re.compile(r"[^ !#-\[\]-~]")
_PERCENT = re.compile('[\x00-\x1f\x7f%+"\\\\\ufeff\ud800-\udfff]')
_JSON = re.compile('[\x00-\x1f"\\\\\ud800-\udfff]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def quote_percent(text: str) -> str:
    """Quote in the percent style."""
    if _UNSAFE_PERCENT.search(text) is None:
        return f'"{text}"'
    decoded = text.encode("latin-1").decode("utf-8", "surrogateescape")
    return '"' + _PERCENT.sub(_percent, decoded).encode().decode("latin-1") + '"'


def quote_unicode(text: str) -> str:
    """Quote in the unicode style."""
    if _UNSAFE_JSON.search(text) is None:
        return f'"{text}"'
    decoded = text.encode("latin-1").decode("utf-8", "surrogateescape")
    return '"' + _JSON.sub(_escape, decoded).encode().decode("latin-1") + '"'


def bad_bytes(text: str) -> bool:
    """Tell whether the bytes are not valid UTF-8."""
    if text.isascii():
        return False
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _percent(found: Match[str]) -> str:
    character = found.group()
    if character in '"\\':
        return "\\" + character
    return "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def _escape(found: Match[str]) -> str:
    character = found.group()
    if character >= "\ud800":
        return "\ufffd"
    return _SHORT.get(character) or f"\\u{ord(character):04x}"

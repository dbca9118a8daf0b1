"""What the bodies of one layout look like, and the values in a body that looks so.

    item=0 name="/usr/bin/bash" inode=260104 dev=fe:00 …     the body
    item=, decimal; name=, quoted; inode=, decimal; …        its shape: what stands before each value, and its form
    "0" "/usr/bin/bash" "260104" "fe:00" …                   the values

Only values that are what they look like, and need no escape wherever they are written, have a form: plain numbers, and
text without a blank. An expression takes 1.1 µs for the values of a PATH record, and up to 2.4 ms to be made; compiled,
looking at each character (sensor.audit.scan) takes 1.0, and nothing has to be made.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sensor.audit.scan import (
    COMPILED,
    NONE,
    QUESTION_MARK,
    QUOTE,
    after,
    behind,
    first_digit,
    hexadecimal,
    octal,
    safe,
    signed,
)
from sensor.audit.spellings import ENRICHED

if TYPE_CHECKING:
    from mypy_extensions import i64

SAFE = {"percent": r"!#$&-*,-\[\]-~", "unicode": r"!#-\[\]-~"}
"""`transform.strings` → the characters, besides the blank, that no form of output changes, for a regular expression."""

DECIMAL: Final = 0
HEXADECIMAL: Final = 1
OCTAL: Final = 2
QUOTED: Final = 3
WORD: Final = 4
NULL: Final = 5
"""Forms. Null is none, as the kernel and its tools write it: it has no value."""

_APOSTROPHE: Final = 39
_BRACE: Final = 123
Values = tuple[str, ...]

_END = rf"(?= |{ENRICHED}|\Z)"
_NULL = rf"(?:\?|\(null\)){_END}"


class Shape:
    """One shape.

    befores: what stands before each value, the separator included; forms: the form of each.
    strings: of SAFE.
    """

    def __init__(self, befores: list[str], forms: list[int], strings: str) -> None:
        self.befores = befores
        self.forms = forms
        self._strings = strings
        self._percent = strings == "percent"
        self._expression: re.Pattern[str] | None = None

    def values(self, body: str) -> Values | None:
        """The values in a body that has this shape, numbers without leading zeros; None if it has another."""
        return self.by_scan(body) if COMPILED else self.by_expression(body)

    def by_expression(self, body: str) -> Values | None:
        """`values`, quickest where it is interpreted."""
        if self._expression is None:
            self._expression = re.compile(self._pattern())
        found = self._expression.match(body)
        return found.groups() if found is not None else None

    def by_scan(self, body: str) -> Values | None:
        """`values`, quickest where it is compiled."""
        at: i64 = 0
        found: list[str] = []
        for before, form in zip(self.befores, self.forms):
            start = behind(body, at, before)
            at = self._behind_value(body, start, form)
            if at == NONE:
                return None
            if form == QUOTED:
                found.append(body[start + 1 : at - 1])
            elif form in (HEXADECIMAL, OCTAL):
                found.append(body[first_digit(body, start, at) : at])
            elif form != NULL:
                found.append(body[start:at])
        return tuple(found) if at == len(body) else None

    def _behind_value(self, body: str, start: i64, form: i64) -> i64:
        """The place behind a value, whatever follows it: the next name, or the end, is looked for there."""
        if form == QUOTED:
            return after(body, safe(body, after(body, start, QUOTE), self._percent), QUOTE)
        if form == WORD:
            end = safe(body, start, self._percent)
            return NONE if end == start or _is_none(body, start, end) else end
        if form == DECIMAL:
            return signed(body, start, 18)
        if form == HEXADECIMAL:
            return hexadecimal(body, start, 16, False)
        if form == OCTAL:
            return octal(body, start, 22)
        mark = after(body, start, QUESTION_MARK)
        return behind(body, start, "(null)") if mark == NONE else mark

    def _pattern(self) -> str:
        characters = SAFE[self._strings]
        forms = {
            DECIMAL: "(-?[1-9][0-9]{0,17}|0)",
            HEXADECIMAL: rf"(?=[0-9a-f]{{1,16}}{_END})0*([1-9a-f][0-9a-f]*|0)",
            OCTAL: rf"(?=[0-7]{{1,22}}{_END})0*([1-7][0-7]*|0)",
            QUOTED: f'"([{characters}]*)"',
            WORD: rf"(?!{_NULL})(?!['{{])([{characters}]+)",
            NULL: _NULL,
        }
        pairs = zip(self.befores, self.forms)
        return "".join([re.escape(before) + forms[form] for before, form in pairs]) + r"\Z"


def _is_none(body: str, start: i64, end: i64) -> bool:
    """Whether a word is one for no value, or begins as a longer value does."""
    first: i64 = ord(body[start])
    if first in (_APOSTROPHE, _BRACE):
        return True
    if end - start == 1:
        return first == QUESTION_MARK
    return end - start == 6 and body[start:end] == "(null)"

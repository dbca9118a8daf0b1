"""Text, character by character, from a place to a place: what compiled code does quicker than an expression.

    syscall=59 success=…        behind(text, 0, "syscall=") → 8, decimal(text, 8, 9) → 10, decimal(text, 10, 9) → NONE

Each function takes the place where something should begin and returns the place behind it; NONE if it is not there, or
if what it is given is NONE, so that calls can be strung together. Interpreted they take ten times as long as an
expression, or more, so there is one of the same meaning wherever they are used, and a test that holds the two equal.

Statements stand where an expression would do (`NONE if … else at`, `min`): of its number mypyc would make an object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_extensions import i64

COMPILED: Final = not str(globals().get("__file__", "")).endswith((".py", ".pyc"))  # compiled by mypy 1.15 it has none
NONE: Final = -1
BLANK: Final = 32
QUOTE: Final = 34
_PERCENT: Final = 37
_PLUS: Final = 43
_MINUS: Final = 45
_POINT: Final = 46
ZERO: Final = 48  # "0"
_SEVEN: Final = 55
_NINE: Final = 57
COLON: Final = 58
EQUALS: Final = 61
QUESTION_MARK: Final = 63
_BACKSLASH: Final = 92
_A: Final = 97  # "a"
_F: Final = 102
_DELETE: Final = 127


def behind(text: str, at: i64, word: str) -> i64:
    """The place behind a word: 16 ns, where a loop over its characters takes 19 to 46."""
    end = at + len(word)
    if at == NONE or text[at:end] != word:
        return NONE
    return end


def after(text: str, at: i64, sign: i64) -> i64:
    """The place behind one character, given by its code: `behind` in a fifth of the time."""
    if at == NONE or at >= len(text) or ord(text[at]) != sign:
        return NONE
    return at + 1


def argument(text: str, at: i64, digit: i64) -> i64:
    """The place behind ` a0=`, the number given by its code: `behind` in half of the time."""
    if at == NONE or len(text) - at < 4:
        return NONE
    if ord(text[at]) != BLANK or ord(text[at + 1]) != _A or ord(text[at + 2]) != digit or ord(text[at + 3]) != EQUALS:
        return NONE
    return at + 4


def hexadecimal(text: str, start: i64, most: i64, plain: bool) -> i64:
    """The place behind at most so many hexadecimal digits, in small letters; plain: without a leading zero."""
    if start == NONE:
        return NONE
    at = start
    limit = start + most + 1
    size: i64 = len(text)
    if size < limit:
        limit = size
    while at < limit:
        digit: i64 = ord(text[at])
        if digit < ZERO or digit > _F or _NINE < digit < _A:
            break
        at += 1
    if at == start or at > start + most or (plain and at > start + 1 and ord(text[start]) == ZERO):
        return NONE
    return at


def octal(text: str, start: i64, most: i64) -> i64:
    """The place behind at most so many octal digits."""
    return _digits(text, start, most, _SEVEN)


def safe(text: str, start: i64, percent: bool) -> i64:
    """The place behind characters that no form of output changes, blanks not among them; the start if there are none.

    percent: nor one of which `transform.strings` is percent.
    """
    if start == NONE:
        return NONE
    at = start
    size: i64 = len(text)
    while at < size:
        sign: i64 = ord(text[at])
        if sign <= BLANK or sign >= _DELETE or sign in (QUOTE, _BACKSLASH):
            break
        if percent and sign in (_PERCENT, _PLUS):
            break
        at += 1
    return at


def plain(text: str, percent: bool) -> i64:
    """The place of the first character that some form of output changes; the end if there is none. A blank stays.

    percent: as in `safe`, which has a loop of its own: one for both would ask for the blank at each character.
    """
    at: i64 = 0
    size: i64 = len(text)
    while at < size:
        sign: i64 = ord(text[at])
        if sign < BLANK or sign >= _DELETE or sign in (QUOTE, _BACKSLASH):
            break
        if percent and sign in (_PERCENT, _PLUS):
            break
        at += 1
    return at


def decimal(text: str, start: i64, most: i64) -> i64:
    """The place behind at most so many decimal digits, of which the first is no zero that others follow."""
    at = _digits(text, start, most, _NINE)
    if at > start + 1 and ord(text[start]) == ZERO:
        return NONE
    return at


def _digits(text: str, start: i64, most: i64, last: i64) -> i64:
    """The place behind at least one and at most so many digits from 0 to a last one."""
    if start == NONE:
        return NONE
    at = start
    limit = start + most + 1  # the place behind the first character that would be one too many
    size: i64 = len(text)
    if size < limit:
        limit = size
    while at < limit:
        digit: i64 = ord(text[at])
        if digit < ZERO or digit > last:
            break
        at += 1
    if at == start or at > start + most:
        return NONE
    return at


def signed(text: str, start: i64, most: i64) -> i64:
    """The place behind a decimal number of at most so many digits that may be negative, and then is not zero."""
    digits = after(text, start, _MINUS)
    if digits == NONE:
        return decimal(text, start, most)
    if after(text, digits, ZERO) != NONE:
        return NONE
    return decimal(text, digits, most)


def first_digit(text: str, start: i64, end: i64) -> i64:
    """The place of the first digit that counts of a number from one place to another: the last one, if all are zero."""
    at = start
    while at < end - 1 and ord(text[at]) == ZERO:
        at += 1
    return at


def number(text: str, start: i64, end: i64) -> i64:
    """The number that at most 18 decimal digits from one place to another are."""
    value: i64 = 0
    at = start
    while at < end:
        value = value * 10 + ord(text[at]) - ZERO
        at += 1
    return value


def event_id(text: str, start: i64) -> i64:
    """The place behind an event's id as the kernel writes it: `1700000000.001:7`, no number with a leading zero."""
    second = decimal(text, start, 16)
    point = after(text, second, _POINT)
    if point == NONE or len(text) - point < 3 or ord(text[start]) == ZERO:
        return NONE
    at = point
    while at < point + 3:
        digit: i64 = ord(text[at])
        if digit < ZERO or digit > _NINE:
            return NONE
        at += 1
    return decimal(text, after(text, at, COLON), 10)

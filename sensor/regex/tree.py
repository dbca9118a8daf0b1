"""A regular expression as a tree of five kinds of nodes, over bytes.

    ^(?i:ab)+c|x?$   Alt(Seq(At(BEGIN), Rep(1, None, Seq(Set(Aa), Set(Bb))), Set(c)), Seq(Rep(0, 1, Set(x)), At(END)))

Python's own parser reads the expression; what it finds is brought into this form, with
flags and classes resolved. Look-around, back-references, atomic groups and conditions
have no place in it and are refused, as in Rust's regex.
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any, NamedTuple, Union

BEGIN, BEGIN_LINE, END, END_LINE, END_TEXT, BOUNDARY, NO_BOUNDARY = range(7)
"""Places. END is also before a newline that ends the text, as in Python."""

ALL = (1 << 256) - 1
_MOST_NESTED = 50
_CLASS = re.compile(r"\\.|\[\^?(?:\]|\\.)?(?:[^\]\\]|\\.)*\]", re.DOTALL)


class Set(NamedTuple):
    """One byte out of a set: bit n of mask is byte n."""

    mask: int


class At(NamedTuple):
    """A place between two bytes."""

    place: int


class Seq(NamedTuple):
    """One after the other."""

    parts: tuple[Node, ...]


class Alt(NamedTuple):
    """One or the other."""

    parts: tuple[Node, ...]


class Rep(NamedTuple):
    """Several times, at least `low` and, unless that is None, at most `high`."""

    low: int
    high: int | None
    body: Node


Node = Union[Set, At, Seq, Alt, Rep]


class PatternError(ValueError):
    """This is no regular expression, or none that is supported."""


def encoded(text: str) -> str:
    """An expression for texts of one byte per character: one that is no ASCII stands for its bytes in UTF-8."""
    return "".join([char if char.isascii() else f"(?:{char.encode().decode('latin-1')})" for char in text])


def parse(text: str) -> Node:
    """Parse an expression; a character that is no ASCII stands for its bytes in UTF-8."""
    if not text.isascii() and any(not found.isascii() for found in _CLASS.findall(text)):
        raise PatternError("a class in brackets holds ASCII characters only; write (ä|ö)")
    try:
        parsed = _parser.parse(encoded(text), re.ASCII)
        return _convert(parsed, parsed.state.flags, 0)
    except (re.error, OverflowError) as error:
        raise PatternError(str(error)) from None
    except RecursionError:
        raise PatternError("it is nested too deeply") from None


def _mask(expression: str) -> int:
    wanted = re.compile(expression, re.ASCII)
    return sum(1 << byte for byte in range(256) if wanted.fullmatch(chr(byte)))


WORD = _mask(r"\w")
NEWLINE = 1 << 10
_CATEGORIES = {
    "CATEGORY_DIGIT": _mask(r"\d"),
    "CATEGORY_NOT_DIGIT": _mask(r"\D"),
    "CATEGORY_SPACE": _mask(r"\s"),
    "CATEGORY_NOT_SPACE": _mask(r"\S"),
    "CATEGORY_WORD": WORD,
    "CATEGORY_NOT_WORD": _mask(r"\W"),
}
_PLACES = {
    "AT_BEGINNING_STRING": BEGIN,
    "AT_END_STRING": END_TEXT,
    "AT_BOUNDARY": BOUNDARY,
    "AT_NON_BOUNDARY": NO_BOUNDARY,
}
_REFUSED = {
    "GROUPREF": "a back-reference",
    "GROUPREF_EXISTS": "a condition",
    "ASSERT": "look-around",
    "ASSERT_NOT": "look-around",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive repetition",
}
# The parser is the same under both names; the old one is deprecated where the new one is.
_parser: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")


def _convert(parsed: Any, flags: int, depth: int) -> Node:
    """A sequence of the parser's nodes."""
    if depth > _MOST_NESTED:
        raise PatternError("it is nested too deeply")
    parts: list[Node] = []
    for operation, argument in parsed:
        kind = str(operation)
        if kind in _REFUSED:
            raise PatternError(f"{_REFUSED[kind]} is not supported")
        if kind == "SUBPATTERN":
            _, added, removed, body = argument
            parts.append(_convert(body, flags & ~removed | added, depth + 1))
        elif kind == "BRANCH":
            parts.append(Alt(tuple([_convert(body, flags, depth + 1) for body in argument[1]])))
        elif kind in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, body = argument
            most = None if str(high) == "MAXREPEAT" else int(high)
            parts.append(Rep(int(low), most, _convert(body, flags, depth + 1)))
        elif kind == "AT":
            parts.append(At(_place(str(argument), flags)))
        else:
            parts.append(Set(_set(kind, argument, flags)))
    return parts[0] if len(parts) == 1 else Seq(tuple(parts))


def _place(name: str, flags: int) -> int:
    lines = bool(flags & re.MULTILINE)
    if name == "AT_BEGINNING":
        return BEGIN_LINE if lines else BEGIN
    if name == "AT_END":
        return END_LINE if lines else END
    return _PLACES[name]


def _set(kind: str, argument: Any, flags: int) -> int:
    """The bytes that a node stands for."""
    if kind == "ANY":
        return ALL if flags & re.DOTALL else ALL ^ NEWLINE
    items = argument if kind == "IN" else [(kind.replace("NOT_", ""), argument)]
    mask, negated = 0, kind == "NOT_LITERAL"
    for operation, value in items:
        name = str(operation)
        if name == "LITERAL":
            mask |= 1 << value
        elif name == "RANGE":
            mask |= (1 << (value[1] + 1)) - (1 << value[0])
        elif name == "CATEGORY":
            mask |= _CATEGORIES[str(value)]
        elif name == "NEGATE":
            negated = True
        else:
            raise PatternError(f"{name.lower()} is not supported")
    if mask > ALL:
        raise PatternError("a character is written as \\u or \\U; write the character itself")
    if flags & re.IGNORECASE:
        mask |= _other_case(mask)
    return ALL ^ mask if negated else mask


_UPPER, _LOWER = _mask("[A-Z]"), _mask("[a-z]")


def _other_case(mask: int) -> int:
    return (mask & _UPPER) << 32 | (mask & _LOWER) >> 32

"""Expressions whose groups matter, found everywhere in a text in time that is linear in it.

    find = finder(r"://[^\\0 /@:]*:([^\\0 /@]+)@")
    [match.span(1) for match in find("curl https://me:secret@host/")]      [(16, 22)]

An automaton knows no groups, so this is Python's `re`, for expressions that it searches in linear time. A repetition
without limit may end the expression, for then it is never tried again; else what follows must be a byte that it cannot
take, so there is one way through it, and before it must come a byte that it cannot take, so few matches begin within
what it took. Everything else is bounded: 64 ways, 400 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Callable

from sensor.regex.tree import BEGIN, END, END_TEXT, Alt, At, Node, PatternError, Rep, Seq, Set, encoded, parse
from sensor.regex.weight import choices, loops, width

Finder = Callable[[str], Iterator["re.Match[str]"]]
"""Text, one byte per character → the matches in it from left to right, none of which overlap."""

_MOST_WAYS, _MOST_BYTES = 64, 400


def finder(text: str) -> Finder:
    """All matches of an expression; raises PatternError if it is none, or not known to be linear with groups."""
    tree = parse(text)
    branches = tree.parts if isinstance(tree, Alt) else (tree,)
    if sum([_ways(_flat(branch)) for branch in branches]) > _MOST_WAYS or width(tree) > _MOST_BYTES:
        raise PatternError("it can match in too many ways, or too much, to be searched with groups in linear time")
    if re.compile(encoded(text), re.ASCII).match("") is not None:
        raise PatternError("it matches nothing at all")
    return re.compile(encoded(text), re.ASCII).finditer


def _flat(node: Node) -> list[Node]:
    """What follows one another, groups opened."""
    if not isinstance(node, Seq):
        return [node]
    return [part for each in node.parts for part in _flat(each)]


def _ways(parts: list[Node]) -> int:
    """In how many ways a sequence can go; raises PatternError if they depend on the text's length."""
    ways = 1
    for place, part in enumerate(parts):
        rest = parts[place + 1 :]
        if isinstance(part, Rep) and isinstance(part.body, Set):
            certain = not rest or _ends(rest[0], part.body.mask)
            if part.high is None and rest and not (certain and _begins(parts[:place], part.body.mask)):
                raise PatternError(
                    "not linear with groups: a repetition without limit must come last, or stand between bytes that "
                    "it cannot take"
                )
            ways *= 1 if certain else choices(part)
        elif loops(part):
            raise PatternError("not linear with groups: a repetition without limit is of one byte or class")
        else:
            ways *= choices(part)
    return ways


def _ends(following: Node, mask: int) -> bool:
    """Return whether what follows cannot be a byte of these."""
    if isinstance(following, Set):
        return not following.mask & mask
    return isinstance(following, At) and following.place in (END, END_TEXT)


def _begins(before: list[Node], mask: int) -> bool:
    """Return whether a byte that is none of these must stand before, with nothing without limit but these between."""
    for part in reversed(before):
        one = part.body if isinstance(part, Rep) and part.low else part
        if (isinstance(one, Set) and not one.mask & mask) or part == At(BEGIN):
            return True
        if loops(part) and not (isinstance(part, Rep) and isinstance(part.body, Set) and not part.body.mask & ~mask):
            return False
    return False

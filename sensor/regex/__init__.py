"""Regular expressions from the configuration, searched in time that is linear in the text.

    is_java = searcher(r"^/usr/lib/jvm/.*/java$")
    is_java("/usr/lib/jvm/17/bin/java")      true

Texts come from whom we watch, so no text may cost more than its length. Where Python's `re` is linear too, it is used:
no repetition may be tried again in another way. For everything else there is an automaton, which takes some 50 ns per
byte, and some 5 µs where it meets nothing it has met before.

Texts of labels are short and remembered, so `re` gains nothing there. It is for `filter_raw_lines`, which sees the
300 bytes of each SYSCALL record anew: an expression costs 3 µs of CPU an event with `re` and 16 with the automaton,
where an event without costs 18 (four expressions 34 and 89; 10,292 recorded events, Python 3.11). One with a word that
such records seldom have (sensor.regex.word) costs next to nothing.

The syntax is Python's, without back-references, look-around and atomic groups: nearly
that of LAUREL's expressions. Texts and expressions are bytes: `.` is one byte, `\\w`, `\\d` and `(?i)`
know ASCII; a character beyond ASCII stands for its bytes in UTF-8.
"""

from __future__ import annotations

import re
from typing import Any, Callable

from sensor.regex.automaton import Automaton
from sensor.regex.tree import (
    BEGIN,
    BEGIN_LINE,
    BOUNDARY,
    END,
    END_LINE,
    END_TEXT,
    NO_BOUNDARY,
    Alt,
    At,
    Node,
    PatternError,
    Rep,
    Seq,
    Set,
    parse,
)
from sensor.regex.weight import choices, loops, width

__all__ = ["PatternError", "Search", "searcher"]

Search = Callable[[str], Any]
"""Text, one byte per character → something true if the expression matches anywhere in it."""

_PLACES = {
    BEGIN: r"\A",
    BEGIN_LINE: "(?m:^)",
    END: "$",
    END_LINE: "(?m:$)",
    END_TEXT: r"\Z",
    BOUNDARY: r"\b",
    NO_BOUNDARY: r"\B",
}
_MOST_CHOICES, _MOST_BYTES = 64, 400


def searcher(text: str) -> Search:
    """A search for an expression; raises PatternError if it is none, or too large."""
    tree = _shortened(parse(text))
    branches = tree.parts if isinstance(tree, Alt) else (tree,)
    ways = sum([choices(branch) for branch in branches])
    if ways <= _MOST_CHOICES and width(tree) <= _MOST_BYTES and all(map(_is_linear, branches)):
        return re.compile(_source(tree), re.ASCII).search
    return Automaton(tree).search


def _shortened(tree: Node) -> Node:
    """The same search without what decides nothing: repetitions at the ends, beyond those that must be there."""
    if isinstance(tree, Alt):
        return Alt(tuple([_shortened(part) for part in tree.parts]))
    if isinstance(tree, Rep):
        return tree.body if tree.low == 1 else Rep(tree.low, tree.low, tree.body)
    if isinstance(tree, Seq) and tree.parts:
        first, *rest = tree.parts
        if isinstance(first, Rep):
            first = _shortened(first)
        if rest and isinstance(rest[-1], Rep):
            rest[-1] = _shortened(rest[-1])
        return Seq((first, *rest))
    return tree


def _is_linear(branch: Node) -> bool:
    """Return whether `re` searches a branch in linear time.

    An unbounded repetition costs the text's length for each place where it begins: for
    one place if the branch begins at the text's beginning, else for any.
    """
    parts = branch.parts if isinstance(branch, Seq) else (branch,)
    anchored = bool(parts) and parts[0] == At(BEGIN)
    return loops(branch) <= (1 if anchored else 0)


def _source(node: Node) -> str:
    """A tree as Python's `re` reads it."""
    if isinstance(node, Set):
        return _class(node.mask)
    if isinstance(node, At):
        return _PLACES[node.place]
    if isinstance(node, Seq):
        return "".join(map(_source, node.parts))
    if isinstance(node, Alt):
        return "(?:" + "|".join(map(_source, node.parts)) + ")"
    high = "" if node.high is None else str(node.high)
    return f"(?:{_source(node.body)}){{{node.low},{high}}}"


def _class(mask: int) -> str:
    bytes_ = [byte for byte in range(256) if mask >> byte & 1]
    if len(bytes_) == 1:
        return re.escape(chr(bytes_[0]))
    ranges: list[list[int]] = []
    for byte in bytes_:
        if ranges and ranges[-1][1] == byte - 1:
            ranges[-1][1] = byte
        else:
            ranges.append([byte, byte])
    return (
        "[" + "".join([f"\\x{first:02x}-\\x{last:02x}" for first, last in ranges]) + "]" if ranges else r"[^\x00-\xff]"
    )

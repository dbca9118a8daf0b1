"""A word that stands in every text an expression matches: where it is not, nothing need be searched for.

proctitle=6E6F[0-9A-F]+     proctitle
^type=(CWD|PATH) .*/tmp     type
foo|bar                     none
"""

from __future__ import annotations

from collections.abc import Iterator

from sensor.regex.tree import At, Node, Seq, Set, parse

_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")


def word_of(expression: str) -> str:
    """The longest run of letters in every text that an expression matches; "" if none is certain.

    Raises PatternError if it is no expression.
    """
    run = longest = ""
    for byte in _bytes(parse(expression)):
        run = run + chr(byte) if byte in _LETTERS else ""
        longest = run if len(run) > len(longest) else longest
    return longest


def _bytes(node: Node) -> Iterator[int]:
    """The bytes that stand in a text one after the other; -1 for those, none or some, that may be others."""
    if isinstance(node, Seq):
        for part in node.parts:
            yield from _bytes(part)
    elif isinstance(node, Set):
        yield node.mask.bit_length() - 1 if node.mask and not node.mask & (node.mask - 1) else -1
    elif not isinstance(node, At):
        yield -1

"""What an expression can cost: its unbounded repetitions, its ways, its bytes."""

from __future__ import annotations

from sensor.regex.tree import Alt, Node, Rep, Seq, Set

NEVER = 1 << 30
"""More than anything that is accepted."""


def loops(node: Node) -> int:
    """The unbounded repetitions that one match can go through."""
    if isinstance(node, Seq):
        return sum(map(loops, node.parts))
    if isinstance(node, Alt):
        return max(map(loops, node.parts))
    if isinstance(node, Rep):
        inside = loops(node.body)
        if node.high is None:
            return 1 if not inside and choices(node.body) == 1 else NEVER
        return inside * node.high
    return 0


def choices(node: Node) -> int:
    """In how many ways a match can go, unbounded repetitions left aside."""
    if isinstance(node, Seq):
        product = 1
        for part in node.parts:
            product = min(product * choices(part), NEVER)
        return product
    if isinstance(node, Alt):
        return min(sum(map(choices, node.parts)), NEVER)
    if isinstance(node, Rep) and node.high is not None:
        inside = choices(node.body)
        if inside == 1:
            return node.high - node.low + 1
        total, ways = 0, 1
        for count in range(node.high + 1):
            total += ways if count >= node.low else 0
            ways *= inside
            if ways > NEVER:
                return NEVER
        return total
    return 1


def width(node: Node) -> int:
    """The bytes a match can take, unbounded repetitions left aside."""
    if isinstance(node, Set):
        return 1
    if isinstance(node, Seq):
        return sum(map(width, node.parts))
    if isinstance(node, Alt):
        return max(map(width, node.parts))
    if isinstance(node, Rep):
        return width(node.body) * (node.low if node.high is None else node.high)
    return 0

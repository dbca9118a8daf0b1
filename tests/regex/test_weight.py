"""What an expression can cost."""

from __future__ import annotations

import pytest

from sensor.regex.tree import parse
from sensor.regex.weight import NEVER, choices, loops, width


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("abc", (0, 1, 3)),
        ("a*", (1, 1, 0)),
        ("a+b*", (2, 1, 1)),
        ("a{2,4}", (0, 3, 4)),
        ("(?:ab|cde){2}", (0, 4, 6)),
        ("(?:a*)*", (NEVER, 1, 0)),
        ("(?:ab|c*)", (1, 2, 2)),
    ],
)
def test_weight(expression, expected):
    tree = parse(expression)
    assert (loops(tree), choices(tree), width(tree)) == expected

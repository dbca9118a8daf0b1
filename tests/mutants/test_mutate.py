"""The mutator changes what it says it changes, and leaves alone what has no behaviour."""

from __future__ import annotations

import pytest

from tests.mutants.mutate import mutations


def changed(source: str) -> set[str]:
    data = source.encode()
    return {mutation.apply(data).decode() for mutation in mutations(data)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", {"x = (a <= b)"}),
        ("x = a not in b", {"x = (a in b)"}),
        ("x = a and b", {"x = (a or b)"}),
        ("x = not a", {"x = (a)"}),
        ("x = a - b", {"x = (a + b)"}),
        ("x = True", {"x = False"}),
        ("x = 7", {"x = 8", "x = (6)"}),
        ("x = 'ä' and b", {"x = '' and b", "x = ('ä' or b)"}),
        ("x = a[b:]", {"x = a[(b + 1):]"}),
        ("f()", {"pass"}),
        ("x.y = a", {"pass"}),
        ("x += a", {"pass"}),
        ("x = a\nx = b", {"pass\nx = b", "x = a\npass"}),
        ("def f():\n    return a", {"def f():\n    return None"}),
        ("if a:\n    f", {"if (not a):\n    f"}),
        ("for x in a:\n    break", {"for x in a:\n    continue"}),
    ],
)
def test_a_change(source: str, expected: set[str]) -> None:
    assert changed(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "x: 'a' = b",
        "def f(a: int) -> 'b': return None",
        "__slots__ = ('a', 'b')",
        "log.warning('a %s', 1)",
        "raise ValueError('a')",
        "import a",
        "x = a",
        "if TYPE_CHECKING:\n    f()",
        "x = a + f'{b}'",
    ],
)
def test_left_alone(source: str) -> None:
    assert changed(source) == set()


def test_bytes_before_a_change_count_as_bytes_not_as_characters() -> None:
    assert "x = ('ä', (a <= b))" in changed("x = ('ä', a < b)")

"""Blocks of zeros become lines of their own, however the text is cut."""

from __future__ import annotations

import pytest

from sensor.audit.gaps import SHORTEST, TORN, Gaps

MANY = "\0" * SHORTEST
CASES = [
    ("a\nb\n", "a\nb\n"),
    (f"a\n{MANY}b\n", f"a\n\0{SHORTEST}\nb\n"),
    (f"a{MANY}b\n", f"a{TORN}\n\0{SHORTEST}\nb\n"),
    (f"a{MANY * 9}\nb\n", f"a{TORN}\n\0{SHORTEST * 9}\n\nb\n"),
    (f"a{MANY[1:]}b\n", f"a{MANY[1:]}b\n"),
    ("\0a\n\0\0b\n", "\0001\na\n\0002\nb\n"),
    ("a\0b\0\n", "a\0b\0\n"),
    (f"{MANY}\n", f"\0{SHORTEST}\n\n"),
    ("a\n\0\0", "a\n\0002\n"),
    (MANY * 100, f"\0{SHORTEST * 100}\n"),
]


@pytest.mark.parametrize(("text", "marked"), CASES)
@pytest.mark.parametrize("size", [1, 2, 5, 1 << 20])
def test_gaps_are_marked(text: str, marked: str, size: int) -> None:
    gaps = Gaps()
    out = ""
    for start in range(0, len(text), size):
        out += gaps.mark(text[start : start + size], text[start - 1 : start] in ("", "\n"))
    assert out + gaps.end() == marked
    assert not gaps

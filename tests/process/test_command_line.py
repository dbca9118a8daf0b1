"""A command line is cut to a number of bytes, of which each argument's end takes one; what is cut off is counted."""

from __future__ import annotations

import pytest

from sensor.process.command_line import Command


@pytest.mark.parametrize(
    ("limit", "words", "skipped"),
    [
        (100, ("ls", "-l", "/etc"), 0),
        (11, ("ls", "-l", "/etc"), 0),
        (9, ("ls", "-l", "/et"), 1),
        (7, ("ls", "-l", "/"), 3),
        (6, ("ls", "-l"), 4),
        (1, ("l",), 7),
        (0, (), 8),
    ],
)
def test_a_command_line_is_cut(limit: int, words: tuple[str, ...], skipped: int) -> None:
    cut = Command(("ls", "-l", "/etc"), 0, True).within(limit)
    assert (cut.words, cut.skipped, cut.inherited) == (words, skipped, True)


def test_what_was_left_out_before_is_counted_as_well() -> None:
    assert Command(("ls", "-l"), 40, False).within(2).skipped == 42

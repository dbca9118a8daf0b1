"""Plain command lines are written from text to text; what is not plain is left to others."""

from __future__ import annotations

import pytest

from sensor.audit.layout import SAFE
from sensor.forms.command_lines import PlainCommandLines
from sensor.forms.text import quote_percent

LINES = PlainCommandLines(quote_percent, SAFE["percent"])


@pytest.mark.parametrize(
    "body",
    [
        "",
        "argc=0",
        'argc=1 a0="ls" ',
        'argc=2 a0="ls"',
        'argc=1 a0="ls" a1="x"',
        'argc=2 a1="x" a0="ls"',
        'argc=2 a0="ls" a0="x"',
        'argc=1 a00="ls"',
        'argc=1  a0="ls"',
        'argc=1 a0="l s"',
        'argc=1 a0="g++"',
        "argc=1 a0=ls",
        "argc=1 a0=6c73",
        "argc=1 a0=(null)",
        'argc=1 a0[0]="ls"',
        'argc=1 a0="ls"\x1dX="y"',
        'a0="ls" argc=1',
        "argc=300 " + " ".join(f'a{number}="x"' for number in range(300)),
    ],
)
def test_a_command_line_that_is_not_plain_is_left_to_others(body):
    assert LINES.execve(body) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("proctitle=", None),
        ("proctitle=(null)", None),
        ("proctitle=6C730", None),
        ("proctitle=6c73", None),
        ('proctitle="ls"', None),
        ("proctitle=6C73 x=y", None),
        ("proctitle=6C7300", '"ARGV":["ls",""]'),
        ("proctitle=6720002B22", '"ARGV":["g ","%2b\\""]'),
    ],
)
def test_titles(body, expected):
    assert LINES.proctitle(body) == expected

"""Usual forms: which types take which way, under which options."""

from __future__ import annotations

import pytest

from sensor.audit.fields import Kinds
from sensor.audit.options import TransformOptions
from sensor.audit.usual import UsualForms
from sensor.tables.fields import kinds_of

EXECVE = 'argc=2 a0="ls" a1=2D6C'
PROCTITLE = "proctitle=6C73002D6C"


def forms(**options: object) -> UsualForms:
    return UsualForms(TransformOptions(**options), lambda name: Kinds(kinds_of(name)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "execve", "proctitle"),
    [
        ({}, '"argc":2,"ARGV":["ls","-l"]', '"ARGV":["ls","-l"]'),
        ({"strings": "unicode"}, None, None),
        ({"execve_argv": ("string",)}, None, '"ARGV":["ls","-l"]'),
        ({"execve_argv": ("array", "string")}, None, '"ARGV":["ls","-l"]'),
        ({"execve_argv_limit_bytes": 100}, None, '"ARGV":["ls","-l"]'),
    ],
)
def test_command_lines_are_plain_only_where_nothing_else_is_asked_for(options, execve, proctitle):
    usual = forms(**options)
    assert (usual.render("EXECVE", EXECVE), usual.render("PROCTITLE", PROCTITLE)) == (execve, proctitle)


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
    assert forms().render("EXECVE", body) is None


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
    assert forms().render("PROCTITLE", body) == expected


def test_other_types_are_learned_each_for_itself():
    usual = forms()
    for name in ("CWD", "CWD", "EXECVE", "EXECVE"):
        usual.learn(name, 'cwd="/x"', '"cwd":"/x"')
    assert usual.render("CWD", 'cwd="/y"') == '"cwd":"/y"'
    assert usual.render("PATH", 'cwd="/y"') is None
    assert usual.render("EXECVE", 'cwd="/y"') is None


def test_made_up_types_are_not_kept_without_end():
    usual = forms()
    for number in range(200):
        usual.shapes(f"T{number}")
    assert len(usual._shapes) <= 64

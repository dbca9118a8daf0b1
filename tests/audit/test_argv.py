"""Command lines: pieces and records put together, what is missing, what is left out, titles."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.argv import arguments_of, lacks_arguments, parse_execve, parse_proctitle
from sensor.audit.options import TransformOptions


def mark(arguments: int, size: int | None) -> dict[str, int | None]:
    return {"skipped_args": arguments, "skipped_bytes": size}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", {"ARGV": []}),
        ("argc=0", {"argc": 0, "ARGV": []}),
        ('argc=2 a0="ls" a1="-l"', {"argc": 2, "ARGV": ["ls", "-l"]}),
        ('argc=4 a0="sh" a1=2D63 a2_len=6 a2[0]=6162 a2[1]=6364 a2[2]="ef" a3=""', {
            "argc": 4, "ARGV": ["sh", "-c", "abcdef", ""]}),
        ('argc=3 a0="ls" a2="x"', {"argc": 3, "ARGV": ["ls", None, "x"]}),
        ('argc=3 a0="ls"', {"argc": 3, "ARGV": ["ls", None, None]}),
        ('argc=1 a0="ls" a1="more"', {"argc": 1, "ARGV": ["ls", "more"]}),
        ('a2[1]="b" a2[0]="a" a2[1]="x" a0="z"', {"ARGV": ["z", None, "ab"]}),
        ('a1="b" a0="a" a1="x"', {"ARGV": ["a", "b"]}),
        ('a0="a b" a1="c"', {"ARGV": ["a b", "c"]}),
        ("a0=22 a1=FF", {"ARGV": ['"', "\xff"]}),
        ('a0="64" a1=64 a2=cafe', {"ARGV": ["64", "d", "cafe"]}),
        ("a0=(null) a1=?", {"ARGV": ["", ""]}),
        ("argc=x a0=41", {"argc": None, "ARGV": ["A"]}),
        ("argc=2 argc=1 a0=41", {"argc": 2, "argc_2": 1, "ARGV": ["A", None]}),
        ('a0="x"\x1dENV="y" lost', {"ENV_2": "y", "TEXT": "lost", "ARGV": ["x"]}),
        ('a12345678="x"', {"a12345678": "x", "ARGV": []}),
        ('ax="x" b0="y"', {"ax": "x", "b0": "y", "ARGV": []}),
    ],
)  # fmt: skip
def test_arguments_are_put_together(body, expected):
    assert parse_execve(body, TransformOptions()) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a1024=41", [*[None] * 1024, "A"]),
        ("a1025=41", [mark(1025, None), "A"]),
        ("a1000=41 a1025=42", [*[None] * 1000, "A", *[None] * 24, "B"]),
        ("a1000=41 a1026=42", [*[None] * 1000, "A", mark(25, None), "B"]),
        ("argc=9999999999 a0=41", ["A", mark(9999999998, None)]),
        ("argc=18446744073709551616 a0=41", ["A"]),
    ],
)
def test_a_thousand_missing_arguments_are_shown_one_by_one(body, expected):
    assert parse_execve(body, TransformOptions())["ARGV"] == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("argc=0", False),
        ('argc=1 a0="a"', False),
        ('argc=2 a0="a" a1=62', False),
        ('argc=2 a0="a" a2=62', True),
        ('argc=2 a1="b"', True),
        ("argc=1", True),
        ("argc=99999999", True),
        ('argc=many a0="a"', False),
        *[(f'argc={number} a0="a"', False) for number in ("\xb2", "1\xb2", "\xb9", "\xbd", "")],
        ('argc=\xb2 a0="a" a2="c"', True),
        ('argc=1 a0_len=\xb2 a0[0]="ab"', False),
        ('argc=1 a0_len=1\xb9 a0[0]="ab"', False),
        ('argc=1 a0_len=9999999999 a0[0]="ab"', False),  # a length of more digits is none
        ('a0="a" argc=2', True),
        ('argc=2 a0="[" a1="]"', False),
        ('argc=3 a0="[" a1="]"', True),
        ('argc=2 a0="a[1]=" a1_len=4 a1[0]=6162 a1[1]=6364', False),  # its length in bytes
        ('argc=2 a0="a" a1_len=8 a1[0]=6162 a1[1]=6364', False),  # in digits
        ('argc=2 a0="a" a1_len=6 a1[0]=6162 a1[1]="cdef"', False),
        ('argc=2 a0="a" a1_len=5 a1[0]=6162 a1[1]=6364', True),
        ('argc=2 a0="a" a1_len=6 a1[0]=6162 a1[2]=6364', True),
        ('argc=2 a0="a" a1_len=6 a1[1]=6162 a1[2]=6364', True),
        ('argc=2 a0="a" a1_len=6', True),
        ('argc=2 a0="a" a1[0]=6162', False),
        ('argc=2 a0="a" a1_len=4 a1[0]=6162 a1[0]=6162 a1[1]=6364', False),
    ],
)
def test_what_is_missing_of_a_command_line(body, expected):
    assert lacks_arguments(body) is expected


def test_gaps_in_a_command_line_do_not_swell_it():
    argv = parse_execve(" ".join(f"a{index * 1000}=" for index in range(6000)), TransformOptions())["ARGV"]
    assert isinstance(argv, list)
    assert len(argv) < 6000 * 2 + 1024


WORDS = 'a0="aaa" a1="bbb" a2="ccc" a3="ddd"'  # four bytes each, with the blank behind


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (None, ["aaa", "bbb", "ccc", "ddd"]),
        (16, ["aaa", "bbb", "ccc", "ddd"]),
        (15, ["aaa", mark(2, 7), "ddd"]),
        (8, ["aaa", mark(2, 7), "ddd"]),
        (7, [mark(4, 15)]),
        (0, [mark(4, 15)]),
    ],
)
def test_the_middle_of_a_long_command_line_is_left_out(limit, expected):
    assert parse_execve(WORDS, TransformOptions(execve_argv_limit_bytes=limit))["ARGV"] == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (("array",), {"ARGV": ["a b", None, "c"]}),
        (("string",), {"ARGV_STR": "a b  c"}),
        (("array", "string"), {"ARGV": ["a b", None, "c"], "ARGV_STR": "a b  c"}),
        ((), {}),
    ],
)
def test_forms_of_a_command_line(form, expected):
    assert parse_execve('a0="a b" a2="c"', TransformOptions(execve_argv=form)) == expected


def test_the_string_form_shows_what_was_left_out():
    options = TransformOptions(execve_argv=("string",), execve_argv_limit_bytes=8)
    assert parse_execve(WORDS, options) == {"ARGV_STR": "aaa <<< Skipped: args=2, bytes=7 >>> ddd"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("proctitle=6C73002D6C", {"ARGV": ["ls", "-l"]}),
        ("proctitle=6C7300", {"ARGV": ["ls", ""]}),
        ('proctitle="ls"', {"ARGV": ["ls"]}),
        ('proctitle="6C73"', {"ARGV": ["6C73"]}),
        ("proctitle=(null)", {"proctitle": None}),
        ("proctitle=", {"proctitle": None}),
        ("proctitle=6C730", {"ARGV": ["ls"]}),
        ("proctitle=6", {"ARGV": ["6"]}),
        ("proctitle=6C730z", {"ARGV": ["6C730z"]}),
        ("proctitle=C3A4FF", {"ARGV": ["\xc3\xa4\xff"]}),
        ("proctitle=41 proctitle=42", {"ARGV": ["A"], "ARGV_2": ["B"]}),
        ("ARGV=x proctitle=41", {"ARGV_2": "x", "ARGV": ["A"]}),
        ("", {}),
        ("no title", {"TEXT": "no title"}),
    ],
)
def test_titles(body, expected):
    assert parse_proctitle(body) == expected


ODD = ["a0", "a1", "a2", "=", '"', '"ls"', "6C73", "argc=1", "argc=2", " ", "  ", "x", "[0]", "_len", "\x1d", "00"]
ODD += [" a1_len=", "2", "4", " a1[0]=", " a1[1]="]


@given(st.lists(st.sampled_from(ODD), max_size=12).map("".join), st.lists(st.binary(max_size=6), max_size=300))
def test_a_plain_command_line_is_read_as_field_by_field(odd, arguments):
    """An empty section at the end changes nothing, but the line is not plain any more."""
    encoded = [
        f'"{argument.decode()}"' if argument and re.fullmatch(rb"[!#-~]+", argument) else argument.hex().upper()
        for argument in arguments
    ]
    whole = f"argc={len(encoded)}" + "".join([f" a{place}={word}" for place, word in enumerate(encoded)])
    for body in (odd, whole, whole + odd, f"argc={len(encoded)} {odd}"):
        for options in (TransformOptions(), TransformOptions(execve_argv=("array", "string"))):
            assert parse_execve(body, options) == parse_execve(body + "\x1d", options)
        assert arguments_of(body) == arguments_of(body + "\x1d")


@given(st.lists(st.tuples(st.lists(st.binary(min_size=1, max_size=4), max_size=4), st.integers(-1, 1)), max_size=5))
def test_arguments_in_pieces_are_read_as_field_by_field(arguments):
    words = [f"argc={len(arguments)}"]
    for place, (pieces, more) in enumerate(arguments):
        size = len(b"".join(pieces)) * 2
        words.append(
            f"a{place}_len={size + more}" if more or len(pieces) != 1 else f"a{place}={pieces[0].hex().upper()}"
        )
        if words[-1].startswith(f"a{place}_len"):
            words += [f"a{place}[{number}]={piece.hex().upper()}" for number, piece in enumerate(pieces)]
    body = " ".join(words)
    assert parse_execve(body, TransformOptions()) == parse_execve(body + "\x1d", TransformOptions())
    assert lacks_arguments(body) == lacks_arguments(body + "\x1d")

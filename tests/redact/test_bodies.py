"""Bodies of EXECVE, PROCTITLE and CWD records without secrets."""

from __future__ import annotations

import pytest

from sensor.redact import Options, Redactor

SECRET = r"pw=([^\0]+)"


def redactor(rules):
    counts = {}
    return Redactor(Options(rules=rules), b"", counts), counts


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('argc=2 a0="x" a1="pw=foo"', 'argc=2 a0="x" a1="pw=***"'),
        ("argc=2 a0=78 a1=70773D612062", 'argc=2 a0="x" a1="pw=***"'),
        ('argc=3 a0="x" a1_len=12 a1[0]=7077 a1[1]=3D61 a2="pw=b"', 'argc=3 a1_len=12 a0="x" a1="pw=***" a2="pw=***"'),
        ('argc=9 a0="x" a8="pw=b"', 'argc=9 a0="x" a8="***"'),  # a7 may be the option whose value it is
        ('argc=9 a0="x" a7="b" a8="c"', 'argc=9 a0="x" a7="***" a8="c"'),
        ('a3="b" a4="c"', 'a3="***" a4="***"'),  # of a program that another record names
        ('argc=2 a0="x" a1[1]=62 a1[2]=63', 'argc=2 a0="x" a1="***"'),
        ('argc=2 a0="x" a1[0]=62 a1[2]=63', 'argc=2 a0="x" a1[0]=62 a1[2]=63'),
        ('argc=2 a0="x" a1="pw="', 'argc=2 a0="x" a1="pw="'),
        ('argc=2 a0="pw=" a1="x"', 'argc=2 a0="pw=" a1="x"'),
        ('argc=1 a0="x" pw=leftover', 'argc=1 *** a0="x"'),
        ("argc=2 a0=78 a1=70773D666", 'argc=2 a0="x" a1="pw=***"'),
        ("", ""),
    ],
)
def test_execve(body, expected):
    made, _ = redactor({"a": SECRET, "whole": r"^pw=leftover$"})
    assert made.body("EXECVE", body) == expected


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("PROCTITLE", "proctitle=7800" + b"pw=foo".hex().upper(), "proctitle=7800" + b"pw=***".hex().upper()),
        ("PROCTITLE", 'proctitle="pw=foo"', 'proctitle="pw=***"'),
        ("PROCTITLE", "proctitle=7800" + b"pw=foo".hex().upper() + "6", "proctitle=7800" + b"pw=***".hex().upper()),
        ("PROCTITLE", "proctitle=(null)", "proctitle=(null)"),
        ("CWD", 'cwd="/tmp/pw=foo"', 'cwd="/tmp/pw=***"'),
        ("CWD", "cwd=" + b"/a b/pw=foo".hex().upper(), "cwd=" + b"/a b/pw=***".hex().upper()),
    ],
)
def test_words(name, body, expected):
    made, _ = redactor({"a": f"fields=PROCTITLE,cwd {SECRET}"})
    assert made.body(name, body) == expected


def test_digits_that_are_no_hexadecimal_text_of_the_kernel():
    made, _ = redactor({"a": SECRET})
    for digits in (b"x\0pw=foo".hex(), b"x\0pw=foo".hex()[1:]):
        assert "666f6f" not in made.body("PROCTITLE", f"proctitle={digits}").lower()


def test_of_what_fails_nothing_is_left():
    made, counts = redactor({"a": SECRET})
    for name in ("EXECVE", "PROCTITLE"):
        assert "***" in made.body(name, None)
    assert counts["failed"] == 2

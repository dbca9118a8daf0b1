"""An expression is brought into five kinds of nodes, flags and classes resolved."""

from __future__ import annotations

import pytest

from sensor.regex.tree import (
    ALL,
    BEGIN,
    BEGIN_LINE,
    BOUNDARY,
    END,
    END_LINE,
    END_TEXT,
    NEWLINE,
    NO_BOUNDARY,
    Alt,
    At,
    Rep,
    Seq,
    Set,
    parse,
)


def one(characters: str) -> Set:
    return Set(sum(1 << ord(character) for character in characters))


@pytest.mark.parametrize(
    ("expression", "tree"),
    [
        ("a", one("a")),
        ("ab", Seq((one("a"), one("b")))),
        ("", Seq(())),
        ("a|bc", Alt((one("a"), Seq((one("b"), one("c")))))),
        ("a*", Rep(0, None, one("a"))),
        ("a+?", Rep(1, None, one("a"))),
        ("a?", Rep(0, 1, one("a"))),
        ("(ab){2,5}", Rep(2, 5, Seq((one("a"), one("b"))))),
        (".", Set(ALL ^ NEWLINE)),
        ("(?s).", Set(ALL)),
        ("(?s:.)(?-s:.)", Seq((Set(ALL), Set(ALL ^ NEWLINE)))),
        ("[a-c_]", one("abc_")),
        ("[^a]", Set(ALL ^ one("a").mask)),
        ("(?i)a", one("aA")),
        ("(?i)[^a1]", Set(ALL ^ one("aA1").mask)),
        (r"(?i:\xe4)", one("\xe4")),
        (r"\d", one("0123456789")),
        (r"[\d\-]", one("0123456789-")),
        ("^", At(BEGIN)),
        ("$", At(END)),
        ("(?m)^$", Seq((At(BEGIN_LINE), At(END_LINE)))),
        (r"\A\Z\b\B", Seq((At(BEGIN), At(END_TEXT), At(BOUNDARY), At(NO_BOUNDARY)))),
        ("ä*", Rep(0, None, Seq((one("\xc3"), one("\xa4"))))),
    ],
)
def test_expressions_become_trees(expression, tree):
    assert parse(expression) == tree

"""Shapes: both ways find the same values in every text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.shape import DECIMAL, HEXADECIMAL, NULL, OCTAL, QUOTED, SAFE, WORD, Shape

NAMES = [" a=", "\x1db=", " c="]
EXAMPLES = {
    DECIMAL: ["0", "7", "-22", "999999999999999999", "1000000000000000000", "-0", "07", "-", ""],
    HEXADECIMAL: ["0", "000", "00ff", "ffffffffffffffff", "fffffffffffffffff", "FF", "0x1", ""],
    OCTAL: ["0", "000", "0100755", "7" * 22, "7" * 23, "8", ""],
    QUOTED: ['""', '"a"', '"/x-y\'z{}"', '"a b"', '"g++"', '"50%"', '"\\"', '"a""', '"', '"\xe4"', '"\x7f"', '"\x1f"'],
    WORD: ["x", "fd:01", "?", "??", "(null)", "(null)x", "(nul)", "'x'", "{", "x'", "a=b", 'a"', "\xe4", "g++", ""],
    NULL: ["?", "(null)", "??", "(null", "x", ""],
}
ALL = [text for texts in EXAMPLES.values() for text in texts]
FORMS = st.lists(st.sampled_from(sorted(EXAMPLES)), min_size=1, max_size=3)


def shape(forms: list[int], strings: str = "percent") -> Shape:
    return Shape(
        [before.lstrip() if not place else before for place, before in enumerate(NAMES[: len(forms)])], forms, strings
    )


@pytest.mark.parametrize(
    ("forms", "body", "values"),
    [
        ([DECIMAL], "a=-22", ("-22",)),
        ([HEXADECIMAL, OCTAL], "a=00ff\x1db=0100755", ("ff", "100755")),
        ([HEXADECIMAL, OCTAL], "a=00\x1db=0", ("0", "0")),
        ([NULL, WORD, QUOTED], 'a=?\x1db=fd:01 c="x"', ("fd:01", "x")),
        ([QUOTED], 'a=""', ("",)),
        ([DECIMAL], "a=1 ", None),
        ([DECIMAL], "a=1\n", None),
        ([DECIMAL], " a=1", None),
        ([DECIMAL, DECIMAL], "a=1 b=1", None),
    ],
)
def test_the_values_of_a_body(forms: list[int], body: str, values: tuple[str, ...] | None) -> None:
    subject = shape(forms)
    assert (subject.by_scan(body), subject.by_expression(body), subject.values(body)) == (values,) * 3


@pytest.mark.parametrize("strings", SAFE)
@pytest.mark.parametrize("form", EXAMPLES)
def test_both_ways_agree_on_every_example_of_every_form(form: int, strings: str) -> None:
    subject = shape([form], strings)
    seen = [subject.by_scan(f"a={text}") for text in ALL]
    assert seen == [subject.by_expression(f"a={text}") for text in ALL]
    assert any(values is not None for values in seen)


@given(FORMS, st.sampled_from(sorted(SAFE)), st.data())
def test_both_ways_agree(forms: list[int], strings: str, data: st.DataObject) -> None:
    subject = shape(forms, strings)
    pieces = []
    for before, form in zip(subject.befores, forms):
        pieces.append(before + data.draw(st.sampled_from(EXAMPLES[form]) | st.sampled_from(ALL)))
    body = "".join(pieces) + data.draw(st.sampled_from(["", "", " ", "\x1d", " x=1", "\n"]))
    assert subject.by_scan(body) == subject.by_expression(body)


@given(FORMS, st.text("a=b c\x1d0178f-\"'{?()nul", max_size=24))
def test_both_ways_agree_on_any_text(forms: list[int], body: str) -> None:
    subject = shape(forms)
    assert subject.by_scan(body) == subject.by_expression(body)

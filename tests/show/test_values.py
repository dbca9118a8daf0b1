"""Values of any shape become what they can be."""

from __future__ import annotations

import pytest

from sensor.show.values import decoded, number, obj, objects, text, texts


@pytest.mark.parametrize(
    ("value", "as_text", "as_number", "as_texts"),
    [
        ("a", "a", None, ("a",)),
        ("7", "7", 7, ("7",)),
        (7, "7", 7, ("7",)),
        (True, "", None, ()),
        (None, "", None, ()),
        (["a", 1, None], "", None, ("a", "1", "")),
        ({}, "", None, ()),
        ("٣", "٣", None, ("٣",)),
    ],
)
def test_a_value(value: object, as_text: str, as_number: int | None, as_texts: tuple[str, ...]) -> None:
    assert (text(value), number(value), texts(value)) == (as_text, as_number, as_texts)


@pytest.mark.parametrize(
    ("value", "expected"), [({"a": 1}, {"a": 1}), ([{"a": 1}, {}], {"a": 1}), ([], {}), ("x", {}), ([1], {})]
)
def test_an_object(value: object, expected: dict[str, object]) -> None:
    assert obj(value) == expected


def test_objects_of_a_list() -> None:
    assert objects([{"a": 1}, 2, {}]) == [{"a": 1}, {}]
    assert objects({"a": 1}) == []


@pytest.mark.parametrize(
    ("value", "expected"), [("a%20b", "a b"), ("100%", "100%"), ("%c3%a4", "ä"), ("%ff", "\udcff"), ("%zz", "%zz")]
)
def test_percent_encoding(value: str, expected: str) -> None:
    assert decoded(value) == expected

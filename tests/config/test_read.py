"""Values by their declared type: what is read, and as what."""

from __future__ import annotations

import pytest
import yaml

from sensor.config.read import read_value
from sensor.options import Declaration


def value(annotation: str, text: str, **declared):
    return read_value(annotation, Declaration("help", **declared), yaml.compose(text, Loader=yaml.SafeLoader))


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        ("bool", "true", True),
        ("bool", "Off", False),
        ("bool", "'no'", False),
        ("int", "10_000_000", 10_000_000),
        ("int", "'5'", 5),
        ("int", "-1", -1),
        ("int | None", "~", None),
        ("int | None", "5", 5),
        ("float", "5", 5.0),
        ("float", "0.25", 0.25),
        ("str", "text", "text"),
        ("str", "no", "no"),
        ("str", "0123", "0123"),
        ("str", "2026-11-22", "2026-11-22"),
        ("str", "127.0.0.1:9766", "127.0.0.1:9766"),
        ("str", "''", ""),
        ("str | None", "null", None),
        ("tuple[str, ...]", "[a, 1, no]", ("a", "1", "no")),
        ("tuple[str, ...]", "alone", ("alone",)),
        ("tuple[str, ...]", "[]", ()),
        ("tuple[str, ...]", "~", ()),
        ("dict[str, str]", "{^/a: b, 1: 2}", {"^/a": "b", "1": "2"}),
        ("dict[str, str]", "~", {}),
        ("str | dict[str, str]", "off", "off"),
        ("str | dict[str, str]", "{a: b}", {"a": "b"}),
    ],
)
def test_values(annotation, text, expected):
    found = value(annotation, text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("unit", "text", "expected"),
    [
        ("bytes", "512", 512),
        ("bytes", "1.5 KiB", 1536),
        ("bytes", "10MiB", 10 << 20),
        ("bytes", "2 GB", 2_000_000_000),
        ("seconds", "90", 90),
        ("seconds", "250 ms", 0.25),
        ("seconds", "1.5 h", 5400),
        ("seconds", "7 d", 604800),
    ],
)
def test_units(unit, text, expected):
    assert value("float", text, unit=unit) == expected


@pytest.mark.parametrize("text", ["1:30", "1e3", "0x10", ".inf", "10 M", "1 month", "+", "1 2"])
def test_what_is_no_number(text):
    with pytest.raises(ValueError, match="expected a number of bytes"):
        value("float", text, unit="bytes")


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [("str", "^a(b", "^a(b"), ("tuple[str, ...]", "[ok, '(']", "("), ("dict[str, str]", "{'[': x}", "[")],
)
def test_regular_expressions_must_compile(annotation, text, expected):
    with pytest.raises(ValueError, match="expected a regular expression") as caught:
        value(annotation, text, unit="regex")
    assert f'found "{expected}": ' in str(caught.value)


def test_a_map_names_each_key_once():
    with pytest.raises(ValueError, match='"a" is given twice'):
        value("dict[str, str]", "{a: b, a: c}")
    with pytest.raises(ValueError, match='expected text for "a", found a list'):
        value("dict[str, str]", "{a: [b]}")


@pytest.mark.parametrize("annotation", ["bool", "int", "float", "str"])
def test_nothing_is_no_value(annotation):
    with pytest.raises(ValueError, match="found nothing"):
        value(annotation, "~")

"""The declarations parts make: defaults are kept apart, and what was declared is found again."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pytest

from sensor.options import Declaration, OptionError, declaration, option, section


@dataclass(frozen=True)
class Inner:
    """An inner section."""

    name: str = option("x", "A name.")


@dataclass(frozen=True)
class Outer:
    """An outer section."""

    size: int | None = option(None, "A size.", minimum=1, unit="bytes")
    kind: str = option("a", "A kind.", choices=("a", "b"))
    labels: dict[str, str] = option({"k": "v"}, "Labels.")
    inner: Inner = section(Inner("y"))
    absent: Inner | None = section(Inner("z"), True, "Another one.")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("size", Declaration("A size.", minimum=1, unit="bytes")),
        ("kind", Declaration("A kind.", choices=("a", "b"))),
        ("labels", Declaration("Labels.")),
        ("inner", Declaration("An inner section.", section=Inner("y"))),
        ("absent", Declaration("Another one.", section=Inner("z"))),
    ],
)
def test_a_declaration_is_found_again(key, expected):
    (field,) = [field for field in fields(Outer) if field.name == key]
    assert declaration(field) == expected


def test_two_objects_share_no_default():
    one, two = Outer(), Outer()
    one.labels["new"] = "entry"
    assert two.labels == {"k": "v"}
    assert (one.inner, one.absent) == (Inner("y"), None)


def test_an_option_error_names_its_key():
    error = OptionError("size", "too odd")
    assert (error.key, str(error)) == ("size", "too odd")

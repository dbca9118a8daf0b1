"""Errors: one root, and messages that name the place."""

from __future__ import annotations

import re

import pytest

from sensor import errors
from sensor.errors import ConfigError, InputError, OutputError, ProbeError, SensorError, place_of, reason_of


@pytest.mark.parametrize(
    ("line", "key", "expected"),
    [
        (7, "auditlog.size", "/etc/x.yaml:7: auditlog.size: expected a number"),
        (None, "auditlog.size", "/etc/x.yaml: auditlog.size: expected a number"),
        (7, "", "/etc/x.yaml:7: expected a number"),
        (None, "", "/etc/x.yaml: expected a number"),
    ],
)
def test_a_mistake_in_the_configuration_names_its_place(line, key, expected):
    error = ConfigError("/etc/x.yaml", line, key, "expected a number")
    assert str(error) == expected
    assert (error.file, error.line, error.key, error.message) == ("/etc/x.yaml", line, key, "expected a number")


@pytest.mark.parametrize("error", [ConfigError("f", 1, "k", "m"), InputError("m"), OutputError("m"), ProbeError("m")])
def test_one_root_catches_them_all(error):
    with pytest.raises(SensorError):
        raise error


def test_a_failure_is_reported_by_its_place_and_not_by_what_it_quotes():
    def inner() -> None:
        int("secret of an audit record")

    try:
        inner()
    except ValueError as error:
        place = place_of(error)
    assert re.fullmatch(r"ValueError at \S*test_errors\.py:\d+, test_errors\.py:\d+", place)
    assert place_of(KeyError("secret")) == "KeyError"


def test_the_tree_that_is_drawn_is_the_tree():
    raised = [name for name, value in vars(errors).items() if isinstance(value, type) and value is not SensorError]
    assert errors.__doc__ is not None
    assert [name for name in raised if name not in errors.__doc__] == []


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(2, "No such file", "/a"), "/a: No such file"),
        (OSError(28, "No space left"), "No space left"),
        (OSError("/a: is no file"), "/a: is no file"),
        (ValueError("no state"), "no state"),
    ],
)
def test_errors_in_words(error, expected):
    assert reason_of(error) == expected

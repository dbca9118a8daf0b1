"""A number keeps its digits, and is text to all but the forms."""

from __future__ import annotations

from sensor.audit.number import Number


def test_it_is_a_str_of_its_own_class():
    number = Number("0.250")
    assert number == "0.250"
    assert number.__class__ is not str
    assert not hasattr(number, "__dict__")

"""Options of the wire format: what the bounds allow must be workable."""

from __future__ import annotations

from dataclasses import fields

import pytest

from sensor.audit.options import CoalesceOptions, TransformOptions
from sensor.options import declaration


@pytest.mark.parametrize("options", [CoalesceOptions, TransformOptions])
def test_every_default_is_allowed(options):
    made = options()
    for field in fields(options):
        declared, value = declaration(field), getattr(made, field.name)
        assert declared.help.endswith(".")
        assert declared.minimum is None or value is None or value >= declared.minimum
        assert not declared.choices or set(value if isinstance(value, tuple) else [value]) <= set(declared.choices)


def test_an_event_may_be_as_long_as_a_line():
    assert CoalesceOptions().max_event_bytes >= CoalesceOptions().max_line_bytes


def test_a_settled_event_leaves_before_one_that_waits():
    assert CoalesceOptions().settle < CoalesceOptions().timeout

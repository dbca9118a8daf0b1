"""Options of compiled stages: the configuration knows them by their annotations."""

from __future__ import annotations

from dataclasses import fields

import pytest

from sensor.options import declaration
from sensor.stages.filters.options import FilterOptions
from sensor.stages.options import IdentityOptions, LabelOptions


@pytest.mark.parametrize("options", [IdentityOptions, LabelOptions])
def test_types_are_there_as_written(options):
    for field in fields(options):
        assert field.type in ("bool", "int", "str", "tuple[str, ...]", "dict[str, str]")


@pytest.mark.parametrize("options", [IdentityOptions, LabelOptions, FilterOptions])
def test_every_option_has_a_sentence(options):
    for field in fields(options):
        assert declaration(field).help.endswith("."), field.name

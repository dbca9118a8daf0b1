"""What the generator is reported to take, and that the generated table holds it."""

from __future__ import annotations

import re

import pytest

from sensor.tables.constants_table import FLAGS, TABLES
from sensor.tables.specs import SPECS


def test_every_spec_has_its_table_and_no_table_lacks_its_spec() -> None:
    assert set(TABLES) == set(SPECS)
    assert FLAGS.split() == [name for name, spec in SPECS.items() if spec.flags]


@pytest.mark.parametrize("name", sorted(SPECS))
def test_names_in_a_table_are_those_asked_for(name: str) -> None:
    spec = SPECS[name]
    assert any(text for text in TABLES[name].values())
    assert spec.differs or list(TABLES[name]) == ["generic"]
    if spec.rename[0] != "$^":
        return
    for text in TABLES[name].values():
        for word in text.split():
            constant = word.split("=")[0]
            assert re.fullmatch(spec.pattern, constant) or constant in spec.extra
            assert not spec.without or not re.fullmatch(spec.without, constant)

"""Which form a configuration asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sensor.audit.naming import Naming
from sensor.choose_form import choose_form
from sensor.config import Config
from sensor.forms.bounded import Bounded
from sensor.forms.ecs import Ecs, Origin
from sensor.forms.laurel import Laurel
from sensor.forms.ocsf import Ocsf
from sensor.outputs import EventOptions


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (Config(), Laurel),
        (Config(output="ecs"), Ecs),
        (Config(output="ocsf"), Ocsf),
        (Config(auditlog=EventOptions(max_line=4096)), Bounded),
        (Config(output="ecs", auditlog=EventOptions(max_line=4096)), Bounded),
    ],
)
def test_a_form_is_chosen(config: Config, kind: type) -> None:
    form, laurel = choose_form(config, Naming(), [], Origin())
    assert isinstance(form, kind)
    assert isinstance(laurel, Laurel)


def test_the_layout_of_records_is_there_in_every_form() -> None:
    for output in ("laurel", "ecs", "ocsf"):
        _, laurel = choose_form(replace(Config(), output=output), Naming(), [], Origin())
        assert laurel.error("header", "x", []) == '{"ID":null,"PARSE_ERROR":{"reason":"header","raw":"x"}}'

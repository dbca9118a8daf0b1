"""Which form a configuration asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sensor.audit.naming import Naming
from sensor.choose_form import bounded, choose_form
from sensor.config import Config
from sensor.forms.bounded import Bounded
from sensor.forms.ecs import Origin
from sensor.forms.ecs.form import Ecs
from sensor.forms.laurel import Laurel
from sensor.forms.ocsf import Ocsf
from sensor.outputs import EventOptions


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (Config(), Laurel),
        (Config(output="ecs"), Ecs),
        (Config(output="ocsf"), Ocsf),
    ],
)
def test_a_form_is_chosen(config: Config, kind: type) -> None:
    form, laurel = choose_form(config, Naming(), None, Origin())
    assert isinstance(form, kind)
    assert isinstance(laurel, Laurel)


@pytest.mark.parametrize("output", ["laurel", "ecs", "ocsf"])
def test_lines_are_bounded_where_a_bound_is_configured(output: str) -> None:
    config = replace(Config(), output=output)
    form, _ = choose_form(config, Naming(), None, Origin())
    assert bounded(form, config, {}) is form
    assert isinstance(bounded(form, replace(config, auditlog=EventOptions(max_line=4096)), {}), Bounded)


def test_the_layout_of_records_is_there_in_every_form() -> None:
    for output in ("laurel", "ecs", "ocsf"):
        _, laurel = choose_form(replace(Config(), output=output), Naming(), None, Origin())
        assert laurel.error("header", "x", []) == '{"ID":null,"PARSE_ERROR":{"reason":"header","raw":"x"}}'

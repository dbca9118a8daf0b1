"""Every form can do all that a form must be able to do."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import sensor.forms
from sensor.forms import Form


def forms() -> list[type[Form]]:
    """All that the package has, found by name."""
    for module in pkgutil.walk_packages(sensor.forms.__path__, "sensor.forms."):
        importlib.import_module(module.name)
    found = [Form]
    for each in found:
        found += [other for other in each.__subclasses__() if other.__module__.startswith("sensor.")]
    return found[1:]


@pytest.mark.parametrize("form", forms(), ids=lambda form: form.__name__)
def test_a_form_does_all_of_it(form):
    assert not inspect.isabstract(form)


def test_there_are_the_forms_that_can_be_chosen_and_those_around_them():
    assert {"Laurel", "Ecs", "Ocsf", "Bounded", "Redacted", "Count"} <= {form.__name__ for form in forms()}

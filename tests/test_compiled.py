"""What is an extension module counts as compiled, what is source does not."""

from __future__ import annotations

import pytest

import sensor.pipeline
from sensor.compiled import is_compiled


@pytest.mark.parametrize(
    ("module", "expected"), [("json", False), ("json.scanner", False), ("_ctypes", True), ("no_such_module", False)]
)
def test_a_module(module: str, expected: bool) -> None:
    assert is_compiled(module) is expected


def test_the_pipeline_as_it_was_loaded() -> None:
    assert is_compiled() is not str(sensor.pipeline.__file__).endswith(".py")

"""SENSOR events by their members: each kind says which it is, and has all its values."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from sensor.audit.notices import Contents, SensorNotice
from tests.support.every_key import SENSOR_EVENTS


@pytest.mark.parametrize("contents", SENSOR_EVENTS, ids=lambda contents: type(contents).__name__)
def test_every_value_is_a_member(contents: Contents) -> None:
    notice = SensorNotice("1.000:sensor-1", contents)
    assert (notice.id, notice.name, notice.added) == ("1.000:sensor-1", "SENSOR", {})
    assert notice.members == {"event": type(contents).__name__.lower(), **asdict(contents)}
    assert notice.contents is contents

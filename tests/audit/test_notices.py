"""SENSOR events by their members: each kind says which it is, and has all its values."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from sensor.audit.notices import SensorNotice, Told
from tests.support.every_key import SENSOR_EVENTS


@pytest.mark.parametrize("told", SENSOR_EVENTS, ids=lambda told: type(told).__name__)
def test_every_value_is_a_member(told: Told) -> None:
    notice = SensorNotice("1.000:sensor-1", told)
    assert (notice.id, notice.name, notice.added) == ("1.000:sensor-1", "SENSOR", {})
    assert notice.members == {"event": type(told).__name__.lower(), **asdict(told)}
    assert notice.told is told

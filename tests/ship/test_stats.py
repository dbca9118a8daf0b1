"""Counters begin at nothing."""

from __future__ import annotations

from sensor.ship.stats import ShipStats


def test_counters_begin_at_nothing() -> None:
    assert set(vars(ShipStats()).values()) == {0}

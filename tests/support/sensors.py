"""Sensors built of the defaults but for a few keys, and what they are made of."""

from __future__ import annotations

import dataclasses
from typing import Any

from sensor.build import Sensor
from sensor.config import Config
from sensor.stages.combinators import ExecOnly, Memoized

NO_ENRICHMENT = {
    key: False if isinstance(value, bool) else () if isinstance(value, tuple) else value
    for key, value in dataclasses.asdict(Config().enrich).items()
}


def configured(**sections: Any) -> Config:
    """The defaults but for these keys of these sections, and for what would touch the host."""
    quiet: dict[str, Any] = {"probe": {"use": False}, "state": {"file": ""}}
    config = Config()
    for name, keys in {**quiet, **sections}.items():
        value = dataclasses.replace(getattr(config, name), **keys) if isinstance(keys, dict) else keys
        config = dataclasses.replace(config, **{name: value})
    return config


def stages(sensor: Sensor) -> list[str]:
    """The names of all stages, those that others stand for among them."""
    found: list[str] = []
    for stage in sensor.pipeline._stages:
        bundle = stage.__self__
        inner = bundle.stages if isinstance(bundle, (ExecOnly, Memoized)) else [stage]
        found += [each.__qualname__ for each in inner]
    return found

"""Every translation at once, on every log at hand: a key occurs once in an object, and has one type in all of them."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from sensor.build import build
from sensor.config import Config
from sensor.stats import Stats

DATA = Path(__file__).resolve().parents[1] / "data"
LOGS = [*DATA.rglob("*.audit"), *DATA.rglob("*.log")]
ON = {"universal": True, "user_db": True, "arguments": True, "time": "iso", "type": True}


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key occurs twice in {keys}"
    return dict(pairs)


def note_types(path: str, value: Any, types: dict[str, set[type]]) -> None:
    if value is None:
        return
    types[path].add(type(value))
    if isinstance(value, dict):
        for key, inner in value.items():
            note_types(f"{path}.{key}", inner, types)
    elif isinstance(value, list):
        for inner in value:
            note_types(f"{path}[]", inner, types)


@pytest.mark.parametrize(
    ("prefix", "strings", "drop_raw"), list(itertools.product([None, "x_"], ["percent", "unicode"], [False, True]))
)
def test_a_key_occurs_once_and_has_one_type(prefix: str | None, strings: str, drop_raw: bool) -> None:
    base = Config()
    config = dataclasses.replace(
        base,
        transform=dataclasses.replace(base.transform, strings=strings),
        translate=dataclasses.replace(base.translate, **ON, drop_raw=drop_raw),
        enrich=dataclasses.replace(base.enrich, prefix=prefix),
    )
    types: dict[str, set[type]] = defaultdict(set)
    for log in LOGS:
        sensor = build(config, Stats(), live=False)
        for line in [*sensor.pipeline.feed(log.read_bytes(), 0.0), *sensor.pipeline.close()]:
            note_types("", json.loads(line.encode("latin-1"), object_pairs_hook=once), types)
        assert sensor.stats.pipeline.crashed == 0
    assert len(LOGS) > 90
    assert {path: found for path, found in types.items() if len(found) > 1} == {}

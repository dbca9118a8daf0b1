"""What was lost, as the stream reports it and as the metrics count it: by place and reason.

assert reported(lines) == counted(counters) == {("output", "ENOSPC"): 812}
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Losses = Counter[tuple[str, str]]
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def lines_of(log: Path) -> list[dict[str, Any]]:
    """The whole lines of a log, which need not be there yet."""
    text = log.read_bytes() if log.exists() else b""
    return [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]


def sensor_events(lines: Iterable[Mapping[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The SENSOR events of a kind."""
    return [line["SENSOR"] for line in lines if line.get("SENSOR", {}).get("event") == kind]


def reported(lines: Iterable[Mapping[str, Any]], earlier: bool = False) -> Losses:
    """The sums of the stream's loss events; earlier: of those that are about the sensor before."""
    sums: Losses = Counter()
    for loss in sensor_events(lines, "loss"):
        if loss["earlier"] is earlier:
            sums[loss["place"], loss["reason"]] += loss["count"]
            assert earlier or loss["total"] == sums[loss["place"], loss["reason"]]
    return sums


def counted(counters: Mapping[str, float]) -> Losses:
    """What host_sensor_losses_total has, without what is 0 or intended."""
    found: Losses = Counter()
    for name, value in counters.items():
        labels = dict(_LABEL.findall(name))
        if name.startswith("losses_total{") and labels["intended"] == "false" and value:
            found[labels["place"], labels["reason"]] = int(value)
    return found

"""`kind: loki`: Grafana Loki's push interface, as JSON.

    {"streams":[{"stream":{"job":"host-sensor","host":"web01"},"values":[["1700000000123000000","{\\"ID\\":…}"]]}]}

A line that is sent again has the same time and text, and is stored once. Time stamps have the millisecond of the
event's id and, below it, the line's place among those of its millisecond, so that the order is kept.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from sensor.options import option
from sensor.ship import http
from sensor.ship.batch import Batch, event_milliseconds
from sensor.ship.kinds import Common, Receipt


@dataclass(frozen=True)
class Options:
    """Grafana Loki."""

    labels: dict[str, str] = option({"job": "host-sensor"}, "Labels of the stream; `host` is added. Few and fixed.")


class LokiKind(http.PostingKind):
    """Posts to `/loki/api/v1/push`."""

    def __init__(self, options: Options, common: Common, http_options: http.Options) -> None:
        super().__init__(http_options, common)
        labels = {"host": common.host, **options.labels}
        self._before = f'{{"streams":[{{"stream":{json.dumps(labels)},"values":['

    def deliver(self, batch: Batch) -> Receipt:
        values = ",".join(
            [f'["{stamp}",{json.dumps(_text(line))}]' for stamp, line in zip(stamps(batch.lines), batch.lines)]
        )
        self._client.post("/loki/api/v1/push", f"{self._before}{values}]}}]}}".encode(), "application/json")
        self.answer = self._client.status
        return Receipt()


def stamps(lines: list[bytes]) -> list[int]:
    """A time for each line, in nanoseconds since 1970; lines of one millisecond and without time follow one another."""
    found: list[int] = []
    last, place = -1, 0
    for line in lines:
        milliseconds = event_milliseconds(line)
        if milliseconds is None:
            milliseconds = last if last >= 0 else int(time.time() * 1000)
        place = place + 1 if milliseconds == last else 0
        last = milliseconds
        found.append(milliseconds * 1_000_000 + min(place, 999_999))
    return found


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")

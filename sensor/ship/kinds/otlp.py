"""`kind: otlp`: OpenTelemetry's protocol for logs, over HTTP as JSON (OTLP 1.x, opentelemetry-proto's logs.proto).

    {"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"web01"}}]},
      "scopeLogs":[{"scope":{"name":"host-sensor","version":"0.1.0"},"logRecords":[
        {"timeUnixNano":"1700000000123000000","observedTimeUnixNano":"…","severityNumber":9,"body":{"stringValue":"{\\"ID\\":…}"},
         "attributes":[{"key":"log.record.uid","value":{"stringValue":"9f3a…-1f40"}}]}]}]}]}

A receiver that rejects part of a batch does not name which. The batch is then sent again in parts, as any that is
refused, until what is at fault is alone; log.record.uid is the same in a repeat.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from sensor import __version__
from sensor.errors import RefusedError, UnavailableError
from sensor.options import option
from sensor.ship import http
from sensor.ship.batch import Batch, event_milliseconds
from sensor.ship.kinds import Common, Receipt

INFO = 9


@dataclass(frozen=True)
class Options:
    """OpenTelemetry collectors, and all that take OTLP."""

    path: str = option("/v1/logs", "What follows the address.")
    attributes: dict[str, str] = option(
        {"service.name": "host-sensor"}, "Attributes of the resource; host.name is added."
    )


class OtlpKind(http.PostingKind):
    """Posts ExportLogsServiceRequests."""

    def __init__(self, options: Options, common: Common, http_options: http.Options) -> None:
        super().__init__(http_options, common)
        self._path = options.path
        attributes = [_attribute(name, text) for name, text in {"host.name": common.host, **options.attributes}.items()]
        self._before = (
            f'{{"resourceLogs":[{{"resource":{{"attributes":{json.dumps(attributes)}}},"scopeLogs":[{{"scope":'
            f'{{"name":"host-sensor","version":"{__version__}"}},"logRecords":['
        )

    def deliver(self, batch: Batch) -> Receipt:
        now = time.time_ns()
        records = ",".join([_record(line, key, now) for line, key in zip(batch.lines, batch.keys())])
        text = self._client.post(self._path, f"{self._before}{records}]}}]}}]}}".encode(), "application/json")
        self.answer = self._client.status
        answer = http.parse(text) if text.strip() else {}
        partial = answer.get("partialSuccess") if isinstance(answer, dict) else None
        partial = partial if isinstance(partial, dict) else {}
        rejected = str(partial.get("rejectedLogRecords") or 0)
        if not rejected.isascii() or not rejected.isdigit():
            raise UnavailableError("its answer does not show how many records it rejected")
        if rejected.strip("0"):
            reason = f"{rejected} rejected: {partial.get('errorMessage')}"
            if len(batch.lines) > 1:
                raise RefusedError(reason)
            return Receipt([(0, reason)])
        return Receipt()


def _record(line: bytes, key: str, now: int) -> str:
    milliseconds = event_milliseconds(line)
    moment = now if milliseconds is None else milliseconds * 1_000_000
    body = json.dumps(line.decode("utf-8", "replace"))
    return (
        f'{{"timeUnixNano":"{moment}","observedTimeUnixNano":"{now}","severityNumber":{INFO},"body":{{"stringValue":{body}}},'
        f'"attributes":[{{"key":"log.record.uid","value":{{"stringValue":"{key}"}}}}]}}'
    )


def _attribute(name: str, text: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": text}}

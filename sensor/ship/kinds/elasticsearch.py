"""`kind: elasticsearch`: Elasticsearch's and OpenSearch's bulk interface, into a data stream or an index.

    {"create":{"_id":"9f3a…-1f40"}}
    {"@timestamp":"2026-11-22T10:09:25.025Z","ID":"1795342165.025:9148",…}

Each line has an id of its own, so a line that is sent again is stored once: the second time it is a conflict (409),
which counts as taken. Of a batch of which some lines were not taken for now (429, 503), all are sent again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sensor.errors import UnavailableError
from sensor.options import option
from sensor.ship import http
from sensor.ship.batch import Batch, event_milliseconds
from sensor.ship.kinds import Common, Receipt

STAMPED = b'{"@timestamp":'
FILTER = "filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"
NOT_NOW = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Options:
    """Elasticsearch and OpenSearch."""

    index: str = option("logs-host_sensor.audit-default", "Data stream or index to write to.")
    pipeline: str | None = option(None, "Ingest pipeline to go through.")


class ElasticsearchKind(http.PostingKind):
    """Posts to `_bulk`."""

    def __init__(self, options: Options, common: Common, http_options: http.Options) -> None:
        super().__init__(http_options, common, "ApiKey")
        self._path = f"/{quote(options.index, safe='')}/_bulk?{FILTER}"
        if options.pipeline:
            self._path += f"&pipeline={quote(options.pipeline, safe='')}"

    def deliver(self, batch: Batch) -> Receipt:
        parts = []
        for key, line in zip(batch.keys(), batch.lines):
            parts.append(b'{"create":{"_id":"%b"}}\n%b\n' % (key.encode("ascii"), stamped(line)))
        answer = http.parse(self._client.post(self._path, b"".join(parts), "application/x-ndjson"))
        self.answer = self._client.status
        return judge(answer, len(batch.lines))


def stamped(line: bytes) -> bytes:
    """The line with an @timestamp, from the event's id or, where it has none, from now: a data stream wants one."""
    if not line.startswith(b"{") or line.startswith((STAMPED, b"{}")):
        return line
    milliseconds = event_milliseconds(line)
    if milliseconds is None:
        milliseconds = int(time.time() * 1000)
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000))
    return b'%b"%b.%03dZ",%b' % (STAMPED, seconds.encode("ascii"), milliseconds % 1000, line[1:])


def judge(answer: Any, count: int) -> Receipt:
    """What became of each line; raises UnavailableError where one was not taken for now, or the answer is none."""
    if not isinstance(answer, dict) or "errors" not in answer:
        raise UnavailableError("its answer is not that of a bulk request")
    if not answer["errors"]:
        return Receipt()
    items = answer.get("items")
    if not isinstance(items, list) or len(items) != count:
        raise UnavailableError(f"its answer does not show what became of {count} events")
    refused = []
    result: Any
    for index, item in enumerate(items):
        result = next(iter(item.values()), {}) if isinstance(item, dict) else {}
        status = result.get("status") if isinstance(result, dict) else None
        if not isinstance(status, int):
            raise UnavailableError("its answer does not show what became of an event")
        if status < 300 or status == 409:
            continue
        reason = _reason(status, result.get("error"))
        if status in NOT_NOW or status >= 500:
            raise UnavailableError(f"not all was taken: {reason}")
        if status in {401, 403, 404}:
            raise UnavailableError(reason)
        refused.append((index, reason))
    return Receipt(refused)


def _reason(status: int, error: Any) -> str:
    if not isinstance(error, dict):
        return str(status)
    cause = error.get("caused_by")
    more = cause.get("reason") if isinstance(cause, dict) else None
    parts = [str(part) for part in (status, error.get("type"), error.get("reason"), more) if part]
    return ": ".join(parts)

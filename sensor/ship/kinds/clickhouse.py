"""`kind: clickhouse`: ClickHouse over HTTP, as JSONEachRow.

    POST /?query=INSERT+INTO+host_sensor.events+FORMAT+JSONEachRow
    {"time":1700000000.123,"host":"web01","id":"1700000000.123:4567","key":"9f3a…-1f40","event":"{\\"ID\\":…}"}

A table for it, where a line that is sent again becomes one row when parts are merged (or with FINAL):

    CREATE TABLE events (time DateTime64(3), host LowCardinality(String), id String, key String, event String)
    ENGINE = ReplacingMergeTree PARTITION BY toDate(time) ORDER BY (host, time, key)

With `event: object` the column can be of type JSON.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from sensor.options import option
from sensor.ship import http
from sensor.ship.batch import Batch, event_id, event_time
from sensor.ship.kinds import Common, Receipt


@dataclass(frozen=True)
class Options:
    """ClickHouse."""

    table: str = option("events", "Table to write to.")
    database: str = option("default", "Database it is in.")
    event: str = option(
        "text",
        "How the column `event` gets a line: as `text`, for String, or as an `object`, for JSON.",
        ("text", "object"),
    )
    milliseconds: bool = option(
        True, "Write times with milliseconds, for DateTime64(3); otherwise in whole seconds, for DateTime."
    )
    settings: dict[str, str] = option({"wait_end_of_query": "1"}, "Settings of the query.")


class ClickHouseKind(http.PostingKind):
    """Inserts batches."""

    def __init__(self, options: Options, common: Common, http_options: http.Options) -> None:
        super().__init__(http_options, common)
        query = f"INSERT INTO {_quoted(options.database)}.{_quoted(options.table)} FORMAT JSONEachRow"
        self._path = "/?" + urlencode({"query": query, **options.settings}, quote_via=quote)
        self._host = json.dumps(common.host).encode()
        self._as_object = options.event == "object"
        self._time = b"%.3f" if options.milliseconds else b"%d"

    def deliver(self, batch: Batch) -> Receipt:
        body = b"".join([self._row(key, line) for key, line in zip(batch.keys(), batch.lines)])
        self._client.post(self._path, body, "application/x-ndjson")
        self.answer = self._client.status
        return Receipt()

    def _row(self, key: str, line: bytes) -> bytes:
        moment = event_time(line)
        stamp = self._time % (time.time() if moment is None else moment)
        is_object = line.startswith(b"{") and line.endswith(b"}")
        event = line if self._as_object and is_object else json.dumps(line.decode("utf-8", "replace")).encode()
        number = json.dumps(event_id(line)).encode()
        return b'{"time":%b,"host":%b,"id":%b,"key":"%b","event":%b}\n' % (
            stamp,
            self._host,
            number,
            key.encode("ascii"),
            event,
        )


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"

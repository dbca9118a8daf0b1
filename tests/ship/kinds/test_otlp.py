"""OTLP over HTTP as JSON, and a receiver that takes a part."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ship.far_ends import Collector, Ship, responds
from tests.ship.logs import Log


def records(body: bytes) -> list[dict]:
    (resource,) = json.loads(body)["resourceLogs"]
    (scope,) = resource["scopeLogs"]
    return scope["logRecords"]


def test_records_have_what_the_protocol_wants(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(10)
    server = Collector()
    options = {"host": "web01", "otlp": {"attributes": {"service.name": "audit", "deployment.environment": 'a"b'}}}
    with Ship(tmp_path, log.path, kind="otlp", to=server.url, **options) as ship:
        assert ship.run("--once").returncode == 0
    server.stop()
    ((path, headers, body),) = server.requests
    assert (path, headers["Content-Type"]) == ("/v1/logs", "application/json")
    attributes = json.loads(body)["resourceLogs"][0]["resource"]["attributes"]
    values = {attribute["key"]: attribute["value"]["stringValue"] for attribute in attributes}
    assert values == {"host.name": "web01", "service.name": "audit", "deployment.environment": 'a"b'}
    assert [record["body"]["stringValue"] for record in records(body)] == [log.line(n).decode() for n in range(10)]
    first = records(body)[0]
    assert first["timeUnixNano"] == "1700000000000000000"  # JSON of protobuf: 64-bit numbers are strings
    assert int(first["observedTimeUnixNano"]) > 1_700_000_000_000_000_000
    keys = {record["attributes"][0]["value"]["stringValue"] for record in records(body)}
    assert len(keys) == 10


def test_what_is_rejected_of_a_batch_is_found(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(20)

    def judge(handler) -> bool:
        server.plan.append(judge)
        bad = handler.body.count(b"1700000000.007:7")
        partial = {"rejectedLogRecords": str(bad), "errorMessage": "too old"} if bad else None
        return responds(200, json.dumps({"partialSuccess": partial} if bad else {}).encode(), taken=True)(handler)

    server = Collector()
    server.plan.append(judge)
    with Ship(tmp_path, log.path, kind="otlp", to=server.url) as ship:
        assert ship.run("--once").returncode == 0
        (letter,) = (ship.state / "dead-letters.jsonl").read_text().splitlines()
    server.stop()
    assert json.loads(letter)["event"] == log.line(7).decode()
    assert json.loads(letter)["reason"] == "1 rejected: too old"


@pytest.mark.parametrize("rejected", ["many", "-1", [1], {"a": 1}, 1.5, "²"])
def test_a_number_that_is_none_holds_everything(rejected: object, tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(3)
    server = Collector()
    server.plan = [responds(200, json.dumps({"partialSuccess": {"rejectedLogRecords": rejected}}).encode())]
    with Ship(tmp_path, log.path, kind="otlp", to=server.url) as ship:
        assert ship.run("--once").returncode == 0
    server.stop()
    assert [len(records(body)) for _, _, body in server.requests] == [3, 3]

"""Loki's push interface: one stream, strictly rising time stamps, the line as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sensor.ship.kinds.loki import stamps
from tests.ship.far_ends import Collector, Ship, responds
from tests.ship.logs import Log


def test_lines_are_pushed_with_labels(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(100)
    with log.path.open("ab") as file:
        file.write(b'{"ID":"1700000000.100:100","x":"\xff \\" \\\\"}\n')
    server = Collector()
    server.plan = [responds(204, b"", taken=True)]
    with Ship(tmp_path, log.path, kind="loki", to=server.url, host="web01", loki={"labels": {"job": "x"}}) as ship:
        assert ship.run("--once").returncode == 0
    server.stop()
    ((path, headers, body),) = server.requests
    assert (path, headers["Content-Type"]) == ("/loki/api/v1/push", "application/json")
    (stream,) = json.loads(body)["streams"]
    assert stream["stream"] == {"host": "web01", "job": "x"}
    assert [value[1] for value in stream["values"][:100]] == [log.line(number).decode() for number in range(100)]
    assert stream["values"][100][1] == '{"ID":"1700000000.100:100","x":"\ufffd \\" \\\\"}'
    assert stream["values"][1][0] == "1700000000001000000"


def test_an_entry_that_is_too_old_is_a_dead_letter(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(10)

    def judge(handler) -> bool:
        server.plan.append(judge)
        old = b"1700000000003000000" in handler.body
        return responds(400 if old else 204, b"entry too far behind" if old else b"", taken=not old)(handler)

    server = Collector()
    server.plan.append(judge)
    with Ship(tmp_path, log.path, kind="loki", to=server.url) as ship:
        assert ship.run("--once").returncode == 0
        (letter,) = (ship.state / "dead-letters.jsonl").read_text().splitlines()
    server.stop()
    assert json.loads(letter)["event"] == log.line(3).decode()


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([b'{"ID":"1.000:1"}', b'{"ID":"1.000:2"}', b'{"ID":"1.001:3"}'], [1000000000, 1000000001, 1001000000]),
        ([b'{"ID":"1.000:1"}', b'{"ID":null}', b'{"ID":"1.000:2"}'], [1000000000, 1000000001, 1000000002]),
        ([b'{"ID":"2.000:1"}', b'{"ID":"1.000:2"}'], [2000000000, 1000000000]),
        ([], []),
    ],
)
def test_times_are_those_of_events_and_differ_within_a_millisecond(lines: list[bytes], found: list[int]) -> None:
    assert stamps(lines) == found

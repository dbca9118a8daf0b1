"""Every query of the dashboard of events finds recorded ones, and its lines can be read at a glance."""

from __future__ import annotations

import time

import pytest

from tests.grafana import loki
from tests.grafana.boards import panels

TARGETS = [
    pytest.param(panel["type"], target, id=panel["title"])
    for panel in panels("events-loki")
    for target in panel["targets"]
]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return loki.Log(loki.events(tmp_path_factory.mktemp("loki"), time.time() // 60 * 60))


def ask(log: loki.Log, target: dict, guid: str = "none") -> dict:
    """As Grafana asks for the last hour."""
    end = time.time() // 60 * 60
    expr = target["expr"].replace("$stream", 'job="host-sensor"').replace("$guid", guid)
    expr = expr.replace("$__interval", "120s").replace("$__range", "3600s")
    instant = target["queryType"] == "instant"
    return log.ask(expr, [end] if instant else [end - 3600 + 120 * number for number in range(31)])


@pytest.mark.parametrize(("kind", "target"), TARGETS)
def test_queries_find_events(log, kind, target):
    answer = ask(log, target, guid="1.001:1" if "none" in target["expr"] else '"ID"')
    assert answer["resultType"] == ("streams" if kind == "logs" else "matrix")
    assert answer["result"]


@pytest.mark.parametrize(("kind", "target"), [param for param in TARGETS if param.values[0] == "logs"])
def test_lines_are_short_and_whole(log, kind, target):
    if "PARSE_ERROR" in target["expr"] or "$guid" in target["expr"]:
        return
    for _, line in ask(log, target)["result"][0]["values"]:
        assert 5 < len(line) < 300
        assert "{" not in line


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{a} |= `x`", ["x1", "x2"]),
        ("{a} |~ `[yz]`", ["y1"]),
        ('{a} | json a="A" | a != ``', ["x1"]),
        ('{a} | json a="A", b="B[0].C" | line_format `{{.a}}-{{.b}}`', ["1-", "-7", "-"]),
        ('{a} | json a="A" | line_format `{{if .a}}{{.a}}{{else}}{{__line__}}{{end}}`', ["1", "x2", "y1"]),
    ],
)
def test_the_stand_in(query, expected):
    entries = [loki.Entry(1.0, "x1", {"A": 1}), loki.Entry(2.0, "x2", {"B": [{"C": 7}]}), loki.Entry(3.0, "y1", {})]
    (stream,) = loki.Log(entries).ask(query, [3.0])["result"]
    assert [line for _, line in stream["values"]][::-1] == expected


def test_the_stand_in_counts():
    entries = [loki.Entry(float(at), "line", {"A": at % 2}) for at in range(10)]
    answer = loki.Log(entries).ask('topk(1, sum by (a) (count_over_time({x} | json a="A" [5s])))', [9.0])
    assert answer["result"] == [{"metric": {"a": "1"}, "values": [[9.0, "3"]]}]

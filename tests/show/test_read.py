"""Lines in every form become events; what is none is counted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from sensor.audit.event import Notice
from sensor.audit.fields import Fields
from sensor.audit.number import Number
from sensor.build import build
from sensor.config import Config
from sensor.jsonl import dumps
from sensor.show.conditions import Conditions
from sensor.show.event import LogEvent
from sensor.show.read import Reader
from sensor.show.screen import lines as screen_lines
from sensor.show.tree import ProcessTree
from sensor.stats import Stats
from sensor.terminal import Screen
from tests.converting import converted
from tests.show.lines import LS, STORY, encode
from tests.show.test_ecs_form import LINE
from tests.show.test_ocsf_form import EVENTS


def test_both_forms() -> None:
    reader = Reader()
    found = [reader.event(encode(line)) for line in (STORY[1], LINE)]
    assert [event and event.kind for event in found] == ["execve", "connect"]


def of_probe(output: str, name: str, end: Fields) -> LogEvent | None:
    members: Fields = {"pid": 42, "ppid": 31, "comm": "ls", "auid": 1000, "ses": 3, "cgroup": 5, **end}
    added: Fields = {"PID": {"GUID": "g", "GUID_SOURCE": "probe"}, "PPID": {"GUID": "h"}}
    pipeline = build(Config(output=output), Stats(), live=False).pipeline
    pipeline.notice(Notice("1700000000.123:probe-7", name, members, added))
    return Reader().event(pipeline.take_notices()[0].encode("latin-1"))


@pytest.mark.parametrize(
    ("name", "end", "ended"),
    [
        ("PROBE_EXEC", {}, None),
        ("PROBE_EXIT", {"exit_code": 3, "signal": None, "duration": Number("0.250000")}, (3, None, 0.25)),
        ("PROBE_EXIT", {"exit_code": None, "signal": 9, "duration": Number("1.000000")}, (None, 9, 1.0)),
    ],
)
def test_what_the_probe_reports_is_read_alike_in_every_form(name, end, ended) -> None:
    event = of_probe("laurel", name, end)
    assert event is not None
    assert (event.ended, event.is_exec, event.process.guid, event.login) == (ended, ended is None, "g", "1000")
    assert [of_probe(output, name, end) for output in ("ecs", "ocsf")] == [event, event]


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"1", b"null", b'{"a":1}', b"[" * 100_000, b'{"ID":"\xff"}', b'{"ID":"nan:1","SYSCALL":1}']
)
def test_lines_that_are_no_events(line: bytes) -> None:
    reader = Reader()
    event = reader.event(line)
    assert event is None or event.time != event.time  # not a number is a time that no condition meets
    assert reader.skipped == (event is None)


EXTREMES = (
    None,
    True,
    -1,
    -(1 << 31),
    -(1 << 63),
    1 << 63,
    10**30,
    -1e308,
    1e308,
    0.5,
    "",
    "9" * 5000,
    "\ud800",
    [],
    {},
    [[]],
    [None],
    [{"a": 1}],
)


def with_each_value_replaced(value: Any) -> Iterator[Any]:
    """The document as often as it has values, each time with another one that is extreme."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from ({**value, name: other} for other in with_each_value_replaced(inner))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from ([*value[:index], other, *value[index + 1 :]] for other in with_each_value_replaced(inner))
    yield from EXTREMES


@pytest.mark.parametrize(
    "document", [*STORY, LINE, *converted(EVENTS, "output: ocsf")[:2]], ids=lambda document: next(iter(document))
)
def test_no_value_of_others_ends_the_program(document: dict[str, Any]) -> None:
    screen = Screen.of(io.StringIO())
    reader, tree = Reader(), ProcessTree()
    for other in with_each_value_replaced(document):
        event = reader.event(dumps(other))
        if event is not None:
            assert "".join(screen_lines(event, screen)).isprintable()
            tree.add(event)
    assert all(map(str.isprintable, tree.lines(tree.roots(), screen)))
    assert reader.events > 100


def test_conditions_choose_and_pauses_pass() -> None:
    lines = [encode(STORY[0]), None, encode(STORY[1]), b""]
    found = list(Reader().chosen(lines, Conditions(guid=LS)))
    assert found[0] is None
    assert [item[0] for item in found if item] == [encode(STORY[1])]

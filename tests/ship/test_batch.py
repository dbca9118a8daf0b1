"""Where lines stand, what they are called, and what is read from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sensor.build import build
from sensor.config import Config
from sensor.convert import converted
from sensor.ship.batch import Batch, Position, event_id, event_milliseconds, event_time, numbered
from sensor.stats import Stats

RECORDED = Path(__file__).resolve().parents[1] / "data/demo/deeds.audit"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b'{"ID":"1700000000.123:4567","SYSCALL":{}}', "1700000000.123:4567"),
        (b'{"ID":"1700000000.123:probe-7","PROBE_EXEC":{}}', "1700000000.123:probe-7"),
        (b'{"@timestamp":"2026-11-22T10:09:25.025Z","event":{"id":"1795342165.025:9148"}}', "1795342165.025:9148"),
        (b'{"class_uid":1007,"metadata":{"version":"1.5.0","uid":"1795342165.025:9148"}}', "1795342165.025:9148"),
        (b'{"class_uid":0,"metadata":{"version":"1.5.0"},"device":{"uid":"2899dae4"}}', ""),
        (b'{"ID":null,"PARSE_ERROR":{"raw":"\\"ID\\":\\"1.000:1\\""}}', ""),
        (b'{"x":{"ID":"1700000000.123:4567"}}', ""),
        (b'{"ID":"yesterday"}', ""),
        (b"", ""),
        (b"\xff\xfe", ""),
        (b'{"@timestamp":"2026-11-22T10:09:25.025Z","x":"' + b"y" * 600 + b'","id":"1795342165.025:9148"}', ""),
    ],
)
def test_the_id_of_an_event(line: bytes, found: str) -> None:
    assert event_id(line) == found
    if found:
        assert event_time(line) == float(found.partition(":")[0])
        assert event_milliseconds(line) == round(float(found.partition(":")[0]) * 1000)
    else:
        assert event_time(line) is event_milliseconds(line) is None


@pytest.mark.parametrize("output", ["laurel", "ecs", "ocsf"])
def test_every_line_that_is_written_has_its_id_near_its_beginning(output: str) -> None:
    lines = list(converted(build(Config(output=output), Stats(), live=False), [str(RECORDED)]))
    ids = [event_id(line.encode("latin-1")) for batch in lines for line in batch]
    assert len(ids) > 10
    assert all(ids)


def test_keys_are_where_lines_stand() -> None:
    batch = Batch(Position("f", 16), Position("f", 30, 3), [b"abc", b"", b"abcdefgh"])
    assert batch.keys() == ["f-10", "f-14", "f-15"]
    assert Batch(Position("f", 16), Position("f", 30, 1), [b"abc"], starts=[26]).keys() == ["f-1a"]


def test_the_report_of_a_gap_has_a_key_of_its_own() -> None:
    """The first line of the file that it stands ahead of has offset 0, too."""
    assert Batch(Position("f"), Position("f", 0, 1), [b"{}"]).keys() == ["f-gap"]
    assert Batch(Position("f"), Position("f", 3, 1), [b"{}"]).keys() == ["f-0"]


def test_the_report_of_a_gap_keeps_what_it_reports_when_it_is_numbered() -> None:
    report = b'{"ID":null,"SHIP":{"GAP":"removed","FILES":2,"BYTES":null,"AFTER":null}}'
    (line,) = numbered(Batch(Position("f", 0, 41), Position("f", 0, 42), [report]), "c0ffee12")
    (member,) = [value for name, value in json.loads(line, object_pairs_hook=list) if name == "SHIP"]
    assert dict(member) == {
        "GAP": "removed",
        "FILES": 2,
        "BYTES": None,
        "AFTER": None,
        "STREAM": "c0ffee12",
        "NUMBER": 41,
    }


def test_a_batch_that_is_stripped_knows_where_it_stands() -> None:
    batch = Batch(Position("f", 16), Position("f", 20, 1), [b"abc"], inode=(1, 2), size=4)
    stripped = batch.stripped()
    assert (stripped.lines, stripped.start, stripped.end, stripped.size) == ([], batch.start, batch.end, 4)


def test_numbers_are_the_last_member_of_an_object() -> None:
    lines = [b'{"a":1}', b"no object", b"{}"]
    batch = Batch(Position("f", 0, 41), Position("f", 30, 44), lines)
    first, second, third = numbered(batch, "c0ffee")
    assert json.loads(first) == {"a": 1, "SHIP": {"STREAM": "c0ffee", "NUMBER": 41}}
    assert (second, third) == (b"no object", b"{}")

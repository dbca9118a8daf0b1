"""Where reading begins without a cursor."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensor.ship.start import begin, parse_time
from tests.ship.logs import Log, Reader, numbers_of


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("beginning", None),
        ("end", float("inf")),
        ("1970-01-01T00:00:10Z", 10.0),
        ("1970-01-01T01:00:10+01:00", 10.0),
        ("1970-01-01", 0.0),
        ("1970-01-01 00:01", 60.0),
    ],
)
def test_a_time_is_read(text: str, moment: float | None) -> None:
    assert parse_time(text) == moment


@pytest.mark.parametrize("text", ["", "now", "yesterday", "2026-13-01"])
def test_what_is_no_time_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="expected beginning, end, or a time"):
        parse_time(text)


@pytest.mark.parametrize(
    ("start", "first"),
    [
        ("beginning", 0),
        ("end", 12000),
        ("2023-11-14T22:13:20Z", 0),  # 1700000000
        ("2023-11-14T22:13:25Z", 5000),
        ("2023-11-14T22:13:31.5Z", 11500),
        ("2024-01-01", 12000),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_events_from_a_time_on(start: str, first: int, packed: bool, tmp_path: Path) -> None:
    log = Log(tmp_path)
    for _ in range(3):
        log.write(4000)
        os.utime(log.path, (0, 1700000000 + len(log.numbers) // 1000))
        if len(log.numbers) < 12000:
            log.rotate()
    if packed:
        modified = log.path.with_name("audit.jsonl.1").stat().st_mtime
        log.pack(1)
        os.utime(log.path.with_name("audit.jsonl.1.gz"), (0, modified))
    reader = Reader(log, tmp_path / "cursor")
    begin(start, str(log.path), reader.cursor)
    reader.kill()
    reader.start()
    log.write(10)
    assert numbers_of(reader.take_all()) == list(range(first, 12010))


def test_an_empty_log_begins_at_its_beginning(tmp_path: Path) -> None:
    log = Log(tmp_path)
    reader = Reader(log, tmp_path / "cursor")
    begin("end", str(log.path), reader.cursor)
    log.write(1)
    assert numbers_of(reader.take_all()) == [0]

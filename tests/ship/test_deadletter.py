"""Dead letters: whole, private, bounded."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sensor.ship.deadletter import DeadLetters, Options


def test_a_letter_has_everything(tmp_path: Path) -> None:
    letters = DeadLetters(Options(), str(tmp_path), "central")
    letters.add([("f-10", "400: no", b'{"ID":"1"}'), ("f-20", "x" * 9999, b"\xff\x00")])
    path = tmp_path / "dead-letters.jsonl"
    first, second = [json.loads(line) for line in path.read_text().splitlines()]
    assert {**first, "time": ""} == {
        "time": "",
        "destination": "central",
        "reason": "400: no",
        "key": "f-10",
        "event": '{"ID":"1"}',
    }
    assert (len(second["reason"]), second["event"]) == (1000, "\xff\x00")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_file_makes_room(tmp_path: Path) -> None:
    letters = DeadLetters(Options(size=4096), str(tmp_path), "central")
    for number in range(100):
        letters.add([(str(number), "no", b"x" * 200)])
    assert sorted(os.listdir(tmp_path)) == ["dead-letters.jsonl", "dead-letters.jsonl.1"]
    lines = [path.read_text().splitlines() for path in sorted(tmp_path.iterdir())]
    assert json.loads(lines[0][-1])["key"] == "99"
    assert all(path.stat().st_size <= 4096 for path in tmp_path.iterdir())
    assert int(json.loads(lines[1][-1])["key"]) + 1 == int(json.loads(lines[0][0])["key"])


def test_what_cannot_be_written_whole_is_not_written(tmp_path: Path) -> None:
    letters = DeadLetters(Options(file="/dev/full"), str(tmp_path), "central")
    with pytest.raises(OSError, match="No space left"):
        letters.add([("f-10", "no", b"{}")])

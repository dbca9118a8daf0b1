"""Lines out of rotated, compressed and growing logs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sensor.show.logs import LONGEST_LINE, follow, generations, read_lines


def test_generations_are_read_from_the_oldest(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    for name in ("audit.jsonl.10", "audit.jsonl.2.gz", "audit.jsonl.1", "audit.jsonl", "audit.jsonl.bak", "other.1"):
        (tmp_path / name).touch()
    names = [Path(path).name for path in generations(str(log))]
    assert names == ["audit.jsonl.10", "audit.jsonl.2.gz", "audit.jsonl.1", "audit.jsonl"]


def test_lines_over_chunks_and_files(tmp_path: Path) -> None:
    one, two = tmp_path / "1.gz", tmp_path / "2"
    one.write_bytes(gzip.compress(b"a\n" + b"b" * 300_000 + b"\nc"))
    two.write_bytes(b"d\n")
    assert [line for line in read_lines([str(one), str(two)]) if line] == [b"a", b"b" * 300_000, b"c", b"d"]


@pytest.mark.slow
def test_an_endless_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * (LONGEST_LINE + 1_000_000) + b"\na\n")
    assert max(len(line) for line in read_lines([str(path)])) < LONGEST_LINE


def test_a_log_is_followed_through_rotation_and_cutting(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"before\n")
    lines = follow(str(log), pause=0.0)

    def next_lines() -> list[bytes]:
        found = []
        for line in lines:
            if line is None:
                return found
            found.append(line)
        raise AssertionError("the log came to an end")

    assert next_lines() == []
    with log.open("ab") as file:
        file.write(b"one\ntw")
    assert next_lines() == [b"one"]
    with log.open("ab") as file:
        file.write(b"o\n")
    log.rename(tmp_path / "log.1")
    assert next_lines() == [b"two"]
    log.write_bytes(b"three\n")
    assert next_lines() == [b"three"]
    log.write_bytes(b"4\n")  # cut, and shorter than before
    assert next_lines() == [b"4"]
    lines.close()


def test_a_log_that_is_not_there_yet(tmp_path: Path) -> None:
    lines = follow(str(tmp_path / "log"), pause=0.0)
    assert next(lines) is None
    (tmp_path / "log").write_bytes(b"one\n")
    assert next(lines) == b"one"
    lines.close()

"""Lines to a FIFO under a log's name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensor.outputs import LONGEST_PAUSE, Options
from sensor.outputs.fifo import FifoOutput, is_fifo
from sensor.outputs.file import FileOutput
from sensor.stats import OutputStats
from tests.support.clocks import Clock

LINES = [f"{number:099}" for number in range(300)]


@pytest.fixture
def fifo(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    return str(tmp_path / "fifo")


def reader(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def make(path: str) -> tuple[FifoOutput, OutputStats, Clock]:
    stats, clock = OutputStats(), Clock()
    return FifoOutput(path, Options(file=path), stats, lambda message: None, clock), stats, clock


def test_without_a_reader_nothing_counts_as_written(fifo):
    output, stats, _ = make(fifo)
    output.write(LINES)
    output.close()
    assert (stats.lines, stats.lost_lines) == (0, {"ENXIO": 300})


@pytest.mark.parametrize("read", [0, 99, 100, 5000, 30_000])
def test_what_a_reader_left_the_next_one_gets(read, fifo):
    output, stats, clock = make(fifo)
    first = reader(fifo)
    output.write(LINES)
    got = os.read(first, read) if read else b""
    os.close(first)
    output.flush()
    clock.now += LONGEST_PAUSE
    second = reader(fifo)
    output.flush()
    rest = os.read(second, 1 << 16) if read < 30_000 else b""
    output.close()
    os.close(second)
    assert (got[: read // 100 * 100] + rest).decode().splitlines() == LINES
    assert (stats.lines, stats.lost_lines) == (300, {})


def test_what_a_living_reader_does_not_take_is_not_waited_for(fifo):
    output, stats, _ = make(fifo)
    end = reader(fifo)
    output.write(LINES * 10)
    output.close()
    os.close(end)
    assert 0 < stats.lines < 3000
    assert stats.lines + stats.lost_lines["slow"] == 3000


def test_a_file_or_fifo_that_takes_the_others_place_is_not_written_to(tmp_path: Path, fifo: str):
    output, stats, _ = make(fifo)
    Path(fifo).unlink()
    Path(fifo).write_text("kept\n")
    output.write(LINES)
    output.close()
    assert (Path(fifo).read_text(), stats.lines, stats.lost_lines) == ("kept\n", 0, {"ENXIO": 300})
    path = tmp_path / "log"
    os.mkfifo(path)
    stats = OutputStats()
    log = FileOutput(str(path), Options(), stats, lambda message: None)
    log.write(LINES)
    log.close()
    assert (stats.lines, stats.lost_lines) == (0, {"ENXIO": 300})


def test_what_is_a_fifo(tmp_path, fifo):
    (tmp_path / "link").symlink_to(fifo)
    (tmp_path / "file").touch()
    found = {name: is_fifo(str(tmp_path / name)) for name in ("fifo", "link", "file", "gone", "file/x", "a\0b")}
    assert found == {"fifo": True, "link": True, "file": False, "gone": False, "file/x": False, "a\0b": False}

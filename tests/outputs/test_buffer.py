"""What a buffer bounds: lines that cannot be written, not those that come."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.outputs import BUFFER_IS_FULL, Log, Options, Output
from sensor.outputs.file import FileOutput
from sensor.outputs.program import ProgramOutput
from sensor.outputs.unix import UnixOutput
from sensor.stats import OutputStats


@pytest.mark.parametrize("options", [{}, {"size": 100_000, "generations": 9}])
def test_a_batch_larger_than_the_buffer_is_no_loss_where_it_can_be_written(options, tmp_path: Path) -> None:
    stats = OutputStats()
    output = FileOutput(str(tmp_path / "log"), Options(buffer=65536, **options), stats, print)
    lines = [f"{number:0999}" for number in range(500)] + ["x" * 200_000]
    output.write(lines)
    output.adopt(b"y" * 99_999 + b"\n", 1)
    output.close()
    written = [line for path in tmp_path.iterdir() for line in path.read_text().split()]
    assert sorted(written) == [*lines, "y" * 99_999]
    assert (stats.lines, stats.lost_lines) == (502, {})


def test_a_batch_that_cannot_be_written_is_kept_up_to_the_bound(tmp_path: Path) -> None:
    stats = OutputStats()
    output = FileOutput("/dev/full", Options(buffer=65536), stats, lambda message: None)
    output.write(["x" * 999] * 200)
    assert (stats.pending_bytes, stats.lost_lines) == (65_000, {"ENOSPC": 135})
    output.close()
    assert stats.lost_lines == {"ENOSPC": 200}


@pytest.mark.parametrize("file", ["/dev/full", "unix:/none", "| /none"])
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (0, []),
        (3, ["3 lines could not be written and are lost"]),
        (200, [BUFFER_IS_FULL, "65 lines could not be written and are lost"]),
    ],
)
def test_what_is_lost_is_logged(file: str, lines: int, expected: list[str], tmp_path: Path) -> None:
    messages: list[str] = []
    output = made(file, OutputStats(), messages.append)
    output.write(["x" * 999] * lines)
    output.close()
    assert [message for message in messages if "lost" in message] == [f"{file}: {text}" for text in expected]


def made(file: str, stats: OutputStats, log: Log) -> Output:
    options = Options(file, buffer=65536)
    if file.startswith("unix:"):
        return UnixOutput(options, stats, log)
    return ProgramOutput(options, stats, log) if file.startswith("|") else FileOutput(file, options, stats, log)

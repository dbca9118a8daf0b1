"""What a buffer bounds: lines that cannot be written, not those that come."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.outputs import Options
from sensor.outputs.file import FileOutput
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

"""The table of metrics knows the reasons that the code counts by, and promises none that cannot come."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest

from sensor.outputs import Options
from sensor.outputs.file import FileOutput
from sensor.outputs.write_buffer import reason
from sensor.stats import OutputStats
from sensor.tables.metrics import LOSSES, ROWS, WRITE_ERRORS

KNOWN = {row.name: row.known for row in ROWS if row.known}
SENSOR = Path(__file__).resolve().parents[2] / "sensor"


@pytest.mark.parametrize("name", WRITE_ERRORS)
def test_errors_are_named_as_the_output_names_them(name):
    assert reason(OSError(getattr(errno, name), "")) == name


@pytest.mark.parametrize("error", [OSError(errno.EAGAIN, ""), MemoryError(), ValueError(), OSError()])
def test_each_way_to_lose_a_line_is_known(error):
    assert reason(error) in LOSSES


@pytest.mark.parametrize("path", ["nothing/log", "", "file/log", "loop", "x" * 300])
def test_paths_that_cannot_be_written_fail_by_known_errors(path, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    stats = OutputStats()
    FileOutput(str(tmp_path / path), Options(), stats, lambda _: None).write(["{}"])
    assert set(stats.errors) < set(WRITE_ERRORS)
    assert stats.errors


TRUNCATED = r'(?:_evict\(|truncated, |truncated\[|counts\[)"(\w+)"'


@pytest.mark.parametrize(
    ("metric", "pattern", "file"),
    [
        ("unparsed_lines_total", r'unparsed\["(\w+)"\] =', "pipeline/__init__.py"),
        ("truncations_total", TRUNCATED, "pipeline/__init__.py audit/coalesce.py forms/bounded.py"),
        ("incomplete_events_total", r'_add\(counts, "(\w+)"\)', "audit/completeness.py"),
    ],
)
def test_reasons_in_the_code_are_those_of_the_table(metric, pattern, file):
    code = "".join((SENSOR / name).read_text(encoding="utf-8") for name in file.split())
    assert set(re.findall(pattern, code)) == set(KNOWN[metric])

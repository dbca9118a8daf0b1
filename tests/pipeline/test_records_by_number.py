"""Records that never were lines give the JSON that the same records give as lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.audit.framing import line_of
from sensor.audit.header import parse_line, records_in
from sensor.audit.options import CoalesceOptions
from sensor.audit.types import type_name
from sensor.stats import PipelineStats
from sensor.tables import record_types
from tests.support.pipelines import make_pipeline

DATA = Path(__file__).resolve().parent.parent / "data"
STREAMS = sorted(path for path in DATA.rglob("*.audit") if path.stat().st_size < 1_000_000)


def test_there_are_streams():
    assert STREAMS


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.name)
def test_records_by_number_give_what_lines_give(path: Path) -> None:
    records = []
    for text in path.read_text("latin-1").split("\n"):
        line = parse_line(text)
        if line is not None and line.type in record_types.NUMBERS and len(records_in(text)) == 1:
            records.append((line.type, line.id, line.body))
    by_line, by_number = make_pipeline(), make_pipeline()
    expected: list[str] = []
    found: list[str] = []
    for name, id, body in records:
        expected += by_line.feed(f"{line_of('', name, id, body)}\n".encode("latin-1"), 1.0)
        found += by_number.feed_record(record_types.NUMBERS[name], id, body, 1.0)
    assert found + by_number.close() == expected + by_line.close()


@pytest.mark.parametrize(("number", "name"), [(1300, "SYSCALL"), (1999, "UNKNOWN[1999]"), (0, "UNKNOWN[0]")])
def test_a_number_has_the_name_that_auditd_writes(number: int, name: str) -> None:
    assert type_name(number) == name


def test_a_record_that_is_too_long_is_cut_and_counted() -> None:
    stats = PipelineStats()
    pipeline = make_pipeline(coalesce=CoalesceOptions(max_line_bytes=1024), stats=stats)
    pipeline.feed_record(1307, "1700000000.001:7", f'cwd="/{"a" * 2000}"', 1.0)
    (line,) = pipeline.close()
    assert "truncated_line" in line
    assert len(line) < 1300
    assert stats.truncated == {"line": 1}

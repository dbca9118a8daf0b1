"""Every recorded feed and every odd line below tests/data: nothing raises, each line is accounted for, each output
line is strict JSON, and how the bytes were cut into chunks makes no difference.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
import yaml

from sensor.build import build
from sensor.config import Config
from sensor.stats import Stats
from tests.test_golden import refuse, unique

DATA = Path(__file__).parent / "data"
LOGS = sorted(
    [*DATA.rglob("*.audit"), *DATA.rglob("*.log"), *DATA.rglob("*.audit.xz"), *DATA.rglob("aucoalesce/*.yaml")]
)


def content(path: Path) -> bytes:
    """The audit lines of a file; those of go-libaudit's YAML stand indented below a name."""
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".yaml":
        cases = yaml.safe_load(path.read_text())["tests"]
        return "\n".join(str(case).replace(" type=", "\ntype=") for case in cases.values()).encode()
    return path.read_bytes()


def convert(feed: bytes, chunk: int) -> tuple[list[str], Stats]:
    stats = Stats()
    pipeline = build(Config(), stats, live=False).pipeline
    out = []
    for start in range(0, len(feed), chunk):
        out += pipeline.feed(feed[start : start + chunk], 0.0)
    return out + pipeline.close(), stats


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_every_line_is_accounted_for(path: Path) -> None:
    feed = content(path)
    out, stats = convert(feed, 65536)
    counts = stats.pipeline
    lines = [line for line in feed.split(b"\n") if line]
    assert counts.crashed == 0
    more = sum(line.count(b"type=") - 1 for line in lines) if path.name == "torn-line.audit" else 0
    assert counts.lines == len(lines) + more
    assert counts.lines == counts.records + counts.ends + sum(counts.unparsed.values())
    assert len(out) == counts.events + sum(counts.unparsed.values())
    for line in out:
        json.loads(line.encode("latin-1"), object_pairs_hook=unique, parse_constant=refuse)


@pytest.mark.parametrize("path", [path for path in LOGS if path.suffix != ".xz"], ids=lambda path: path.name)
def test_chunks_make_no_difference(path: Path) -> None:
    feed = content(path)
    assert convert(feed, 7)[0] == convert(feed, 1000)[0] == convert(feed, len(feed))[0]


def test_there_is_something_to_read() -> None:
    assert len(LOGS) > 100

"""Logs of every kind to counts: plain and packed, records and lines, more than one, and what cannot be read."""

from __future__ import annotations

import gzip
import lzma
from dataclasses import replace
from pathlib import Path

import pytest

from sensor.cli import main
from sensor.config import Config, load
from sensor.terminal import Screen
from sensor.top.read import DIMENSIONS, Counts, _lines, count
from sensor.top.show import show
from tests.test_data import DATA

WHOLE = lzma.decompress((DATA / "corpora" / "session-mixed.raw.audit.xz").read_bytes())
FEED = WHOLE[:1_500_000].rpartition(b"type=SYSCALL")[0]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("top") / "audit.log"
    path.write_bytes(FEED)
    return path


def test_an_audit_log(log: Path) -> None:
    counts = count([str(log)], Config())
    calls = FEED.count(b"type=SYSCALL ")
    assert counts.records == FEED.count(b" msg=audit(") - FEED.count(b"type=EOE ")
    assert counts.heavies["key"].top(1)[0].name == "missing"
    assert counts.heavies["syscall"].top(1)[0].name == "openat"
    assert counts.heavies["type"].top(1)[0][:2] == ("SYSCALL", calls)
    assert counts.heavies.keys() == DIMENSIONS.keys()
    assert counts.skipped == 0


@pytest.mark.parametrize(
    "options",
    [
        "output: laurel",
        "output: ecs",
        "{enrich: {prefix: x_}, translate: {universal: true, drop_raw: true}}",
    ],
)
def test_what_the_sensor_wrote_gives_the_same(
    log: Path, options: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(options)
    assert main(["convert", "-c", str(config), str(log)]) == 0
    written = tmp_path / "audit.jsonl"
    written.write_bytes(capfdbinary.readouterr().out)
    records, lines = count([str(log)], load(str(config))), count([str(written)], load(str(config)))
    assert (lines.events, lines.first, lines.last) == (records.events, records.first, records.last)
    assert lines.skipped == 0
    for name in ("key", "exe", "syscall", "path"):
        assert plain(named(lines, name)) == plain(named(records, name))


def named(counts: Counts, dimension: str) -> list[tuple[str, int]]:
    return [(entry.name, entry.events) for entry in counts.heavies[dimension].top(1000, by_events=True)]


def plain(names: list[tuple[str, int]]) -> dict[str, int]:
    """Those names that the output does not write in another way."""
    return {name: events for name, events in names if name.isprintable() and not set("%+") & set(name)}


def test_packed_and_several_files_add_up(tmp_path: Path) -> None:
    packed = tmp_path / "audit.log.1.gz"
    packed.write_bytes(gzip.compress(b"\n  " + FEED[:100_000].rpartition(b"type=EOE")[0]))
    once, twice = count([str(packed)], Config()), count([str(packed), str(packed)], Config())
    assert (twice.events, twice.bytes) == (2 * once.events, 2 * once.bytes)


def test_a_filter_shows_what_is_left(log: Path) -> None:
    config = Config()
    counts = count([str(log)], replace(config, filter=replace(config.filter, filter_keys=("missing",))))
    assert dict(named(counts, "key")).get("missing", 0) <= 2  # auditctl names it when it adds the rule
    assert sum(counts.filtered.values()) > 1000


def test_lines_that_are_none_are_counted(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(b'{"ID":"1.000:1","SYSCALL":{}}\nnonsense\n\n{"x":1}\n{"ID":"2.000:2"')
    counts = count([str(bad)], Config())
    assert (counts.events, counts.skipped) == (1, 3)
    odd = tmp_path / "odd.log"
    odd.write_bytes(b"type=X msg=audit(1.000:1): a=b\nwhat is this\n")
    counts = count([str(odd)], Config())
    assert (counts.events, counts.skipped) == (1, 1)


def test_an_empty_file_is_an_empty_log(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    counts = count([str(empty)], Config())
    assert (counts.events, counts.bytes, counts.skipped) == (0, 0, 0)


def test_lines_are_whole_however_they_are_cut() -> None:
    assert list(_lines([b"a", b"b\nc", b"\n", b"\nd"])) == [b"ab", b"c", b"d"]
    assert list(_lines([b"abcdef", b"gh\ni\n"], longest=4)) == [b"", b"gh", b"i"]


GOOD = b'{"ID":"1700000000.000:1","SYSCALL":{"exe":"/x"}}'


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"ID":"1.0:1","SYSCALL":{"exe":' + b"[" * 100_000,
        b'{"ID":"1.0:1","SYSCALL":{"arch":"zz","syscall":5}}',
        b'{"ID":"1.0:1","SYSCALL":{"syscall":1' + b"0" * 5000 + b"}}",
        b'{"ID":5,"SYSCALL":5}',
        b'{"ID":"1.0:1","SYSCALL":[5]}',
        *[b'{"ID":"%s:1","SYSCALL":{}}' % time for time in (b"nan", b"inf", b"-inf", b"1e300", b"-1e300")],
        b"\xff",
    ],
)
def test_one_odd_line_costs_no_other(line, tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"\n".join([GOOD, line, GOOD]))
    counts = count([str(path)], Config())
    assert [(entry.name, entry.events) for entry in counts.heavies["exe"].top(10)] == [("/x", 2)]
    assert counts.events + counts.skipped == 3
    assert list(show(counts, list(DIMENSIONS), 10, False, Screen(80, False, False)))

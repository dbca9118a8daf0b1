"""What holds for every input: nothing raises, every line is JSON, nothing is lost, and the plain way gives the same.

`SENSOR_EXAMPLES=20000 pytest tests/test_properties.py` looks further than the tests of every day do.
"""

from __future__ import annotations

import json
import lzma
import os
import re
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensor.audit.event import Event, Stage
from sensor.audit.options import CoalesceOptions, TransformOptions
from sensor.stats import PipelineStats
from sensor.tables.fields import kinds_of
from sensor.tables.record_types import NUMBERS
from tests.support.pipelines import make_pipeline
from tests.support.reference import Reference
from tests.support.strategies import chunkings, chunks, feeds, spoiled

DATA = Path(__file__).parent / "data"
EXAMPLES = int(os.environ.get("SENSOR_EXAMPLES", "150"))
everywhere = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

usual = st.just(CoalesceOptions(timeout=2.3))
tight = st.builds(
    CoalesceOptions,
    timeout=st.just(2.3),
    max_events=st.sampled_from([1, 2, 512]),
    max_records=st.sampled_from([1, 2, 4096]),
    max_event_bytes=st.sampled_from([1024, 4 << 20]),
    max_line_bytes=st.sampled_from([1024, 64 << 10]),
)
bounds = usual | usual | tight
transforms = st.builds(
    TransformOptions,
    execve_argv=st.sampled_from([("array",), ("string",), ("array", "string"), ()]),
    execve_argv_limit_bytes=st.sampled_from([None, 0, 10, 20]),
    strings=st.sampled_from(["percent", "unicode"]),
)


def recorded() -> list[list[str]]:
    """The lines of each feed in tests/data; of the long ones, some."""
    files = [*DATA.rglob("*.audit"), *DATA.rglob("*.audit.xz"), *DATA.rglob("*.log")]
    texts = [(lzma.decompress if path.suffix == ".xz" else bytes)(path.read_bytes()) for path in sorted(files)]
    return [lines[:4000] for text in texts if (lines := text.decode("latin-1").split("\n")[:-1])]


GAP = re.compile(rb"(?:(?<=\n)|\A)\0+|\0{16,}")
"""Zeros that become a line of their own: at the beginning of one, or many."""


class Run:
    """A pipeline, and its counters."""

    def __init__(self, options: CoalesceOptions, transform: TransformOptions, stages: Sequence[Stage] = ()) -> None:
        self.stats = PipelineStats()
        self.pipeline = make_pipeline(transform, stages, options, self.stats, entries=options.cache_entries)

    def all(self, pieces: list[bytes]) -> list[str]:
        """The JSON lines of a feed that comes in these pieces."""
        lines = [line for piece in pieces for line in self.pipeline.feed(piece, 0.0)]
        return lines + self.pipeline.close()


def strict(line: str) -> Any:
    """Parse a line of output; refuse a repeated key, a number that is none, and what is not UTF-8."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), f"a key occurs twice in {keys}"
        return dict(pairs)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    assert "\n" not in line
    return json.loads(line.encode("latin-1").decode(), object_pairs_hook=unique, parse_constant=refuse)


TABLES = {name: kinds_of(name) for name in ["", *NUMBERS]}
LISTS = ("ARGV", "KEYS", "denied", "granted")


def typed(type: str, fields: dict[str, Any]) -> None:
    """Check that each value of a record has the one type of its name; further values and exact bytes are left out."""
    for name, value in fields.items():
        kind = TABLES.get(type, TABLES[""]).get(name, "decimal" if name.endswith(("uid", "gid")) else "string")
        expected = int if kind == "decimal" and not name.endswith(("uuid", "guid")) else str
        expected = list if name in LISTS else dict if name == "msg" else expected
        assert value is None or re.search(r"_(\d+|hex|HEX)\Z", name) or isinstance(value, expected), (type, name, value)


def check(line: str) -> None:
    """Check a line of output."""
    for type, value in strict(line).items():
        for record in value if isinstance(value, list) else [value]:
            if isinstance(record, dict) and type not in ("SENSOR", "PARSE_ERROR", "EXECVE"):
                typed(type, record)


def same(got: list[str], wanted: list[str]) -> None:
    """Compare; the first line that differs says more than a list of all."""
    for one, other in zip(got, wanted):
        assert one == other
    assert len(got) == len(wanted)


def accounted(stats: PipelineStats) -> int:
    lost = stats.truncated.get("records", 0) + stats.truncated.get("bytes", 0)
    return stats.records + stats.ends + stats.duplicates + lost + sum(stats.unparsed.values())


TORN = re.compile(rb"(?=type=|node=)(?!(?:node=\S+ )?type=\S+ msg=audit\().* msg=audit\(")
"""A line with a record behind a piece of another one, of which not even the header is whole."""


@everywhere
@given(st.binary(max_size=300) | feeds(), chunkings, bounds, transforms)
def test_any_bytes_become_json_and_each_line_is_accounted_for(data, sizes, options, transform):
    run = Run(options, transform)
    for line in run.all(chunks(data, sizes)):
        check(line)
    assert run.stats.lines == accounted(run.stats)
    lines = [line for line in GAP.sub(b"\n\0gap\n", data).split(b"\n") if line]
    several = any(line.count(b" msg=audit(") > 1 or b"msg=autype=" in line or TORN.match(line) for line in lines)
    assert run.stats.lines >= len(lines) if several else run.stats.lines == len(lines)
    assert run.stats.inflight == 0


@everywhere
@given(feeds(), chunkings, bounds, transforms)
def test_feeds_give_what_the_reference_gives(data, sizes, options, transform):
    reference = Reference(options, transform)
    same(Run(options, transform).all(chunks(data, sizes)), reference.feed(data, 0.0) + reference.close())


@everywhere
@given(spoiled(recorded()), chunkings, bounds, transforms)
def test_spoiled_records_of_real_hosts_give_what_the_reference_gives(data, sizes, options, transform):
    reference = Reference(options, transform)
    same(Run(options, transform).all(chunks(data, sizes)), reference.feed(data, 0.0) + reference.close())


@everywhere
@given(feeds(), st.lists(st.integers(0, 400), max_size=12), bounds, transforms)
def test_time_ends_events_as_in_the_reference(data, sizes, options, transform):
    """A second for each chunk. What the pipeline holds back for a moment is due at the first tick after it."""
    reference, pipeline = Reference(options, transform), Run(options, transform).pipeline
    for second, piece in enumerate([*chunks(data, [*sizes, 0]), b"", b"", b"", b""]):
        got, wanted = (
            one.feed(piece, second) + one.tick(second + 0.1) + one.tick(second + 0.6) for one in (pipeline, reference)
        )
        same(got, wanted)
    same(pipeline.close(), reference.close())


@everywhere
@given(feeds(), chunkings, bounds)
def test_chunks_change_no_counter(data, sizes, options):
    def counters(pieces: list[bytes]) -> dict[str, Any]:
        run = Run(options, TransformOptions())
        run.all(pieces)
        return {name: getattr(run.stats, name) for name in dir(run.stats) if name[0] != "_" and name != "fast_events"}

    assert counters(chunks(data, sizes)) == counters([data])


class FirstOfEach:
    """A filter that keeps the first event of each process."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def stage(self, event: Event) -> bool:
        new = event.syscall is None or event.syscall.pid not in self.seen
        if event.syscall is not None:
            self.seen.add(event.syscall.pid)
        return new


@everywhere
@given(feeds() | spoiled(recorded()), chunkings, bounds)
def test_chunks_change_nothing_for_a_filter(data, sizes, options):
    whole, cut = (Run(options, TransformOptions(), [FirstOfEach().stage]) for _ in range(2))
    same(cut.all(chunks(data, sizes)), whole.all([data]))
    assert cut.stats.lines == whole.stats.lines == accounted(cut.stats)


# ---------------------------------------------------------------------------------------------------- nothing is lost
def places(data: bytes) -> list[tuple[str, bytes, Callable[[Any], tuple[Any, str]]]]:
    """Lines that hold these bytes, what of them a text must give back, and where that text stands."""
    digits, text = data.hex().upper(), data.decode("latin-1").replace("\n", "")
    node = "".join(c for c in text if c not in " \t\r")
    return [
        (f"type=PATH msg=audit(1.000:1): name={digits}", data, lambda event: (event["PATH"][0], "name")),
        (f"type=EXECVE msg=audit(1.000:1): a0={digits}", data, lambda event: (event["EXECVE"], "ARGV")),
        (f"type=USER msg=audit(1.000:1): msg='acct={digits}'", data, lambda event: (event["USER"]["msg"], "acct")),
        (f"no header {text}", f"no header {text}".encode("latin-1"), lambda event: (event["PARSE_ERROR"], "raw")),
        (f"node=x{node} type=CWD msg=audit(1.0:1):", f"x{node}".encode("latin-1"), lambda event: (event, "NODE")),
    ]


def percent(fields: dict[str, Any], name: str) -> bytes:
    text = fields[name]
    return unquote_to_bytes(text[0] if isinstance(text, list) else text)


def unicode(fields: dict[str, Any], name: str) -> bytes:
    text, beside = fields[name], fields.get(name + ("_HEX" if name.isupper() else "_hex"))
    if isinstance(text, list):
        text, beside = text[0], beside and beside[0]
    return text.encode() if beside is None else bytes.fromhex(beside)


@everywhere
@given(st.binary(min_size=1, max_size=12))
def test_bytes_come_back_from_either_style(data):
    for line, expected, place in places(data):
        for undo in (percent, unicode):
            (printed,) = Run(CoalesceOptions(), TransformOptions(strings=undo.__name__)).all([line.encode("latin-1")])
            assert undo(*place(strict(printed))) == expected


# ----------------------------------------------------------------------------------- whatever an attacker may send
LINE = "type={} msg=audit(1700000000.001:7): {}\n"
HOSTILE: dict[str, tuple[str, Callable[[int], str]]] = {
    "quotes": ("PATH", lambda size: '"' * size),
    "opened quotes": ("PATH", lambda size: 'a=" ' * (size // 4)),
    "opened quotes, never closed": ("PATH", lambda size: 'a="x ' * (size // 5)),
    "opened braces": ("PATH", lambda size: "a={ " * (size // 4)),
    "braces": ("AVC", lambda size: "avc: denied { " + "{ } " * (size // 4)),
    "permissions": ("AVC", lambda size: "avc: denied { " + "x " * (size // 2) + "} for"),
    "one name": ("PATH", lambda size: " ".join(f"a={number}" for number in range(size // 7))),
    "one name and its repeats": (
        "PATH",
        lambda size: " ".join(f"a_{number}=1 a={number}" for number in range(size // 16)),
    ),
    "one name that is no number": ("PATH", lambda size: " ".join(f"pid=x{number}" for number in range(size // 9))),
    "names": ("PATH", lambda size: " ".join(f"n{number}=1" for number in range(size // 8))),
    "blanks": ("PATH", lambda size: "a= " + " " * size + "b"),
    "words": ("PATH", lambda size: "x " * (size // 2)),
    "equal signs": ("PATH", lambda size: "=" * size),
    "a long name": ("PATH", lambda size: "a" * size + "="),
    "hex digits": ("PATH", lambda size: "name=" + "41" * (size // 2)),
    "odd hex digits": ("PATH", lambda size: "name=" + "4" * (size | 1)),
    "bad bytes": ("PATH", lambda size: "name=" + "FF" * (size // 2)),
    "digits": ("PATH", lambda size: "inode=" + "9" * size),
    "messages": ("USER_AUTH", lambda size: "msg='" * (size // 5)),
    "messages in messages": ("USER_AUTH", lambda size: " msg='a'" * (size // 8)),
    "translated sections": ("PATH", lambda size: "a=b\x1d" * (size // 4)),
    "missing arguments": ("EXECVE", lambda size: " ".join(f"a{number * 1000}=" for number in range(size // 8))),
    "arguments out of order": ("EXECVE", lambda size: " ".join(f"a{number}=" for number in range(size // 7, 0, -1))),
    "pieces out of order": ("EXECVE", lambda size: " ".join(f"a0[{number}]=" for number in range(size // 10, 0, -1))),
    "one piece": ("EXECVE", lambda size: "a0[0]=41 " * (size // 9)),
    "titles": ("PROCTITLE", lambda size: " ".join(f"proctitle={number:04X}" for number in range(size // 15))),
    "NULs": ("PROCTITLE", lambda size: "proctitle=" + "00" * (size // 2)),
    "keys": ("SYSCALL", lambda size: "key=" + "01" * (size // 2)),
    "system calls": ("SYSCALL", lambda size: "arch=c000003e syscall=1 " * (size // 24)),
    "ends": ("EOE", lambda size: LINE.format("EOE", "") * (size // len(LINE))),
    "lines without a header": ("EOE", lambda size: "\nheader?" * (size // 8)),
    "records of one event": ("PATH", lambda size: LINE.format("PATH", "item=0 name=(null)") * (size // 64)),
    "command lines of one event": ("EXECVE", lambda size: LINE.format("EXECVE", 'a0="x') * (size // 64)),
    "nodes": ("CWD", lambda size: "\nnode=a " + LINE.format("EOE", "") * (size // 64)),
}


def seconds(name: str, size: int) -> float:
    """The least time of the processor that a feed of about this size takes."""
    type, body = HOSTILE[name]
    data = LINE.format(type, body(size)).encode("latin-1")
    options = CoalesceOptions(max_line_bytes=1 << 20)
    times = []
    for _ in range(3):
        run = Run(options, TransformOptions(strings="unicode", execve_argv_limit_bytes=1 << 16))
        start = time.process_time()
        run.all(chunks(data, [1 << 16]))
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("name", HOSTILE)
def test_four_times_the_bytes_take_no_more_than_four_times_as_long(name):
    """Twice that for the noise of a busy machine; what grows with the square would take sixteen times as long."""
    assert seconds(name, 1 << 17) < 8 * max(seconds(name, 1 << 15), 1e-3)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_line_is_answered_with_no_more_than_some_times_its_bytes(name):
    type, body = HOSTILE[name]
    data = LINE.format(type, body(1 << 15)).encode("latin-1")
    lines = Run(CoalesceOptions(), TransformOptions()).all([data])
    assert sum(map(len, lines)) < 40 * len(data)


ENDLESS = (
    "node=n{0} type=T{0} msg=audit(1700000000.001:{0}): uid={0} n{0}={0} name={0:032X}\n"
    "node=n{0} type=SYSCALL msg=audit(1700000000.001:{0}): arch=c000003e syscall={0} success=yes exit=0 a0=0 a1=0 a2=0 "
    "a3=0 items=0 ppid=1 pid={0} auid={0} comm={0:032X} exe={0:032X} key=(null)\n"
)
"""An event that has no end, and nothing in common with any other."""


def test_memory_stays_bounded_however_many_events_have_no_end():
    run = Run(CoalesceOptions(), TransformOptions())
    held = []
    tracemalloc.start()
    try:
        for start in (0, 2000, 4000):
            run.pipeline.feed("".join(map(ENDLESS.format, range(start, start + 2000))).encode("latin-1"), 0.0)
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert run.stats.events > 5000
    assert held[2] < 1.1 * max(held[:2]) < 30 << 20

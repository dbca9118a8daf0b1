"""What holds for every input: nothing raises, every line is JSON, nothing is lost, and the plain way gives the same.

`SENSOR_EXAMPLES=20000 pytest tests/test_properties.py` looks further than the tests of every day do.
"""

from __future__ import annotations

import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensor.audit.options import CoalesceOptions, TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.pipeline import Pipeline
from sensor.stats import PipelineStats
from tests.reference import Reference
from tests.strategies import chunkings, chunks, feeds, spoiled

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


class Run:
    """A pipeline without stages, and its counters."""

    def __init__(self, options: CoalesceOptions, transform: TransformOptions) -> None:
        self.stats = PipelineStats()
        decoder = RecordDecoder(transform, (), options.cache_entries)
        self.pipeline = Pipeline(decoder, (), options, self.stats)

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


def same(got: list[str], wanted: list[str]) -> None:
    """Compare; the first line that differs says more than a list of all."""
    for one, other in zip(got, wanted):
        assert one == other
    assert len(got) == len(wanted)


def accounted(stats: PipelineStats) -> int:
    lost = stats.truncated.get("records", 0) + stats.truncated.get("bytes", 0)
    return stats.records + stats.ends + stats.duplicates + lost + sum(stats.unparsed.values())


@everywhere
@given(st.binary(max_size=300) | feeds(), chunkings, bounds, transforms)
def test_any_bytes_become_json_and_each_line_is_accounted_for(data, sizes, options, transform):
    run = Run(options, transform)
    for line in run.all(chunks(data, sizes)):
        strict(line)
    assert run.stats.lines == len([line for line in data.split(b"\n") if line]) == accounted(run.stats)
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
        return {name: getattr(run.stats, name) for name in run.stats.__slots__ if name != "fast_events"}

    assert counters(chunks(data, sizes)) == counters([data])


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
            (said,) = Run(CoalesceOptions(), TransformOptions(strings=undo.__name__)).all([line.encode("latin-1")])
            assert undo(*place(strict(said))) == expected

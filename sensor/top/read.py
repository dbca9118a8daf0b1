"""Logs to counts: audit logs through the pipeline, as it would write them, and lines that the sensor has written.

The first byte shows what a file holds: `{` begins a line of ours, anything else is
an audit log. Compressed files are read as `convert` reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from sensor.audit.event import Event
from sensor.audit.framing import last_time
from sensor.build import build
from sensor.config import Config
from sensor.forms import Form
from sensor.forms.count import Count, Sizes
from sensor.forms.laurel import Laurel
from sensor.inputs.files import in_order, read_chunks
from sensor.stats import Stats
from sensor.top.heavy_hitters import HeavyHitters
from sensor.top.weight import NO_KEY, EventWeight, weigh_event, weigh_line

DIMENSIONS = {
    "key": "audit key",
    "exe": "program",
    "syscall": "system call",
    "path": "file",
    "unit": "systemd unit",
    "type": "record type",
    "added": "added key",
}
"""What can be counted by, and what it means."""

_LONGEST_LINE = 1 << 24


class Counts:
    """Counts of one or more logs.

    heavies: by dimension.
    events, records, bytes: totals; skipped: lines that cannot be read.
    first, last: time of the earliest and the latest event, in seconds since 1970.
    filtered: rule → events that a configured filter dropped.
    """

    def __init__(self) -> None:
        self.heavies = {name: HeavyHitters() for name in DIMENSIONS}
        self.events = self.records = self.bytes = self.skipped = 0
        self.first = float("inf")
        self.last = 0.0
        self.filtered: dict[str, int] = {}

    def add(self, seen: EventWeight) -> None:
        """Count one event."""
        self.events += 1
        self.records += len(seen.types)
        self.bytes += seen.bytes
        self.first, self.last = min(self.first, seen.time), max(self.last, seen.time)
        heavies = self.heavies
        for key in seen.keys or [NO_KEY]:
            heavies["key"].add(key, seen.bytes)
        for name, text in (("exe", seen.exe), ("syscall", seen.call)):
            if text:
                heavies[name].add(text, seen.bytes)
        for path in seen.paths:
            heavies["path"].add(path, seen.bytes)
        for unit in seen.units:
            heavies["unit"].add(unit, seen.bytes)
        for type, bytes in seen.types:
            heavies["type"].add(type, bytes)
        for name, bytes in seen.added:
            heavies["added"].add(name, bytes)


def count(files: Iterable[str], config: Config) -> Counts:
    """Count what is in some files; `-` is standard input."""
    counts = Counts()
    for path in in_order([*files]):
        chunks = _from_first_byte(read_chunks(path))
        first = next(chunks, b"")
        if first[:1] == b"{":
            _count_lines(chain([first], chunks), config.prefix, counts)
        else:
            _count_records(chain([first], chunks), config, counts)
    return counts


def _from_first_byte(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, without white space at the very beginning."""
    for chunk in chunks:
        start = chunk.lstrip()
        if start:
            yield start
            break
    yield from chunks


def _count_lines(chunks: Iterable[bytes], prefix: str, counts: Counts) -> None:
    for line in _lines(chunks):
        seen = weigh_line(line, prefix)
        if seen is None:
            counts.skipped += 1
        else:
            counts.add(seen)


def _lines(chunks: Iterable[bytes], longest: int = _LONGEST_LINE) -> Iterator[bytes]:
    """The lines in some chunks; one that is longer than the sensor ever writes becomes an empty one."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from filter(None, lines)
        if len(rest) > longest:
            yield b""
            rest = b""
    if rest:
        yield rest


def _count_records(chunks: Iterable[bytes], config: Config, counts: Counts) -> None:
    stats = Stats()

    def observe(event: Event, line: str, sizes: Sizes) -> None:
        counts.add(weigh_event(event, line, sizes, config.prefix))

    def wrap(form: Form, laurel: Laurel) -> Form:
        return Count(form, laurel, observe)

    pipeline = build(config, stats, live=False, wrap=wrap).pipeline
    now = 0.0
    for chunk in chunks:
        now = max(now, last_time(chunk))
        pipeline.feed(chunk, now)
        pipeline.tick(now)
    pipeline.close()
    counts.skipped += sum(stats.pipeline.unparsed.values())
    for rule, number in stats.pipeline.filtered.items():
        counts.filtered[rule] = counts.filtered.get(rule, 0) + number

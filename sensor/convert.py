"""Recorded audit logs to JSON Lines: what `convert` and `bench` do.

Files are read from the oldest on, whatever order the shell gives them in. Standard error has, besides: where they
overlap, which events are in none of them, and how many lines were no audit records.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sensor.audit.framing import EOE, first_time, last_time
from sensor.build import Sensor, build
from sensor.config import Config
from sensor.copies import Copies
from sensor.errors import InputError
from sensor.inputs.files import EventId, first_id, in_order, last_id
from sensor.printable import printable
from sensor.stats import PipelineStats, Stats

_EOE = EOE.encode()
_HEAD = 512
"""Bytes in which the time of a piece's first line is looked for."""
_LATER = 1.0
"""Seconds after which a record without an end of its own has been all of its event."""
_OVERLAP = 1.0
"""Seconds by which events may be out of order anyway."""


def convert(files: Sequence[str], config: Config) -> int:
    """Write what the logs become to standard output; returns the exit status, 1 if no line was an audit record."""
    stats = Stats()
    sensor = build(config, stats, live=False)
    for lines in converted(sensor, files):
        if lines:
            sys.stdout.buffer.write(("\n".join(lines) + "\n").encode("latin-1"))
    sys.stdout.flush()
    skipped, read = sum(stats.pipeline.unparsed.values()), stats.pipeline.lines
    if skipped:
        _report(f"{skipped:,} of {read:,} lines were no audit records; they are the PARSE_ERRORs")
    return 1 if skipped and skipped == read else 0


def converted(sensor: Sensor, files: Sequence[str]) -> Iterator[list[str]]:
    """JSON lines of recorded logs, chunk by chunk; the events' own time takes the place of the clock."""
    progress = _Progress(sensor.stats.pipeline) if sys.stderr.isatty() else None
    ordered = in_order(files)
    if ordered != list(files):
        _report(f"the order of time is {', '.join(map(printable, ordered))}")
    now = 0.0
    failure: InputError | None = None
    try:
        for chunk in _chunks_of(ordered):
            for number, piece in enumerate(in_time(chunk)):
                if number:  # what waits was read long before this
                    yield sensor.pipeline.tick(now + _LATER / 4)
                    now = max(now, first_time(piece, _HEAD) or 0.0)
                    yield sensor.pipeline.tick(now)
                now = max(now, last_time(piece))
                yield sensor.pipeline.feed(piece, now)
            yield sensor.pipeline.tick(now)
            if progress is not None:
                progress.show(len(chunk))
    except InputError as error:
        failure = error  # what was read is converted all the same
    yield sensor.close()
    if failure is not None:
        raise failure
    if progress is not None:
        progress.end()


def in_time(chunk: bytes) -> Iterator[bytes]:
    """A chunk in pieces, cut before the calls of which the clock shows that what waits before them is whole.

    A message of user space has no end, and waits for other records of its event. Calls that have one, as in the feed of
    a plugin, would leave before it, those of a session before its login.
    """
    messages = _messages(chunk) if _EOE in chunk else []
    start = last = first = passed = 0  # first: of those that wait; passed: how many lie before `last`
    while first < len(messages):
        last = max(last, messages[first].end)
        mark = chunk.find(_EOE, last)
        end = chunk.find(b"\n", mark) + 1
        if mark < 0 or not end:
            break
        while passed < len(messages) and messages[passed].end <= mark:
            last = max(last, messages[passed].end)
            passed += 1
        earliest = last_time(chunk[mark:end]) - _LATER
        if messages[first].time <= earliest:
            if last > start:
                yield chunk[start:last]
                start = last
            while first < passed and messages[first].time <= earliest:
                first += 1
        last = end
    yield chunk[start:]


class _Message(NamedTuple):
    """Where the line of a record without an end of its own ends, and its time in seconds since 1970."""

    end: int
    time: float


def _messages(chunk: bytes) -> list[_Message]:
    """User space's records, and LOGIN."""
    found: set[_Message] = set()
    for mark in (b"msg='", b"type=LOGIN "):
        place = chunk.find(mark)
        while place >= 0:
            end = chunk.find(b"\n", place) + 1
            if not end:
                break
            found.add(_Message(end, last_time(chunk[chunk.rfind(b"\n", 0, place) + 1 : end])))
            place = chunk.find(mark, end)
    return sorted(found)


def _chunks_of(paths: Sequence[str]) -> Iterator[bytes]:
    """The chunks of some files; reports where one does not go on where the one before it ended.

    Raises InputError behind them all, for the last that cannot be read or is damaged; others are reported.
    """
    before: EventId | None = None
    last_path = ""
    failure: InputError | None = None
    copies = Copies(paths)
    for place, path in enumerate(paths):
        first: EventId | None = None
        last: EventId | None = None
        try:
            for chunk in copies.read(place):
                if first is None and len(paths) > 1:
                    first = first_id(chunk)
                    if first is not None and before is not None:
                        _report_seam(before, first, (last_path, path))
                last = (last_id(chunk) if len(paths) > 1 else None) or last
                yield chunk
        except InputError as error:
            if failure is not None:
                _report(printable(str(failure)))
            failure = error
            yield b"\n"  # what it ends with is no line of the next one
        if copies.left_out:
            _report(f"{printable(path)}: {copies.left_out:,} lines are left out: files before it have them as well")
        before, last_path = last or before, path
    if failure is not None:
        raise failure


def _report_seam(last: EventId, first: EventId, paths: Iterable[str]) -> None:
    earlier, later = map(printable, paths)
    if first.time < last.time - _OVERLAP:
        _report(
            f"{later} begins {last.time - first.time:,.0f} s before {earlier} ends: their events are out of order there"
        )
    elif first.serial > last.serial + 1:
        _report(f"between {earlier} and {later} events {last.serial + 1} to {first.serial - 1} are missing")


def _report(text: str) -> None:
    print(f"host-sensor: {text}", file=sys.stderr)


class _Progress:
    """A line on the terminal that shows how far a conversion has come."""

    def __init__(self, stats: PipelineStats) -> None:
        self._stats = stats
        self._start = self._shown = time.monotonic()
        self._bytes = 0

    def show(self, count: int) -> None:
        self._bytes += count
        if time.monotonic() - self._shown >= 0.2:
            self._shown = time.monotonic()
            self._print("\r")

    def end(self) -> None:
        self._print("\n")

    def _print(self, end: str) -> None:
        seconds = max(time.monotonic() - self._start, 1e-6)
        events = self._stats.events
        text = f"{self._bytes / 1e6:,.1f} MB  {events:,} events  {events / seconds:,.0f} events/s"
        print(f"\r\x1b[K{text}", end=end if end == "\n" else "", file=sys.stderr, flush=True)

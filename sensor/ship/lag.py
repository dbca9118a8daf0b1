"""How far a destination is behind: the cursor compared with the files that are there.

measure("/var/log/host-sensor/audit.jsonl", "9f3a…", 1689)
DeliveryLag(size=20971520, files=3, kept=31457280, oldest=1700000000.123, events=None, is_there=True)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from sensor.ship.batch import HEAD, event_time
from sensor.ship.generations import Generation, generations
from sensor.ship.source import Source

CHUNK = 1 << 20


@dataclass(frozen=True)
class DeliveryLag:
    """What is not acknowledged."""

    size: int  # bytes; of packed files their size on disk
    files: int
    kept: int  # bytes on disk of the files it is in
    oldest: float | None  # when its first event happened, in seconds since 1970
    events: int | None  # None where they were not counted
    is_there: bool  # whether the cursor's file is


def measure(log: str, file: str, offset: int, count: bool = False) -> DeliveryLag:
    """What follows a cursor, of which the file's identity and the offset in it are given; empty: everything.

    Counting the events reads all of it. Where the cursor's file is gone, everything that is there follows.
    """
    found = generations(log)
    index = next((i for i, generation in enumerate(found) if generation.identity == file), None)
    size = files = kept = events = 0
    oldest = None
    for generation in found[index or 0 :]:
        begin = offset if generation.identity == file else 0
        left = generation.size if generation.packed else max(0, generation.size - begin)
        if not left:
            continue
        size, files, kept = size + left, files + 1, kept + generation.size
        if oldest is None:
            oldest = event_time(next(_content(generation, begin, HEAD), b""))
        if count:
            events += sum(part.count(b"\n") for part in _content(generation, begin, CHUNK))
    return DeliveryLag(size, files, kept, oldest, events if count else None, index is not None or not file)


def _content(generation: Generation, offset: int, size: int) -> Iterator[bytes]:
    """A file from an offset on, in parts; what cannot be read is not there."""
    with suppress(OSError):
        source = Source(generation)
        try:
            while part := source.read(offset, size):
                yield part
                offset += len(part)
        finally:
            source.close()

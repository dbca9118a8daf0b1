"""Where reading begins when there is no cursor: at the beginning of what is there, at its end, or at a time.

parse_time("2026-11-28T00:00:00Z")      1795824000.0
begin("end", "/var/log/host-sensor/audit.jsonl", cursor)
"""

from __future__ import annotations

from datetime import datetime, timezone

from sensor.ship.batch import Position, event_time
from sensor.ship.cursor import Cursor
from sensor.ship.generations import Generation, generations
from sensor.ship.source import Source

CHUNK = 1 << 20


def parse_time(start: str) -> float | None:
    """The time that a `start` names, in seconds since 1970, UTC by default; None for `beginning`, inf for `end`."""
    if start == "beginning":
        return None
    if start == "end":
        return float("inf")
    try:
        moment = datetime.fromisoformat(start.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        raise ValueError(f'expected beginning, end, or a time as 2026-11-28T00:00:00Z, found "{start}"') from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()


def begin(start: str, log: str, cursor: Cursor) -> None:
    """Set a cursor that has no position yet; raises OSError where it cannot be written, or a file not be read."""
    since = parse_time(start)
    if since is None:
        return
    found = generations(log)
    for generation in found:
        last = generation is found[-1]
        if since == float("inf") or generation.modified < since:
            if not last:
                cursor.finish(generation.identity, generation.inode)
                continue
            offset = _end(generation)
        else:
            offset = _first_since(generation, since)
        cursor.move(Position(generation.identity, offset), generation.inode)
        return


def _end(generation: Generation) -> int:
    """The offset behind the last whole line."""
    source = Source(generation)
    try:
        offset, end = 0, 0
        while data := source.read(offset, CHUNK):
            newline = data.rfind(b"\n")
            if newline >= 0:
                end = offset + newline + 1
            offset += len(data)
        return end
    finally:
        source.close()


def _first_since(generation: Generation, since: float) -> int:
    """The offset of the first event that happened at a time or later; behind the last line where there is none."""
    source = Source(generation)
    try:
        offset, rest = 0, b""
        while data := source.read(offset + len(rest), CHUNK):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                moment = event_time(line)
                if moment is not None and moment >= since:
                    return offset
                offset += len(line) + 1
        return offset
    finally:
        source.close()

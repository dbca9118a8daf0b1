"""What rules cost on this host, by the log: events and bytes of each key since the rules were installed.

An event with several keys counts for each. Quiet hours count: the time runs from the first event since then, which may
have been rotated away, until now.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable

from sensor.show.logs import generations, read_lines
from sensor.top.weight import weigh_line

_MOST_BYTES = 64 << 20
_HOUR, _DAY = 3600.0, 86400.0


class Cost:
    """Events and bytes by key, in so many seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.events: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()

    def events_an_hour(self, key: str) -> float:
        """0 where nothing was measured."""
        return self.events[key] * _HOUR / self.seconds if self.seconds else 0.0

    def bytes_a_day(self, key: str) -> float:
        """0 where nothing was measured."""
        return self.bytes[key] * _DAY / self.seconds if self.seconds else 0.0


def measure(lines: Iterable[bytes], prefix: str, since: float, now: float) -> Cost:
    """Count the lines of a log. since, now: seconds since 1970; prefix: what `enrich.prefix` puts before added keys."""
    cost = Cost()
    first = now
    for line in lines:
        seen = weigh_line(line, prefix)
        if seen is None or not since <= seen.time <= now:
            continue
        first = min(first, seen.time)
        for key in seen.keys:
            cost.events[key] += 1
            cost.bytes[key] += len(line) + 1
    cost.seconds = now - first
    return cost


def newest(path: str, most: int = _MOST_BYTES) -> Iterable[bytes]:
    """The lines of a log and of what was rotated away from it, the oldest first; at most so many bytes."""
    chosen: list[str] = []
    room = most
    for file in reversed(generations(path) if os.path.isdir(os.path.dirname(path)) else []):
        room -= os.path.getsize(file)
        if room < 0 and chosen:
            break
        chosen.insert(0, file)
    return read_lines(chosen)

"""How long after an event its line is in the log.

    chunk of audit text ──► lines for the log ──► written, at once or when there is room again
    time of its first record                      now - that time, once for each line

The time of a chunk is that of its first record, so no lag is shown shorter than it was. An event without an end leaves
by time-out, and then counts from the chunk before that.
"""

from __future__ import annotations

from collections import deque

from sensor.audit.framing import first_time
from sensor.stats import DaemonStats, OutputStats

_LOOKED_AT = 16384
"""Bytes at the beginning of a chunk in which a record must begin; a line of auditd has at most 8970."""
_NO_EVENT = 0.0
_MOST = 4096
"""Batches that wait to be written; more are taken together, with the earlier time."""


class WrittenLag:
    """Fills `written_lag` and `last_event_time` of `stats`; `output` counts the lines that are written or lost.

    Times are in seconds since 1970.
    """

    def __init__(self, stats: DaemonStats, output: OutputStats) -> None:
        self._stats = stats
        self._output = output
        self._waiting: deque[tuple[int, float]] = deque()  # lines, time of their event
        self._written = output.lines
        self._lost = sum(output.lost_lines.values())

    def read(self, chunk: bytes) -> None:
        """Take the time of a chunk of audit text."""
        time = first_time(chunk, _LOOKED_AT)
        if time is not None:
            self._stats.last_event_time = time

    def made(self, lines: int, own: int = 0) -> None:
        """So many lines were handed to the output; the first `own` of them are no events, and have no lag."""
        if own:
            self._wait(own, _NO_EVENT)
        if lines > own:
            self._wait(lines - own, self._stats.last_event_time)

    def _wait(self, lines: int, since: float) -> None:
        if len(self._waiting) >= _MOST:
            more, earlier = self._waiting.pop()
            lines, since = lines + more, earlier or since
        self._waiting.append((lines, since))

    def settle(self, now: float) -> None:
        """Count the lines that have been written since the last call; those that were lost have no lag."""
        if not self._waiting:
            return
        lost = sum(self._output.lost_lines.values())
        written, done = self._output.lines - self._written, self._output.lines - self._written + lost - self._lost
        self._written, self._lost = self._output.lines, lost
        while done > 0 and self._waiting:
            lines, since = self._waiting[0]
            taken = min(lines, done)
            done -= taken
            if taken < lines:
                self._waiting[0] = (lines - taken, since)
            else:
                self._waiting.popleft()
            counted = min(taken, written)
            written -= counted
            if counted and since:
                self._stats.written_lag.add(max(0.0, now - since), counted)

"""How long after an event its line is in the log.

    chunk of audit text ──► lines for the log ──► written, at once or when there is room again
    time of its first record                      how long ago that was, once for each line

The time of a chunk is that of its first record, so no lag is shown shorter than it was. An event without an end leaves
by time-out, and then counts from the chunk before that.

Events are stamped by the wall clock, which may be set. So an event's age is taken as it is read, and what passes after
that by the monotonic clock. An event that is stamped later than now, or before the clock was set, has no lag: neither
0 nor the size of the step is true.
"""

from __future__ import annotations

from collections import deque

from sensor.audit.framing import first_time
from sensor.stats import DaemonStats, OutputStats

_LOOKED_AT = 16384
"""Bytes at the beginning of a chunk in which a record must begin; a line of auditd has at most 8970."""
_STEP = 0.1
"""Seconds by which the wall clock moves against the monotonic one when it is set; slewing takes minutes for that."""
_MOST = 4096
"""Batches that wait to be written; more are taken together, with the earlier time."""


class WrittenLag:
    """Fills `written_lag` and `last_event_time` of `stats`; `output` counts the lines that are written or lost.

    wall: seconds since 1970; clock: monotonic seconds.
    """

    def __init__(self, stats: DaemonStats, output: OutputStats) -> None:
        self._stats = stats
        self._output = output
        self._waiting: deque[tuple[int, float | None]] = deque()  # lines, when their event took place: monotonic
        self._began: float | None = None  # of the chunk that was read last
        self._ahead: float | None = None  # the wall clock, of the monotonic one
        self._looked = 0.0
        self._set_at = 0.0  # events stamped before this may be of the time before the wall clock was set
        self._written = output.lines
        self._lost = sum(output.lost_lines.values())

    def read(self, chunk: bytes, wall: float, clock: float) -> None:
        """Take the time of a chunk of audit text."""
        time = first_time(chunk, _LOOKED_AT)
        if time is not None:
            self._stats.last_event_time = time
            self._look(wall, clock)
            self._began = clock - (wall - time) if self._set_at <= time <= wall else None

    def made(self, lines: int, own: int = 0) -> None:
        """So many lines were handed to the output; the first `own` of them are no events, and have no lag."""
        if own:
            self._wait(own, None)
        if lines > own:
            self._wait(lines - own, self._began)

    @property
    def waits(self) -> bool:
        """Whether there are lines that are neither written nor lost."""
        return bool(self._waiting)

    def _wait(self, lines: int, began: float | None) -> None:
        if len(self._waiting) >= _MOST:
            more, earlier = self._waiting.pop()
            lines, began = lines + more, earlier if earlier is not None else began
        self._waiting.append((lines, began))

    def _look(self, wall: float, clock: float) -> None:
        """See whether the wall clock was set since the last look."""
        ahead = wall - clock
        if self._ahead is not None and abs(ahead - self._ahead) > _STEP:
            self._set_at = wall - (clock - self._looked)
        self._ahead, self._looked = ahead, clock

    def settle(self, wall: float, clock: float) -> None:
        """Count the lines that have been written since the last call; those that were lost have no lag."""
        self._look(wall, clock)
        if not self._waiting:
            return
        lost = sum(self._output.lost_lines.values())
        written, done = self._output.lines - self._written, self._output.lines - self._written + lost - self._lost
        self._written, self._lost = self._output.lines, lost
        while done > 0 and self._waiting:
            lines, began = self._waiting[0]
            taken = min(lines, done)
            done -= taken
            if taken < lines:
                self._waiting[0] = (lines - taken, began)
            else:
                self._waiting.popleft()
            counted = min(taken, written)
            written -= counted
            if counted and began is not None:
                self._stats.written_lag.add(clock - began, counted)

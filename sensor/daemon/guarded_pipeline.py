"""The one border around the pipeline: no exception ends the sensor, and a new pipeline takes over between two events.

    … type=EOE msg=audit(1700000000.123:4567): ⏎ │ type=SYSCALL msg=audit(1700000000.127:4568): …
                          the old pipeline's last line │ the new one's first

An exception that comes this far is a mistake of ours, or there is no memory. The pipeline survives its own and lets
what it hit go out as it came; a chunk of which not even that can be made is counted as dropped, and the next one is
another chance.
"""

from __future__ import annotations

import logging
from typing import Callable

from sensor.audit.framing import after_last_event
from sensor.build import HostState, Sensor
from sensor.daemon.guard import Guard
from sensor.forms import Lines

log = logging.getLogger(__name__)

TAKE_OVER_WITHIN = 2.0
"""Seconds after which a new pipeline takes over although events are unfinished; these leave as they are."""
IDLE = 1.0
"""Seconds without input after which all whole lines are in events, and those are counted as in flight."""


class GuardedPipeline:
    """Feeds the pipeline of an Sensor, and follows the Sensor through reloads. Times are monotonic seconds.

    drop: counts a chunk of which nothing could be made.
    """

    def __init__(self, sensor: Sensor, drop: Callable[[bytes], None]) -> None:
        self._sensor = sensor
        self._drop = drop
        self._guard = Guard(sensor.stats.daemon)
        self._next: Sensor | None = None
        self._next_by = 0.0
        self._at_line_start = True
        self._fed_at = 0.0

    def take(self, chunk: bytes, now: float) -> Lines:
        """Return the JSON lines that a chunk of audit lines completed."""
        if self._sensor.before_chunk is not None:
            self._guard(self._sensor.before_chunk)
        if self._next is None:
            return self._feed(chunk, now)
        cut = after_last_event(chunk) if now < self._next_by else chunk.rfind(b"\n") + 1
        if not cut:
            return self._feed(chunk, now)
        lines = self._feed(chunk[:cut], now)
        if not self._unfinished() or now >= self._next_by:
            lines.take(self._take_over())
        lines.take(self._feed(chunk[cut:], now))
        return lines

    def tick(self, now: float) -> Lines:
        """Let time pass; to be called when there is nothing to take, too."""
        lines: Lines = self._guard(self._sensor.pipeline.tick, now) or Lines()
        idle = now >= self._fed_at + IDLE and not self._unfinished()
        if self._next is not None and self._at_line_start and (idle or now >= self._next_by):
            lines.take(self._take_over())
        return lines

    def every_second(self, time: float) -> None:
        """Do what the parts want done now and then; `time` in seconds since 1970."""
        for function in self._sensor.every_second:
            self._guard(function, time)

    def host_state(self) -> HostState:
        """What the next Sensor has to go on with."""
        return self._sensor.host_state

    def replace(self, sensor: Sensor, now: float) -> None:
        """Let another Sensor take over, between two events."""
        self._next, self._next_by = sensor, now + TAKE_OVER_WITHIN

    def close(self) -> Lines:
        """End of input: return the JSON lines of all that was still waiting."""
        return self._guard(self._sensor.close) or Lines()

    def _feed(self, chunk: bytes, now: float) -> Lines:
        if not chunk:
            return Lines()
        self._at_line_start, self._fed_at = chunk[-1] == 10, now
        lines: Lines | None = self._guard(self._sensor.pipeline.feed, chunk, now)
        if lines is None:  # without memory, for instance: the pipeline survives its own mistakes
            self._drop(chunk)
            self._guard(self._sensor.pipeline.end_line)
        return lines if lines is not None else Lines()

    def _take_over(self) -> Lines:
        assert self._next is not None
        lines = self.close()
        self._sensor, self._next = self._next, None
        self._sensor.host_state.table.invalidate_derived()
        log.info("the new configuration is in use")
        return lines

    def _unfinished(self) -> bool:
        return self._sensor.stats.pipeline.inflight > 0

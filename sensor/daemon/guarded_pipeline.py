"""The one border around the pipeline: no exception ends the sensor, which goes on through reloads as well.

    take(chunk) ─► probe records, then the chunk ─► JSON lines          replace(sensor) between any two chunks

An exception that comes this far is a mistake of ours, or there is no memory. The pipeline survives its own and lets
what it hit go out as it came; a chunk of which not even that can be made is counted as dropped, and the next one is
another chance.
"""

from __future__ import annotations

import logging
from typing import Callable

from sensor.audit.event import Notice
from sensor.build import Sensor
from sensor.daemon.guard import Guard
from sensor.forms import Lines
from sensor.host_state import HostState
from sensor.redact import Redactor

log = logging.getLogger(__name__)


class GuardedPipeline:
    """Feeds the pipeline of a Sensor, and of those that replace it. Times are monotonic seconds.

    guard: calls every part; drop: counts a chunk of which nothing could be made.
    """

    def __init__(self, sensor: Sensor, guard: Guard, drop: Callable[[bytes], None]) -> None:
        self._sensor = sensor
        self._guard = guard
        self._drop = drop

    def take(self, chunk: bytes, now: float) -> Lines:
        """Return the JSON lines that a chunk of audit lines completed."""
        if self._sensor.before_chunk is not None:
            self._guard(self._sensor.before_chunk)
        if not chunk:
            return Lines()
        lines: Lines | None = self._guard(self._sensor.pipeline.feed, chunk, now)
        if lines is None:  # without memory, for instance: the pipeline survives its own mistakes
            self._drop(chunk)
            self._guard(self._sensor.pipeline.end_line)
        return _of(lines)

    def tick(self, now: float) -> Lines:
        """Let time pass; to be called when there is nothing to take, too."""
        return _of(self._guard(self._sensor.pipeline.tick, now))

    def waits(self) -> bool:
        """Whether lines or events wait until a tick lets them go."""
        return self._sensor.pipeline.waits

    def every_second(self, time: float, clock: float) -> None:
        """Run the periodic work of all parts; `time` in seconds since 1970, `clock` in monotonic ones."""
        for function in self._sensor.every_second:
            self._guard(function, time)
        for function in self._sensor.settling:
            self._guard(function, clock)

    def notice(self, notice: Notice) -> None:
        """Let a line of the sensor's own go out with the next ones, before them."""
        self._guard(self._sensor.pipeline.notice, notice)

    def host_state(self) -> HostState:
        """What the next Sensor has to go on with."""
        return self._sensor.host_state

    def redactor(self) -> Redactor | None:
        """What takes secrets out of text, if anything does."""
        return self._sensor.redactor

    def replace(self, sensor: Sensor) -> Lines:
        """Let another Sensor go on with what has not ended; returns the last JSON lines of the one before."""
        before, self._sensor = self._sensor, sensor
        lines = _of(self._guard(sensor.continue_from, before))
        log.info("the new configuration is in use")
        return lines

    def close(self) -> Lines:
        """End of input: return the JSON lines of all that was still waiting."""
        return _of(self._guard(self._sensor.close))


def _of(lines: Lines | None) -> Lines:
    """The lines; none of what has failed. (Without any for the log of events there may be some for the filter log.)"""
    return Lines() if lines is None else lines

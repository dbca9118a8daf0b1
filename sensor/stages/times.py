"""How long stages take: one call in 64 is timed, for `metrics.stage_times`.

Without that option an event passes no code of this module.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from typing import Callable

from sensor.audit.event import Event, Stage, Verdict, name_of
from sensor.stats import PipelineStats

SAMPLED = 64


class TimedStage:
    """A stage that looks at the clock now and then; its failures are counted under the name of the one within."""

    def __init__(self, stage: Stage, stats: PipelineStats) -> None:
        self.__qualname__ = name = name_of(stage)
        self._stage = stage
        self._name = name
        self._calls = 0
        self._samples, self._seconds = stats.stage_samples, stats.stage_sample_seconds
        self._samples.setdefault(name, 0)
        self._seconds.setdefault(name, 0.0)

    def __call__(self, event: Event) -> Verdict | None:
        """See an event."""
        self._calls += 1
        if self._calls % SAMPLED:
            return self._stage(event)
        start = time.thread_time()
        try:
            return self._stage(event)
        finally:
            self._seconds[self._name] += time.thread_time() - start
            self._samples[self._name] += 1


def watch(wanted: bool, stats: PipelineStats) -> Callable[[Iterable[Stage]], list[Stage]]:
    """What makes timed stages of stages; where that is not wanted, what leaves them as they are."""
    return partial(_timed, stats) if wanted else list


def _timed(stats: PipelineStats, stages: Iterable[Stage]) -> list[Stage]:
    return [TimedStage(stage, stats) for stage in stages]

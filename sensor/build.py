"""Config to live objects: the only module that knows every concrete part, and their order.

A part that the configuration switches off is absent from what is built; nothing asks
again while events flow.
"""

from __future__ import annotations

from typing import Any, Callable, FrozenSet, List, Optional

from sensor.audit.record import RecordDecoder
from sensor.event import Stage
from sensor.pipeline import Pipeline
from sensor.stats import Stats


class App:
    """What the daemon drives.

    needs: capabilities (without CAP_) that the parts must keep when root is dropped.
    before_chunk: called before each chunk of audit lines is processed.
    every_second: called about once a second, with monotonic seconds.
    """

    def __init__(self, pipeline: Pipeline, stats: Stats) -> None:
        self.pipeline = pipeline
        self.stats = stats
        self.needs: FrozenSet[str] = frozenset()
        self.before_chunk: Optional[Callable[[], None]] = None
        self.every_second: List[Callable[[float], None]] = []


def build(config: Any, stats: Stats, live: bool = True) -> App:
    """Build the sensor.

    live: the records are about this host as it is now; False for recorded ones, for
        which /proc and the probe would tell of other processes.
    """
    decoder = RecordDecoder(config.transform, (), config.coalesce.cache_entries)
    stages: List[Stage] = []
    return App(Pipeline(decoder, stages, config.coalesce, stats.pipeline), stats)

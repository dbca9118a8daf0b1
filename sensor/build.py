"""Config to live objects: the only module that knows every concrete part, and their order.

A part that the configuration switches off is absent from what is built; nothing asks
again while events flow.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Callable

from sensor.audit.record import RecordDecoder
from sensor.audit.render import Style, quoter
from sensor.errors import ProbeError
from sensor.event import Stage
from sensor.pipeline import Pipeline
from sensor.probe import Options as ProbeOptions
from sensor.process.procfs import ProcFS
from sensor.process.table import ProcessTable
from sensor.stages.identity import Identity
from sensor.stats import Stats


class App:
    """What the daemon drives.

    needs: capabilities (without CAP_) that the parts must keep when root is dropped.
    before_chunk: called before each chunk of audit lines is processed.
    every_second: called about once a second, with seconds since 1970.
    """

    def __init__(self, pipeline: Pipeline, stats: Stats) -> None:
        self.pipeline = pipeline
        self.stats = stats
        self.needs: frozenset[str] = frozenset()
        self.before_chunk: Callable[[], None] | None = None
        self.every_second: list[Callable[[float], None]] = []


def build(config: Any, stats: Stats, live: bool = True) -> App:
    """Build the sensor.

    live: the records are about this host as it is now; False for recorded ones, for
        which /proc and the probe would tell of other processes.
    """
    decoder = RecordDecoder(config.transform, (), config.coalesce.cache_entries)
    style = Style(quoter(config.transform.strings), config.enrich.prefix or "")
    proc = ProcFS()
    host = proc.host()
    table = ProcessTable(proc if live else None, stats.process)
    stages: list[Stage] = [Identity(config.enrich, style, table, host).stage]
    app = App(Pipeline(decoder, stages, config.coalesce, stats.pipeline), stats)
    if live:
        app.needs = frozenset({"SYS_PTRACE", "DAC_READ_SEARCH"})
        table.calibrate(time.time() - time.clock_gettime(time.CLOCK_BOOTTIME))
        app.every_second.append(table.sweep)
        _follow_probe(app, config.probe, table)
    return app


def _follow_probe(app: App, options: ProbeOptions, table: ProcessTable) -> None:
    """Let the kernel probe feed the process table, if it is loaded."""
    if not options.use:
        return
    from sensor.probe.feed import Feed
    from sensor.probe.layout import pins
    from sensor.probe.ring import Ring

    try:
        ring = Ring.open(pins(options.path))
    except ProbeError as error:
        logging.getLogger(__name__).warning("%s; /proc tells of processes instead", error)
        return
    feed = Feed(ring, table, app.stats.probe, options.coverage_timeout)
    app.before_chunk = feed.drain
    app.every_second.append(feed.check)

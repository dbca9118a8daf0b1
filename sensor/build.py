"""Config to live objects: the only module that knows every concrete part, and their order.

A part that the configuration switches off is absent from what is built; nothing asks
again while events flow.
"""

from __future__ import annotations

from typing import Any, Callable

from sensor.audit.record import RecordDecoder
from sensor.audit.render import Style, quoter
from sensor.event import Stage
from sensor.pipeline import Pipeline
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
        app.every_second.append(table.sweep)
    return app

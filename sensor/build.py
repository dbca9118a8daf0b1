"""Config to live objects: the only module that knows every concrete part, and their order.

A part that the configuration switches off is absent from what is built; nothing asks
again while events flow.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Callable

from sensor.audit.record import RecordDecoder, Transform
from sensor.audit.render import Render, Style, quoter
from sensor.errors import ProbeError
from sensor.event import Stage
from sensor.pipeline import Pipeline
from sensor.probe import Options as ProbeOptions
from sensor.probe.feed import Feed
from sensor.probe.layout import pins
from sensor.probe.ring import Ring
from sensor.process.procfs import ProcFS
from sensor.process.table import ProcessTable
from sensor.stages.identity import Identity
from sensor.stats import Stats
from sensor.translate.arguments import Arguments, Errors
from sensor.translate.main_type import MainType
from sensor.translate.options import TranslateOptions
from sensor.translate.raw import without_raw
from sensor.translate.timestamp import IsoTime
from sensor.translate.universal import Universal
from sensor.translate.userdb import UserDatabase
from sensor.translate.users import Users


class World:
    """What is known of the host: the process table, and who feeds it. It outlives a change of the configuration.

    live: the records are about this host as it is now; False for recorded ones, for
        which /proc and the probe would tell of other processes.
    """

    def __init__(self, config: Any, stats: Stats, live: bool) -> None:
        proc = ProcFS()
        self.live = live
        self.host = proc.host()
        self.table = ProcessTable(proc if live else None, stats.process)
        self.users = UserDatabase(patient=not live)
        self.probe: Feed | None = None
        if live:
            self.every_second(time.time())
            self.probe = _open_probe(config.probe, self.table, stats)

    def every_second(self, now: float) -> None:
        """Keep up with the host; now in seconds since 1970."""
        self.table.calibrate(now - time.clock_gettime(time.CLOCK_BOOTTIME))
        if self.probe is not None:
            self.probe.check()
        self.table.sweep(now)


class App:
    """What the daemon drives.

    world: to be handed to the build of the App that takes this one's place.
    needs: capabilities (without CAP_) that the parts must keep when root is dropped.
    before_chunk: called before each chunk of audit lines is processed.
    every_second: called about once a second, with seconds since 1970.
    """

    def __init__(self, pipeline: Pipeline, stats: Stats, world: World) -> None:
        self.pipeline = pipeline
        self.stats = stats
        self.world = world
        self.needs: frozenset[str] = frozenset()
        self.before_chunk: Callable[[], None] | None = world.probe.drain if world.probe is not None else None
        self.every_second: list[Callable[[float], None]] = [world.every_second] if world.live else []


def build(config: Any, stats: Stats, live: bool = True, world: World | None = None) -> App:
    """Build the sensor, for live records or recorded ones; `world`: that of the App whose place it takes."""
    world = world or World(config, stats, live)
    style = Style(quoter(config.transform.strings), config.enrich.prefix or "")
    decoder = RecordDecoder(
        config.transform, _transforms(config.translate, style, world.users), config.coalesce.cache_entries
    )
    render = decoder.render
    if config.translate.drop_raw:
        decoder.render = without_raw(render, style)
    stages: list[Stage] = [
        Identity(config.enrich, style, world.table, world.host).stage,
        *_translations(config.translate, style, render),
    ]
    app = App(Pipeline(decoder, stages, config.coalesce, stats.pipeline), stats, world)
    if live:
        app.needs = frozenset({"SYS_PTRACE", "DAC_READ_SEARCH"})
        if config.translate.user_db:
            app.every_second.append(lambda now: decoder.forget() if world.users.refresh(now) else None)
    return app


def _transforms(options: TranslateOptions, style: Style, users: UserDatabase) -> list[Transform]:
    """What is done to the fields of each record, in this order."""
    transforms: list[Transform] = []
    if options.universal:
        transforms.append(Universal(style).transform)
    if options.user_db:
        transforms.append(Users(options, style, users).transform)
    return transforms


def _translations(options: TranslateOptions, style: Style, render: Render) -> list[Stage]:
    """The stages that say what numbers mean, in this order; they look at nothing that another stage added."""
    stages: list[Stage] = []
    if options.universal:
        stages.append(Errors(style).stage)
    if options.arguments:
        stages.append(Arguments(style, render).stage)
    if options.time == "iso":
        stages.append(IsoTime().stage)
    if options.type:
        stages.append(MainType().stage)
    return stages


def _open_probe(options: ProbeOptions, table: ProcessTable, stats: Stats) -> Feed | None:
    """Let the kernel probe feed the process table, if it is loaded."""
    if not options.use:
        return None
    try:
        ring = Ring.open(pins(options.path))
    except ProbeError as error:
        logging.getLogger(__name__).warning("%s; /proc tells of processes instead", error)
        return None
    return Feed(ring, table, stats.probe, options.coverage_timeout)

"""Config to live objects: the only module that knows every concrete part, and their order.

A part that the configuration switches off is absent from what is built; nothing asks
again while events flow.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Callable, NamedTuple

from sensor.audit.record import RecordDecoder
from sensor.audit.render import Render, Style, quoter
from sensor.config import Config, Enrich
from sensor.errors import place_of
from sensor.event import Event, Stage
from sensor.pipeline import Pipeline
from sensor.probe import Options as ProbeOptions
from sensor.probe.events import ProbeEvents
from sensor.probe.feed import Feed
from sensor.probe.place import Place
from sensor.process.clock import read_clocks
from sensor.process.command import Commands
from sensor.process.containers import ContainerNames
from sensor.process.files import ProcFiles
from sensor.process.host_paths import HostPaths
from sensor.process.procfs import NEVER, ProcFS
from sensor.process.state import StateFile
from sensor.process.table import ProcessTable
from sensor.stages.ancestors import Ancestors
from sensor.stages.bundles import OnExecs, Remembered
from sensor.stages.cgroup import Cgroups
from sensor.stages.command import CommandLines
from sensor.stages.custom import Custom
from sensor.stages.environment import Environment
from sensor.stages.exe_hash import ExeHash
from sensor.stages.filters import Filters
from sensor.stages.filters import Options as FilterOptions
from sensor.stages.filters.facts import Facts
from sensor.stages.filters.records import RecordDropper
from sensor.stages.groups import Groups
from sensor.stages.identity import Identity
from sensor.stages.labels import Labeller
from sensor.stages.labels import Options as LabelOptions
from sensor.stages.root import Roots
from sensor.stages.script import Scripts
from sensor.stages.session import Sessions
from sensor.stats import Stats
from sensor.summary.ecs import Ecs
from sensor.summary.stage import Summary
from sensor.translate.arguments import Calls
from sensor.translate.main_type import MainType
from sensor.translate.options import TranslateOptions
from sensor.translate.raw import without_raw
from sensor.translate.timestamp import IsoTime
from sensor.translate.universal import Universal
from sensor.translate.userdb import UserDatabase
from sensor.translate.users import Users

log = logging.getLogger(__name__)


class World:
    """What is known of the host: the process table, and who feeds it. It outlives a change of the configuration.

    live: the records are about this host as it is now; False for recorded ones, of which nobody says that they
        are: /proc, the probe and the boot id would tell of other processes and sessions.
    """

    def __init__(self, config: Config, stats: Stats, live: bool) -> None:
        proc = ProcFS()
        self.live = live
        self._state: StateFile | None = None
        self._boot, now = read_clocks()
        self.host = proc.host(self._boot)
        if not live:
            self.host.booted = NEVER
        self.table = ProcessTable(proc if live else None, stats.process)
        self.files = ProcFiles(proc if live else None)
        self.containers = ContainerNames()
        self.users = UserDatabase(patient=not live)
        self.probe: Feed | None = None
        self.host_paths = HostPaths(self.table)
        if live:
            self.table.calibrate(self._boot, now)
            if config.probe.use:
                find = Place(config.probe.path).ring
                self.probe = Feed(find, self.table, stats.probe, config.probe.coverage_timeout)
            self.host_paths = HostPaths(self.table, proc, self.probe.drain if self.probe is not None else None)
            self._state = StateFile(config.state, config.directory) if config.state.file else None
        self._begun = not live

    def begin(self) -> None:
        """Learn what there is, once, now that all are there who want to be told."""
        if not self._begun:
            self._begun = True
            if self.probe is not None:
                self.probe.begin()
            self._keeping_state(lambda state: state.read(self.table))

    def close(self) -> None:
        """Keep what the next sensor cannot learn from the host."""
        self._keeping_state(lambda state: state.write(self.table))

    def before_chunk(self) -> None:
        """Learn what has happened before audit tells of it: processes have started, the clock was set."""
        self._look_at_the_clock()
        if self.probe is not None:
            self.probe.drain()
        self.host_paths.begin_chunk()

    def _look_at_the_clock(self) -> None:
        boot, now = read_clocks(self._boot)
        if self.table.calibrate(boot, now):
            self._boot = boot
            self.host.calibrate(boot)
            self.table.forget_texts()

    def every_second(self, now: float) -> None:
        """Keep up with the host; now in seconds since 1970."""
        self._look_at_the_clock()
        if self.probe is not None:
            self.probe.check()
        self.table.sweep(now)
        self._keeping_state(lambda state: state.write_if_due(self.table))

    def _keeping_state(self, act: Callable[[StateFile], object]) -> None:
        """Without a state the sensor works as well, whatever is the matter with it."""
        try:
            if self._state is not None:
                act(self._state)
        except (OSError, ValueError) as error:
            log.warning("state: %s; going on without", error)
        except Exception as error:  # noqa: BLE001  the border: no state costs the configuration
            log.warning("state: %s; going on without", place_of(error))


class App:
    """What the daemon drives.

    world: to be handed to the build of the App that takes this one's place.
    before_chunk: called before each chunk of audit lines is processed.
    every_second: called about once a second, with seconds since 1970.
    at_end: called when all events have left, with a time that is later than all others.
    """

    def __init__(self, pipeline: Pipeline, stats: Stats, world: World) -> None:
        self.pipeline = pipeline
        pipeline.failed = _log_failure
        self.stats = stats
        self.world = world
        self.before_chunk: Callable[[], None] | None = world.before_chunk if world.live else None
        self.every_second: list[Callable[[float], None]] = [world.every_second] if world.live else []
        self.at_end: list[Callable[[float], None]] = []

    def close(self) -> list[str]:
        """End of input: the JSON lines of all that was still waiting, and of what the parts say at the end."""
        lines = self.pipeline.close()
        for function in self.at_end:
            try:
                function(float("inf"))
            except Exception as error:  # noqa: BLE001  the border: what one part has to say costs none of the events
                self.pipeline.failed("the end", error)
        return lines + self.pipeline.close()


def build(config: Config, stats: Stats, live: bool = True, world: World | None = None) -> App:
    """Build the sensor, for live records or recorded ones; `world`: that of the App whose place it takes."""
    world = world or World(config, stats, live)
    style = Style(quoter(config.transform.strings), config.enrich.prefix or "")
    decoder, render = _decoder(config, style, world.users)
    cgroups = Cgroups(config.enrich, style, world.files, world.containers)
    describe = [cgroups.describe] if _places(config) else []
    describe += [Roots(style, world.host_paths).describe] if config.enrich.root and live else []
    identity = Identity(config.enrich, style, world.table, world.host, describe)

    def divert(event: Event) -> None:
        if live:  # a recorded log has no filter log
            app.pipeline.divert(event)

    facts = Facts(world.containers, world.host_paths, world.host.names)
    filters = Filters(config.filter, style, facts, stats.pipeline.filtered, divert)
    known = _knowledge(config, style, world)
    remembered = Remembered()
    context = _context(config.enrich, style, world, remembered.forget)
    if config.enrich.container and config.enrich.container_info:
        context.told.append(cgroups.stage)
    remembered.stages = (identity.tell, *known.told, *context.told)
    telling = [*known.on_execs, *context.on_execs]
    custom = [Custom(config.stages, style, stats.pipeline).stage] if config.stages else []  # which see whole events
    stages: list[Stage] = [
        identity.track,
        *([OnExecs(known.learnt).stage] if known.learnt else []),
        *known.labels,
        *custom,
        *([filters.decide] if filters.rules else []),
        remembered.stage,
        identity.name_others,
        *([OnExecs(telling).stage] if telling else []),
        *_translations(config, style, render),
        *_leaving(config.filter, filters, stats),
    ]
    app = App(Pipeline(decoder, stages, config.coalesce, stats.pipeline), stats, world)
    if config.output == "ecs":
        ecs = Ecs(style, render)
        ecs.failed = app.pipeline.stage_failed
        app.pipeline.write, app.pipeline.other = ecs.event, ecs.line
    if any(rule.limit is not None for rule in filters.rules):
        _tell_what_was_held_back(app, filters)
    if live:
        app.every_second.append(remembered.every_second)
        _emit_probe_events(config.probe, world, ProbeEvents(style.quote, identity.describe, app.pipeline.own_line))
        world.begin()
        if config.translate.user_db:
            app.every_second.append(lambda _: decoder.forget() if world.users.refresh() else None)
    return app


def _log_failure(part: str, error: Exception) -> None:
    log.error("a mistake in the sensor: %s failed (%s); the event goes on without it", part, place_of(error))


def _tell_what_was_held_back(app: App, filters: Filters) -> None:
    """Let a line of its own tell what no event tells in time."""

    def tell(now: float) -> None:
        line = filters.overdue(now)
        if line is not None:
            app.pipeline.own_line(line)

    app.at_end.append(tell)
    if app.world.live:
        app.every_second.append(tell)


def _decoder(config: Config, style: Style, users: UserDatabase) -> tuple[RecordDecoder, Render]:
    """What decodes records, and what renders what stages add to them, raw values or not."""
    translators = _translators(config.translate, style, users)
    decoder = RecordDecoder(
        config.transform,
        [translator.transform for translator in translators],
        config.coalesce.cache_entries,
        None if config.translate.drop_raw else partial(_concerns, translators),
    )
    decoder.prefix = style.prefix
    render = decoder.render
    if config.translate.drop_raw:
        decoder.render = without_raw(render, style)
    return decoder, render


def _translators(options: TranslateOptions, style: Style, users: UserDatabase) -> list[Universal | Users]:
    """What is done to the fields of each record, in this order."""
    translators: list[Universal | Users] = []
    if options.universal:
        translators.append(Universal(style))
    if options.user_db:
        translators.append(Users(options, style, users))
    return translators


def _concerns(translators: list[Universal | Users], name: str, field: str) -> bool:
    """Tell whether a field of a type of record matters to any of them."""
    return any(translator.concerns(name, field) for translator in translators)


class Parts(NamedTuple):
    """Stages by when they act.

    learnt: they learn from an exec, before it is labelled.
    labels: they give labels.
    told: what they say of a process hangs on that, and on what repeats of the SYSCALL record.
    on_execs: they say something of an exec, after it was labelled.
    """

    learnt: list[Stage]
    labels: list[Stage]
    told: list[Stage]
    on_execs: list[Stage]


def _knowledge(config: Config, style: Style, world: World) -> Parts:
    """The stages that learn from an exec what a program was started with, that label it, and that say both."""
    enrich, labels = config.enrich, config.label_process
    commands = Commands(world.files, max(enrich.cmdline_bytes, labels.label_argv_bytes))
    lines = CommandLines(enrich, style, commands, world.host, world.table)
    parts = Parts([], [], [], [])
    asked = labels != LabelOptions() or bool(config.stages)
    if enrich.script or enrich.cmdline or enrich.parent_info or asked:
        parts.learnt.append(lines.learn)
    if enrich.cmdline:
        parts.told.append(lines.add_cmdline)
    if enrich.parent_info:
        parts.told.append(lines.add_parent_info)
    if enrich.script or asked:
        scripts = Scripts(style, commands)
        parts.learnt.append(scripts.learn)
        parts.on_execs.extend([scripts.show] if enrich.script else [])
    if asked:
        labeller = Labeller(labels, style, world.host_paths, commands, world.containers)
        parts.labels.append(labeller.label)
        parts.told.append(labeller.show)
    return parts


def _context(options: Enrich, style: Style, world: World, changed: Callable[[], None]) -> Parts:
    """The stages that say more about who acts, in this order; those that ask the host are for live records only.

    changed: tells that what was said of a process before may be another thing now.
    """
    parts = Parts([], [], [], [])
    if options.ancestors:
        parts.on_execs.append(Ancestors(options.ancestors, style, world.table, world.host).stage)
    if options.session:
        parts.told.append(Sessions(style, changed).stage)
    if world.live and options.execve_env:
        parts.on_execs.append(Environment(options.execve_env, style, world.files).stage)
    if world.live and options.uid_groups:
        parts.told.append(Groups(style, world.host).stage)
    if world.live and options.exe_hash:
        parts.told.append(ExeHash(options, style, world.files, world.host).stage)
    return parts


def _leaving(options: FilterOptions, filters: Filters, stats: Stats) -> list[Stage]:
    """The last stages: what is left out of an event, and where the event goes."""
    stages: list[Stage] = []
    if options.drop_records:
        stages.append(RecordDropper(options.drop_records, stats.pipeline.filtered).stage)
    if filters.diverts:
        stages.append(filters.divert)
    return stages


def _places(config: Config) -> bool:
    """Tell whether anybody wants to know the control groups of processes."""
    enrich = config.enrich
    rules = config.label_process != LabelOptions() or config.filter.rules or config.stages
    return enrich.container or enrich.systemd or bool(rules)


def _translations(config: Config, style: Style, render: Render) -> list[Stage]:
    """The stages that say what numbers mean, in this order; they look at nothing that another stage added."""
    options = config.translate
    stages: list[Stage] = []
    if options.universal or options.arguments:
        stages.append(Calls(style, render, options.universal, options.arguments).stage)
    if config.output == "ecs":
        return stages  # which says the rest by itself
    if options.time == "iso":
        stages.append(IsoTime(style).stage)
    if options.type:
        stages.append(MainType(style).stage)
    if options.summary:
        stages.append(Summary(style, render).stage)
    return stages


def _emit_probe_events(options: ProbeOptions, world: World, events: ProbeEvents) -> None:
    """Let the events that are asked for be made of the probe's records."""
    if world.probe is None:
        return
    chosen = {"exec": events.execs, "exit": events.exits}
    world.probe.observers = [chosen[kind] for kind in options.emit]
    world.probe.uncovered = [events.uncovered] if options.coverage_events else []

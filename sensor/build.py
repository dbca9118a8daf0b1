"""Config to live objects: the only module that knows every concrete part, and their order.

A part that the configuration switches off is absent from what is built; nothing asks
again while events flow.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Callable, NamedTuple

from sensor.audit.event import DROP, LOG, Enrichment, Stage
from sensor.audit.naming import Naming
from sensor.audit.record import RecordDecoder
from sensor.choose_decoders import choose_decoders
from sensor.choose_form import bounded, choose_form
from sensor.config import Config, Enrich
from sensor.errors import place_of, reason_of
from sensor.forms import Form, Lines
from sensor.forms.ecs import origin_of
from sensor.forms.laurel import Laurel
from sensor.loss.serials import Serials
from sensor.pipeline import Parts, Pipeline
from sensor.probe import Options as ProbeOptions
from sensor.probe.coverage import evidence_of
from sensor.probe.events import ProbeEvents
from sensor.probe.place import PinDirectory
from sensor.probe.reader import ProbeReader
from sensor.process.clock import read_clocks
from sensor.process.command import Commands
from sensor.process.containers import ContainerNames
from sensor.process.files import ProcFiles
from sensor.process.host_paths import HostPaths
from sensor.process.procfs import ProcFS
from sensor.process.state import StateFile
from sensor.process.table import ProcessTable
from sensor.redact import Redactor
from sensor.redact.key import KeyFileError, read_key
from sensor.redact.options import Options as RedactOptions
from sensor.stages import times
from sensor.stages.ancestors import Ancestors
from sensor.stages.cgroup import Cgroups
from sensor.stages.combinators import ExecOnly, Memo, Memoized
from sensor.stages.command import CommandLines
from sensor.stages.custom import Custom
from sensor.stages.environment import Environment
from sensor.stages.exe_hash import ExeHash
from sensor.stages.filters import Filters
from sensor.stages.filters.facts import EventFacts
from sensor.stages.filters.records import RecordDropper
from sensor.stages.groups import Groups
from sensor.stages.identity import Identity
from sensor.stages.labels import Labeller
from sensor.stages.leaders import Leaders
from sensor.stages.options import LabelOptions
from sensor.stages.root import Roots
from sensor.stages.script import Scripts
from sensor.stages.session import Sessions
from sensor.stats import Stats
from sensor.summary.counts import EventCounts
from sensor.translate.arguments import Calls
from sensor.translate.userdb import UserDatabase

log = logging.getLogger(__name__)


class HostState:
    """What is known of the host: the process table, and who feeds it. It outlives a change of the configuration.

    live: the records are about this host as it is now; False for recorded ones, which need not be: /proc, the probe
        and the boot id would be about other processes and sessions.
    """

    def __init__(self, config: Config, stats: Stats, live: bool) -> None:
        proc = ProcFS()
        self.live = live
        self._state: StateFile | None = None
        self._boot, now = read_clocks()
        self.host = proc.host(self._boot, live)
        self.table = ProcessTable(proc if live else None, stats.process)
        self.files = ProcFiles(proc if live else None)
        self.containers = ContainerNames()
        self.users = UserDatabase(blocking=not live)
        self.redaction_key = _redaction_key(config.redact.key_file)
        self.serials = Serials(stats.loss, own=self.host.names)
        self.probe: ProbeReader | None = None
        self.host_paths = HostPaths(self.table)
        if live:
            self.table.calibrate(self._boot, now)
            if config.probe.use:
                find = PinDirectory(config.probe.path).ring
                self.probe = ProbeReader(find, self.table, stats.probe, config.probe.coverage_timeout)
                self.probe.weigh_losses(partial(evidence_of, stats, self.serials.missing))
            self.host_paths = HostPaths(self.table, proc, self.probe.drain if self.probe is not None else None)
            self._state = StateFile(config.state, config.directory) if config.state.file else None
        self._begun = not live

    def begin(self) -> None:
        """Learn what there is, once all observers are registered."""
        if not self._begun:
            self._begun = True
            if self.probe is not None:
                self.probe.begin()
            self._keeping_state(lambda state: state.read(self.table))

    def close(self) -> None:
        """Keep what the next sensor cannot learn from the host."""
        self._keeping_state(lambda state: state.write(self.table))

    def before_chunk(self) -> None:
        """Learn what has happened before audit reports it: processes have started, the clock was set."""
        self.host_paths.begin_chunk()  # first: if what follows fails, nothing that was seen before may hold on
        self._look_at_the_clock()
        if self.probe is not None:
            self.probe.drain()

    def _look_at_the_clock(self) -> None:
        boot, now = read_clocks(self._boot)
        if self.table.calibrate(boot, now):
            self._boot = boot
            self.host.calibrate(boot)
            self.table.invalidate_derived()

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
            log.warning("state: %s; going on without", reason_of(error))
        except Exception as error:  # noqa: BLE001  the border: no state costs the configuration
            log.warning("state: %s; going on without", place_of(error))


def _redaction_key(path: str | None) -> bytes:
    """The key of hashes, to be read while that can be done; without one secrets are masked."""
    try:
        return read_key(path) if path is not None else b""
    except KeyFileError as error:
        log.error("redact.key_file: %s; secrets are masked", error)
        return b""


class Sensor:
    """What the daemon drives.

    host_state: to be handed to the build of the Sensor that takes this one's place.
    redactor: what takes secrets out of text, if anything does.
    before_chunk: called before each chunk of audit lines is processed.
    every_second: called about once a second, with seconds since 1970.
    settling: called as often, with monotonic seconds: counts that a clock that is set must not disturb.
    at_change: called when another one takes its place and at the end of input, with a time later than all others.
    at_end: the same, at the end of input only: what outlives a change of the configuration goes on.
    """

    def __init__(
        self, pipeline: Pipeline, stats: Stats, host_state: HostState, redactor: Redactor | None = None
    ) -> None:
        self.pipeline = pipeline
        self.stats = stats
        self.host_state = host_state
        self.redactor = redactor
        self.before_chunk: Callable[[], None] | None = host_state.before_chunk if host_state.live else None
        self.every_second: list[Callable[[float], None]] = [host_state.every_second] if host_state.live else []
        self.settling: list[Callable[[float], None]] = [host_state.serials.every_second] if host_state.live else []
        self.at_change: list[Callable[[float], None]] = []
        self.at_end: list[Callable[[float], None]] = []

    def continue_from(self, other: Sensor) -> Lines:
        """Take the place of another one, between two events; returns the last lines of the other."""
        _call_last(other.at_change)
        self.pipeline.continue_from(other.pipeline)
        self.host_state.table.invalidate_derived()
        return other.pipeline.take_notices()

    def close(self) -> Lines:
        """End of input: the lines of all that was still waiting, and of what the parts report at the end."""
        lines = self.pipeline.close()
        _call_last([*self.at_change, *self.at_end])
        lines.take(self.pipeline.close())
        return lines


def _call_last(functions: list[Callable[[float], None]]) -> None:
    for function in functions:
        try:
            function(float("inf"))
        except Exception as error:  # noqa: BLE001  the border: what one part reports costs none of the events
            _log_failure("the end", error)


Wrap = Callable[[Form, Laurel], Form]
"""The form that is configured, and one that knows how records are laid out → the form to be used."""


def build(
    config: Config,
    stats: Stats,
    live: bool = True,
    host_state: HostState | None = None,
    wrap: Wrap = lambda form, _: form,
) -> Sensor:
    """Build the sensor, for live records or recorded ones; `host_state`: that of the Sensor whose place it takes."""
    host = host_state or HostState(config, stats, live)
    config = config.with_what_output_asks()
    naming = Naming(config.prefix)
    redactor = _redactor(config.redact, host, stats)
    decoders = choose_decoders(config, naming, host.users, redactor)
    form, laurel = choose_form(config, naming, decoders.concerns, origin_of(config.host, host.host, live), redactor)
    form = wrap(bounded(form, config, stats.pipeline.truncated), laurel)
    cgroups = Cgroups(config.enrich, host.files, host.containers)
    identity = _identity(config, naming, host, cgroups)
    facts = EventFacts(host.containers, host.host_paths, host.host.names)
    filters = Filters(config.filter, facts, stats.pipeline.filtered, LOG if live else DROP)
    find, redact = decoders.own.all_arguments, redactor.command if redactor is not None else None
    known = _knowledge(config, host, identity, Commands(host.files, find, config.command_bytes, redact))
    memo = Memo()
    counts = _counts(config, stats, live)
    watch = times.watch(config.metrics.stage_times, stats.pipeline)
    context = _context(config.enrich, host, memo.forget, identity, redactor)
    context.added.extend([cgroups.stage] if config.enrich.container and config.enrich.container_info else [])
    remembered = Memoized(memo, watch([*_identities(config.enrich, identity), *known.added, *context.added]))
    stages: list[Stage] = [
        *watch([host.serials.stage] if live else []),  # before any that may fail or drop: serials count every event
        *watch([identity.track]),  # those that follow ask for event.process
        *watch([each.stage for each in counts]),
        *([ExecOnly(watch(known.learnt)).stage] if known.learnt else []),  # even of events that will be dropped
        *watch(known.labels),  # custom stages and rules read labels
        *watch([Custom(config.stages, stats.pipeline).stage] if config.stages else []),  # before records are dropped
        *watch([filters.decide] if filters.rules else []),  # before what costs: dropped events are enriched no further
        *([remembered.stage] if remembered.stages else []),
        *watch([identity.name_others] if config.enrich.pid else []),
        *([ExecOnly(watch(on_execs)).stage] if (on_execs := [*known.on_execs, *context.on_execs]) else []),
        *watch(_last(config, stats)),
    ]
    parts = Parts(decoders.own, stages, form, decoders.others, host.host.names)
    sensor = Sensor(Pipeline(parts, config.coalesce, stats.pipeline, _log_failure), stats, host, redactor)
    _report_suppressed(sensor, filters)
    if live:
        sensor.every_second += [remembered.every_second, *[each.add_up for each in counts]]
        sensor.at_change += [each.add_up for each in counts]
        sensor.at_end.append(host.serials.every_second)
        _emit_probe_events(config.probe, host, ProbeEvents(identity.describe, sensor.pipeline.notice))
        host.begin()
        sensor.every_second += _renewing(config, host, decoders.own, form)
    return sensor


def _counts(config: Config, stats: Stats, live: bool) -> list[EventCounts]:
    """What counts events for the metrics, if anybody reads these."""
    stats.pipeline.inflight_limit = config.coalesce.max_events
    return [EventCounts(stats.pipeline, stats.process)] if live and config.metrics.wanted else []


def _identity(config: Config, naming: Naming, host_state: HostState, cgroups: Cgroups) -> Identity:
    describe = [cgroups.describe] if config.uses_control_groups else []
    describe += [Roots(host_state.host_paths).describe] if config.enrich.root and host_state.live else []
    return Identity(config.enrich, naming, host_state.table, host_state.host, describe)


def _identities(options: Enrich, identity: Identity) -> list[Enrichment]:
    """The stage that adds who acted, if any of that is asked for."""
    return [identity.add] if options.pid or options.spawned_by or options.session_guid else []


def _log_failure(part: str, error: Exception) -> None:
    log.error("a mistake in the sensor: %s failed (%s); the event goes on without it", part, place_of(error))


def _renewing(
    config: Config, host_state: HostState, decoder: RecordDecoder, form: Form
) -> list[Callable[[float], None]]:
    """What looks for new names of users, if names are written."""
    return [partial(_forget_names, host_state.users, decoder, form)] if config.translate.user_db else []


def _forget_names(users: UserDatabase, decoder: RecordDecoder, form: Form, now: float) -> None:
    """Read and write everything anew if users or groups are called otherwise now."""
    if users.refresh():
        decoder.forget()
        form.forget()


def _report_suppressed(sensor: Sensor, filters: Filters) -> None:
    """Report in a line of its own what no event shows in time."""
    if all(rule.limit is None for rule in filters.rules):
        return

    def report(now: float) -> None:
        notice = filters.overdue(now)
        if notice is not None:
            sensor.pipeline.notice(notice)

    sensor.at_change.append(report)
    if sensor.host_state.live:
        sensor.every_second.append(report)


def _redactor(options: RedactOptions, host_state: HostState, stats: Stats) -> Redactor | None:
    """What takes secrets out, if there are rules."""
    return Redactor(options, host_state.redaction_key, stats.pipeline.redacted) if options.rules else None


class Chosen(NamedTuple):
    """Stages by when they act.

    learnt: they learn from an exec, before it is labelled.
    labels: they give labels.
    added: what they add depends on the process, and on what repeats of the SYSCALL record.
    on_execs: they add something to an exec, after it was labelled.
    """

    learnt: list[Enrichment]
    labels: list[Enrichment]
    added: list[Enrichment]
    on_execs: list[Enrichment]


def _knowledge(config: Config, host_state: HostState, identity: Identity, commands: Commands) -> Chosen:
    """The stages that learn from an exec what a program was started with, that label it, and that show both."""
    enrich, labels = config.enrich, config.label_process
    lines = CommandLines(enrich, commands, host_state.host, identity.table_of)
    parts = Chosen([], [], [], [])
    asked = labels != LabelOptions() or bool(config.stages)
    if enrich.script or enrich.cmdline or enrich.parent_info or asked:
        parts.learnt.append(lines.learn)
    if enrich.cmdline:
        parts.added.append(lines.add_cmdline)
    if enrich.parent_info:
        parts.added.append(lines.add_parent_info)
    if config.output == "ecs":
        known = commands, host_state.files, host_state.host
        parts.added.append(Leaders(identity.table_of, *known, enrich.cmdline_bytes).stage)
    if enrich.script or asked:
        scripts = Scripts(commands)
        parts.learnt.append(scripts.learn)
        parts.on_execs.extend([scripts.show] if enrich.script else [])
    if asked:
        labeller = Labeller(labels, host_state.host_paths, commands, host_state.containers)
        parts.labels.append(labeller.label)
        parts.added.append(labeller.show)
    return parts


def _context(
    options: Enrich,
    host_state: HostState,
    changed: Callable[[], None],
    identity: Identity,
    redactor: Redactor | None,
) -> Chosen:
    """The stages that add more about who acts, in this order; those that ask the host are for live records only.

    changed: to be called when what was added for a session before is another thing now.
    """
    parts = Chosen([], [], [], [])
    if options.ancestors:
        parts.on_execs.append(Ancestors(options.ancestors, identity.table_of, host_state.host).stage)
    if options.session:
        sessions = Sessions(changed)
        identity.boots.observers.append(sessions.forget)
        parts.added.append(sessions.stage)
    if host_state.live and options.execve_env:
        redact = None if redactor is None else redactor.environment
        parts.on_execs.append(Environment(options.execve_env, host_state.files, redact).stage)
    if host_state.live and options.uid_groups:
        parts.added.append(Groups(host_state.host).stage)
    if host_state.live and options.exe_hash:
        parts.added.append(ExeHash(options, host_state.files, host_state.host, host_state.host_paths).stage)
    return parts


def _last(config: Config, stats: Stats) -> list[Stage]:
    """The last stages: what numbers mean, and records that are left out, which all others read."""
    options, dropped = config.translate, config.filter.drop_records
    last: list[Stage] = (
        [Calls(options.universal, options.arguments).stage] if options.universal or options.arguments else []
    )
    return [*last, RecordDropper(dropped, stats.pipeline.filtered).stage] if dropped else last


def _emit_probe_events(options: ProbeOptions, host_state: HostState, events: ProbeEvents) -> None:
    """Let the events that are asked for be made of the probe's records."""
    if host_state.probe is None:
        return
    chosen = {"exec": events.execs, "exit": events.exits}
    uncovered = events.uncovered if options.coverage_events else None
    host_state.probe.observe([chosen[kind] for kind in options.emit], uncovered)

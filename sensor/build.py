"""Config to live objects: puts together, in their order, the parts that the modules beside it choose.

A part that the configuration switches off is absent from what is built; nothing asks
again while events flow.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Callable

from sensor.audit.event import DROP, LOG, Enrichment, Stage
from sensor.audit.naming import Naming
from sensor.audit.record import RecordDecoder
from sensor.choose_decoders import choose_decoders
from sensor.choose_form import bounded, choose_form
from sensor.choose_stages import context_of, knowledge, last
from sensor.config import Config, Enrich
from sensor.errors import place_of
from sensor.forms import Form, Lines
from sensor.forms.ecs import origin_of
from sensor.forms.laurel import Laurel
from sensor.host_state import HostState
from sensor.pipeline import Parts, Pipeline
from sensor.probe import Options as ProbeOptions
from sensor.probe.events import ProbeEvents
from sensor.process.command import Commands
from sensor.redact import Redactor
from sensor.redact.options import Options as RedactOptions
from sensor.stages import times
from sensor.stages.cgroup import Cgroups
from sensor.stages.combinators import ExecOnly, Memo, Memoized
from sensor.stages.custom import Custom
from sensor.stages.filters import Filters
from sensor.stages.filters.facts import EventFacts
from sensor.stages.identity import Identity
from sensor.stages.root import Roots
from sensor.stats import Stats
from sensor.summary.counts import EventCounts
from sensor.translate.userdb import UserDatabase

log = logging.getLogger(__name__)


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


def _as_it_is(form: Form, laurel: Laurel) -> Form:
    return form


def build(
    config: Config,
    stats: Stats,
    live: bool = True,
    host_state: HostState | None = None,
    wrap: Wrap = _as_it_is,
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
    filters = _filters(config, host, stats)
    known = knowledge(config, host, identity, _commands(config, host, decoders.own, redactor))
    memo, counts = Memo(), _counts(config, stats, live)
    watch = times.watch(config.metrics.stage_times, stats.pipeline)
    context = context_of(config.enrich, host, memo.forget, identity, redactor)
    shown = [*known.added, *context.added, *_containers(config.enrich, cgroups)]
    remembered = Memoized(memo, watch([*_identities(config.enrich, identity), *shown]))
    of_process: list[Stage] = [
        *([ExecOnly(watch(known.learnt)).stage] if known.learnt else []),  # even of events that will be dropped
        *watch(known.labels),  # custom stages and rules read labels
        *watch([Custom(config.stages, stats.pipeline).stage] if config.stages else []),  # before records are dropped
        *watch([filters.decide] if filters.rules else []),  # before what costs: dropped events are enriched no further
        *([remembered.stage] if remembered.stages else []),
        *watch([identity.name_others] if config.enrich.pid else []),
        *([ExecOnly(watch(on_execs)).stage] if (on_execs := [*known.on_execs, *context.on_execs]) else []),
    ]
    stages: list[Stage] = [
        *watch([host.serials.stage] if live else []),  # before any that may fail or drop: serials count every event
        *watch([identity.track] if of_process or counts or _reads_processes(config, wrap) else []),  # 8 % of the work
        *watch([each.stage for each in counts]),
        *of_process,
        *watch(last(config, stats)),
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


def _reads_processes(config: Config, wrap: Wrap) -> bool:
    """Whether the form looks at the process of an event."""
    return config.translate.summary or wrap is not _as_it_is


def _containers(options: Enrich, cgroups: Cgroups) -> list[Enrichment]:
    """The stage that adds what is known of a container, if it is asked for."""
    return [cgroups.stage] if options.container and options.container_info else []


def _filters(config: Config, host_state: HostState, stats: Stats) -> Filters:
    facts = EventFacts(host_state.containers, host_state.host_paths, host_state.host.names)
    return Filters(config.filter, facts, stats.pipeline.filtered, LOG if host_state.live else DROP)


def _commands(config: Config, host_state: HostState, decoder: RecordDecoder, redactor: Redactor | None) -> Commands:
    redact = redactor.command if redactor is not None else None
    return Commands(host_state.files, decoder.all_arguments, config.command_bytes, redact)


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


def _emit_probe_events(options: ProbeOptions, host_state: HostState, events: ProbeEvents) -> None:
    """Let the events that are asked for be made of the probe's records."""
    if host_state.probe is None:
        return
    chosen = {"exec": events.execs, "exit": events.exits}
    uncovered = events.uncovered if options.coverage_events else None
    host_state.probe.observe([chosen[kind] for kind in options.emit], uncovered)

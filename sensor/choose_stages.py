"""The stages that a configuration asks for, by when they act."""

from __future__ import annotations

from typing import Callable, NamedTuple

from sensor.audit.event import Enrichment, Stage
from sensor.config import Config, Enrich
from sensor.host_state import HostState
from sensor.process.command import Commands
from sensor.redact import Redactor
from sensor.stages.ancestors import Ancestors
from sensor.stages.command import CommandLines
from sensor.stages.environment import Environment
from sensor.stages.exe_hash import ExeHash
from sensor.stages.filters.records import RecordDropper
from sensor.stages.groups import Groups
from sensor.stages.identity import Identity
from sensor.stages.labels import Labeller
from sensor.stages.leaders import Leaders
from sensor.stages.options import LabelOptions
from sensor.stages.script import Scripts
from sensor.stages.session import Sessions
from sensor.stats import Stats
from sensor.translate.arguments import Calls


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


def knowledge(config: Config, host: HostState, identity: Identity, commands: Commands) -> Chosen:
    """The stages that learn from an exec what a program was started with, that label it, and that show both."""
    enrich, labels = config.enrich, config.label_process
    lines = CommandLines(enrich, commands, host.host, identity.table_of)
    parts = Chosen([], [], [], [])
    asked = labels != LabelOptions() or bool(config.stages)
    if enrich.script or enrich.cmdline or enrich.parent_info or asked:
        parts.learnt.append(lines.learn)
    if enrich.cmdline:
        parts.added.append(lines.add_cmdline)
    if enrich.parent_info:
        parts.added.append(lines.add_parent_info)
    if config.output == "ecs":
        known = commands, host.files, host.host
        parts.added.append(Leaders(identity.table_of, *known, enrich.cmdline_bytes).stage)
    if enrich.script or asked:
        scripts = Scripts(commands)
        parts.learnt.append(scripts.learn)
        parts.on_execs.extend([scripts.show] if enrich.script else [])
    if asked:
        labeller = Labeller(labels, host.host_paths, commands, host.containers)
        parts.labels.append(labeller.label)
        parts.added.append(labeller.show)
    return parts


def context_of(
    options: Enrich,
    host: HostState,
    changed: Callable[[], None],
    identity: Identity,
    redactor: Redactor | None,
) -> Chosen:
    """The stages that add more about who acts, in this order; those that ask the host are for live records only.

    changed: to be called when what was added for a session before is another thing now.
    """
    parts = Chosen([], [], [], [])
    if options.ancestors:
        parts.on_execs.append(Ancestors(options.ancestors, identity.table_of, host.host).stage)
    if options.session:
        sessions = Sessions(changed)
        identity.boots.observers.append(sessions.forget)
        parts.added.append(sessions.stage)
    if host.live and options.execve_env:
        redact = None if redactor is None else redactor.environment
        parts.on_execs.append(Environment(options.execve_env, host.files, redact).stage)
    if host.live and options.uid_groups:
        parts.added.append(Groups(host.host).stage)
    if host.live and options.exe_hash:
        parts.added.append(ExeHash(options, host.files, host.host, host.host_paths).stage)
    return parts


def last(config: Config, stats: Stats) -> list[Stage]:
    """The last stages: what numbers mean, and records that are left out, which all others read."""
    options, dropped = config.translate, config.filter.drop_records
    last: list[Stage] = (
        [Calls(options.universal, options.arguments).stage] if options.universal or options.arguments else []
    )
    return [*last, RecordDropper(dropped, stats.pipeline.filtered).stage] if dropped else last

"""The configuration: a YAML file becomes one frozen Config, or a list of all its mistakes.

    directory: /var/log/host-sensor
    auditlog:
      size: 10 MiB
      read_groups: [splunk]

Config is the one table of what can be configured: its keys, and one line for each part that has a section of its own.
What a section holds is declared beside the code that uses it. A mistake names file, line, key, what was expected and
what was probably meant:

    /etc/host-sensor/config.yaml:3: auditlog.sise: no such key; did you mean "size"?

Fragments, conf.d/*.yaml beside the file, are read after it in the order of their names: sections and maps are merged,
of other keys the last one holds.

Only plain YAML is read: no objects, and text stays text (`marker: no` is "no", not false). The reference that
`host-sensor options` prints is made from the same declarations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sensor import metrics
from sensor.audit.options import CoalesceOptions, TransformOptions
from sensor.config.files import collision, log_file
from sensor.config.read import read_options
from sensor.errors import ConfigError
from sensor.forms.distinct import PREFIX
from sensor.loss import Options as LossOptions
from sensor.options import OptionError, option, section
from sensor.outputs import EventOptions
from sensor.outputs import Options as OutputOptions
from sensor.probe import Options as ProbeOptions
from sensor.process.host_facts import NAMES, fixed_host
from sensor.process.state import Options as StateOptions
from sensor.redact.options import Options as RedactOptions
from sensor.stages.filters.options import FilterOptions
from sensor.stages.options import (
    AncestorsOptions,
    CgroupOptions,
    CommandOptions,
    EnvironmentOptions,
    GroupsOptions,
    HashOptions,
    IdentityOptions,
    LabelOptions,
    RootOptions,
    ScriptOptions,
    SessionOptions,
)
from sensor.summary.options import Options as SummaryOptions
from sensor.tables.output_schema import clash
from sensor.translate.options import TranslateOptions

_HIGHEST_OOM_SCORE = 1000  # OOM_SCORE_ADJ_MAX, include/uapi/linux/oom.h
_PREFIX = re.compile(r"[A-Za-z0-9._:@-]{0,64}")


@dataclass(frozen=True)
class Debug:
    """Copies of what goes in and of what is not understood, for finding mistakes; absent unless asked for."""

    inputlog: OutputOptions | None = section(OutputOptions("input.log"), True, "Every line of input, as it came.")
    parse_error_log: OutputOptions | None = section(
        OutputOptions("parse-errors.log"), True, "Every line of input that cannot be parsed."
    )


@dataclass(frozen=True)
class Enrich(
    HashOptions,  # the keys of the last come first
    SessionOptions,
    GroupsOptions,
    CommandOptions,
    EnvironmentOptions,
    ScriptOptions,
    RootOptions,
    CgroupOptions,
    AncestorsOptions,
    IdentityOptions,
):
    """What is added to events."""

    prefix: str | None = option(
        None,
        "Begin all added keys with this and write them in small letters: prefix `x_` makes PID x_pid. At most 64 "
        "letters, digits and -._:@, with which no field of the records begins.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        prefix = self.prefix or ""
        if _PREFIX.fullmatch(prefix) is None:
            raise OptionError("prefix", "expected at most 64 letters, digits and -._:@")
        field = clash(prefix) if prefix else None
        if field is not None:
            raise OptionError("prefix", f'fields of the records begin with "{prefix}", too: {field}')


@dataclass(frozen=True)
class Translate(SummaryOptions, TranslateOptions):  # the keys of the last come first
    """Which numbers get their meaning beside them, under the same name in capitals."""


@dataclass(frozen=True)
class Config:
    """Everything that can be configured: the keys of the top level, then the sections."""

    user: str | None = option(
        "_host-sensor",
        "User to become after the start, with only the capabilities in use; if there is none, _host-sensor or nobody. "
        "null: stay root, with all rights.",
    )
    seccomp: bool = option(
        True,
        "Let the kernel refuse system calls that the sensor never makes, such as execve, ptrace, mount and bpf but for "
        "map reads. Custom stages cannot make them either. Outputs to programs, which inherit the filter, must be "
        "there at the start; then execve stays allowed.",
    )
    directory: str = option("/var/log/host-sensor", "Where log files are; created if it is missing.", unit="path")
    input: str = option(
        "stdin",
        "Where audit records come from: `stdin` as auditd's plugin, `unix:/path` for its af_unix plugin's socket.",
    )
    stages: tuple[str, ...] = option(
        (),
        "Stages of your own: Python files, as /etc/host-sensor/stages/*.py, owned by root and writable by no one else; "
        "/usr/share/host-sensor/stages has one that explains itself.",
    )
    output: str = option(
        "laurel",
        "Form of the lines: `laurel`, one object for each record type, `ecs`, the Elastic Common Schema alone, or "
        "`ocsf`, the Open Cybersecurity Schema Framework, version 1.5.0.",
        ("laurel", "ecs", "ocsf"),
    )
    host: str | dict[str, str] = option(
        "auto",
        "What `output: ecs` has in `host`, and `output: ocsf` in `device`: `auto` reads the host at the start and at "
        f"each reload, `off` leaves it out, a map of fixed values is taken as it is: {', '.join(NAMES)}. Events of "
        "other nodes have the name of theirs alone, and recorded logs nothing that is read here.",
        ("auto", "off"),
    )
    input_buffer: int = option(
        64 << 20, "How much input is kept when it comes faster than it can be processed.", (), 65536, "bytes"
    )
    drain_timeout: float = option(
        5.0,
        "How long input is still read after SIGTERM, which auditd sends before it sends the end of the input.",
        (),
        0,
        "seconds",
    )
    finish_timeout: float = option(
        30.0,
        "How long what has been read is processed at the end; the rest is dropped, and counted.",
        (),
        0,
        "seconds",
    )
    oom_score_adj: int = option(
        -500,
        "Out-of-memory score adjustment, to which a lower one is raised at the start: with the -1000 that auditd hands "
        "down the kernel would never end a sensor that leaks memory. At most 1000.",
        (),
        -1000,
    )
    statusreport_period: float | None = option(
        None, "How often a summary of the counters is logged; null: never.", (), 1, "seconds"
    )
    marker: str | None = option(None, "Text of your own for the messages at the start and the status reports.")

    sensor_events: bool = option(
        True,
        "Write SENSOR events: that the sensor starts, stops, has read its configuration again, and what was lost.",
    )

    auditlog: EventOptions = section(EventOptions(), False, "Where the events go.")
    filterlog: OutputOptions = section(OutputOptions("filtered.jsonl"), False, "Where filtered events go, if anywhere.")
    debug: Debug = section(Debug())
    metrics: metrics.SensorOptions = section(metrics.SensorOptions())
    loss: LossOptions = section(LossOptions())
    coalesce: CoalesceOptions = section(CoalesceOptions())
    probe: ProbeOptions = section(ProbeOptions())
    state: StateOptions = section(StateOptions())
    transform: TransformOptions = section(TransformOptions())
    translate: Translate = section(Translate())
    enrich: Enrich = section(Enrich())
    redact: RedactOptions = section(RedactOptions())
    label_process: LabelOptions = section(LabelOptions())
    filter: FilterOptions = section(FilterOptions())

    @property
    def prefix(self) -> str:
        """What added keys begin with; "" where they are in capitals."""
        distinct = self.transform.keys == "distinct" and self.output == "laurel"
        return self.enrich.prefix or (PREFIX if distinct else "")

    def with_what_output_asks(self) -> Config:
        """The same with what ECS and OCSF have to have: each event shows its parent, and arguments stand apart."""
        if self.output in ("ecs", "ocsf"):
            arguments_apart = replace(self.transform, execve_argv=("array",))
            return replace(self, enrich=replace(self.enrich, parent_info=True), transform=arguments_apart)
        return self

    @property
    def uses_control_groups(self) -> bool:
        """Whether any part wants to know the control groups of processes."""
        rules = self.label_process != LabelOptions() or self.filter.rules or self.stages
        return self.enrich.container or self.enrich.systemd or bool(rules)

    @property
    def command_bytes(self) -> int:
        """How many bytes of a command line any part wants to know."""
        return max(self.enrich.cmdline_bytes, self.label_process.label_argv_bytes)

    def __post_init__(self) -> None:
        if isinstance(self.host, dict):
            try:
                fixed_host(self.host)
            except ValueError as error:
                raise OptionError("host", str(error)) from None
        if self.user is not None and not self.user.strip():
            raise OptionError("user", f'expected a name, or null to stay root, found "{self.user}"')
        if self.oom_score_adj > _HIGHEST_OOM_SCORE:
            raise OptionError("oom_score_adj", f"expected at most {_HIGHEST_OOM_SCORE}, found {self.oom_score_adj}")
        if self.input != "stdin" and not self.input.startswith("unix:/"):
            raise OptionError("input", f'expected stdin or unix:/path, found "{self.input}"')
        self._keep_files_apart()

    def _keep_files_apart(self) -> None:
        """Raise OptionError if two parts would write the same file."""
        files = (
            log_file("auditlog", self.auditlog, "audit.jsonl"),
            log_file("filterlog", self.filterlog, "filtered.jsonl"),
            log_file("debug.inputlog", self.debug.inputlog, "input.log"),
            log_file("debug.parse_error_log", self.debug.parse_error_log, "parse-errors.log"),
            ("state.file", self.state.file or "", "state"),
            ("metrics.textfile", self.metrics.textfile, ""),
        )
        found = collision(self.directory, files)
        if found is not None:
            raise OptionError(*found)


def load(path: str) -> Config:
    """Read a configuration; raises the first mistake as ConfigError."""
    config, mistakes = read(path)
    if mistakes:
        raise mistakes[0]
    return config


def check(path: str) -> list[ConfigError]:
    """All the mistakes of a configuration file and its fragments, in the order of files and lines."""
    return read(path)[1]


def read(path: str) -> tuple[Config, list[ConfigError]]:
    """Read a configuration, which is a file and the fragments in conf.d beside it, and all its mistakes.

    Where there is a mistake the key stays what it was before.
    """
    return read_options(path, Config())


def reference() -> str:
    """The whole reference, as a configuration file in which every key stands commented out with its default."""
    from sensor.config.describe import describe

    return describe(Config())

"""What a configuration sets in vain, or so that hardly anybody can have meant it: no mistake, and yet worth a look.

enrich.ppid_verbose: has no effect without enrich.pid
filter.filter_labels: nothing gives a process the label "scheduld"
directory: ~/log is below the directory that the sensor is started in, / under auditd
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any, NamedTuple

from sensor.config import Config
from sensor.metrics import is_loopback, parse_address
from sensor.outputs import Options as OutputOptions
from sensor.redact.options import parse_rules
from sensor.stages.filters.options import FilterOptions
from sensor.stages.filters.rules import FilterRule, parse_rule
from sensor.tables.record_types import NUMBERS

_PATHS = (
    *("directory", "stages", "metrics.textfile", "metrics.tls.certificate", "metrics.tls.key", "metrics.auditd_state"),
    *("redact.key_file", "probe.path", "probe.cache"),
)
_LOGS = ("auditlog", "filterlog", "debug.inputlog", "debug.parse_error_log")
_OF_FILES = ("size", "age", "generations", "keep_unshipped", "read_users", "read_groups", "read_other")
_LEAST_SIZE = 65536
_DEFAULT = Config()


class Remark(NamedTuple):
    """An option to look at: its dotted name, and a sentence about it."""

    option: str
    text: str

    def __str__(self) -> str:
        return f"{self.option}: {self.text}"


class _Need(NamedTuple):
    """Options that are of no use unless something else is so: what, and the words for it."""

    options: tuple[str, ...]
    met: Callable[[Config], bool]
    words: str


_NEEDS = (
    _Need(("enrich.ppid_verbose",), lambda c: c.enrich.pid, "enrich.pid"),
    _Need(("enrich.container_info",), lambda c: c.enrich.container, "enrich.container"),
    _Need(
        ("enrich.exe_hash_size_limit", "enrich.exe_hash_cache_entries"), lambda c: c.enrich.exe_hash, "enrich.exe_hash"
    ),
    _Need(
        ("enrich.cmdline_bytes",),
        lambda c: c.enrich.cmdline or c.with_what_output_asks().enrich.parent_info,
        "enrich.cmdline or enrich.parent_info",
    ),
    _Need(("transform.keys", "transform.execve_argv"), lambda c: c.output == "laurel", "`output: laurel`"),
    _Need(("host",), lambda c: c.output != "laurel", "`output: ecs` or `ocsf`"),
    _Need(("probe.emit", "probe.coverage_timeout", "probe.coverage_events"), lambda c: c.probe.use, "probe.use"),
    _Need(("probe.coverage_events",), lambda c: c.probe.coverage_timeout > 0, "probe.coverage_timeout"),
    _Need(("filterlog",), lambda c: _may_log(c.filter), "`filter_action: log`, or a rule with action=log"),
    _Need(("filter.filter_action",), lambda c: _filters(c.filter), "something to filter"),
    _Need(
        ("label_process.label_argv_count", "label_process.label_argv_bytes"),
        lambda c: bool(c.label_process.label_argv or c.label_process.unlabel_argv),
        "label_argv or unlabel_argv",
    ),
    _Need(
        ("state.generations", "state.max_age", "state.write_state_period"), lambda c: bool(c.state.file), "state.file"
    ),
    _Need(("redact.key_file",), lambda c: any(_hashes(c)), "`action: hash`"),
    _Need(("metrics.users", "metrics.tls"), lambda c: bool(c.metrics.listen), "metrics.listen"),
    _Need(("metrics.stage_times", "metrics.auditd_state"), lambda c: c.metrics.wanted, "metrics.listen or .textfile"),
)


def remarks(config: Config) -> Iterator[Remark]:
    """All that is worth a look."""
    for need in _NEEDS:
        for option in need.options:
            if _is_set(config, option) and not need.met(config):
                yield Remark(option, f"has no effect without {need.words}")
    yield from _paths(config)
    for log in _LOGS:
        yield from _log(log, _value(config, log))
    yield from _labels(config)
    yield from _types(config)
    if any(_hashes(config)) and config.redact.key_file is None:
        yield Remark("redact.action", "without redact.key_file secrets are masked, not hashed")
    if not config.metrics.users and not is_loopback(parse_address(config.metrics.listen)):
        text = f"all that can reach {config.metrics.listen} may read the metrics; metrics.users asks for a password"
        yield Remark("metrics.listen", text)


def _value(config: object, option: str) -> Any:
    return reduce(lambda section, name: getattr(section, name, None), option.split("."), config)


def _is_set(config: Config, option: str) -> bool:
    return bool(_value(config, option) != _value(_DEFAULT, option))


def _rules(options: FilterOptions) -> list[FilterRule]:
    return [parse_rule(name, text) for name, text in options.rules.items()]


def _may_log(options: FilterOptions) -> bool:
    return options.filter_action == "log" or any(rule.action == "log" for rule in _rules(options))


def _filters(options: FilterOptions) -> bool:
    listed = (options.filter_keys, options.filter_labels, options.filter_sockaddr, options.filter_raw_lines)
    return bool(any(listed) or options.filter_null_keys or options.rules or options.drop_records)


def _hashes(config: Config) -> Iterator[bool]:
    """Of each rule, whether it hashes."""
    for rule in parse_rules(config.redact.rules, config.redact.action):
        yield rule.hashed


def _paths(config: Config) -> Iterator[Remark]:
    for option in _PATHS:
        value = _value(config, option) or ()
        for path in (value,) if isinstance(value, str) else value:
            if not path.startswith("/"):
                text = f"{path} is below the directory that the sensor is started in, / under auditd"
                yield Remark(option, text)


def _log(name: str, options: OutputOptions | None) -> Iterator[Remark]:
    """What of a log has no effect, or fills the folder with files of a line or two."""
    if options is None:
        return
    if options.file == "-" or options.file.startswith(("|", "unix:")):
        default = OutputOptions()
        for key in _OF_FILES:
            if getattr(options, key) != getattr(default, key):
                yield Remark(f"{name}.{key}", f"has no effect: {options.file} is no file")
    elif options.size is not None and options.size < _LEAST_SIZE:
        yield Remark(
            f"{name}.size", f"{options.size} bytes hold a few events at most: a unit is missing, as in 10 MiB?"
        )


def _labels(config: Config) -> Iterator[Remark]:
    """Labels that are asked for and that nothing gives; stages of one's own may give any."""
    options = config.label_process
    maps = (options.label_exe, options.label_argv, options.label_script, options.label_unit, options.label_container)
    given = {*options.label_keys, *(label for each in maps for label in each.values())}
    if config.stages:
        return
    of_rules = [
        label.encode("latin-1").decode()
        for rule in _rules(config.filter)
        for condition in rule.conditions
        if condition.name == "label"
        for label in sorted(condition.values)
    ]
    asked = (
        ("label_process.propagate_labels", options.propagate_labels),
        ("filter.filter_labels", config.filter.filter_labels),
        ("filter.rules", of_rules),
    )
    for option, labels in asked:
        for label in labels:
            if label not in given:
                yield Remark(option, f'nothing gives a process the label "{label}"')


def _types(config: Config) -> Iterator[Remark]:
    """Types of records that no table has."""
    of_rules = [
        kind
        for rule in _rules(config.filter)
        for condition in rule.conditions
        if condition.name == "type"
        for kind in sorted(condition.values)
    ]
    for option, kinds in (("filter.drop_records", config.filter.drop_records), ("filter.rules", of_rules)):
        for kind in kinds:
            if not _is_type(kind):
                yield Remark(option, f'no type of records is called "{kind}"')


def _is_type(text: str) -> bool:
    if text.endswith("*"):
        return any(name.startswith(text[:-1]) for name in NUMBERS)
    return text in NUMBERS or text.startswith("UNKNOWN[")

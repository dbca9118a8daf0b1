"""host-sensor: run · convert · show · tree · top · check · doctor · rules · options · fields · guid · probe · bench, …

Parses arguments, prints, sets exit codes: 0 done, 1 it failed, 2 it was asked wrongly.
What a command needs is imported when it runs, so that `run` stays small.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from sensor import __version__
from sensor.command_parser import CommandParser, positive
from sensor.compiled import is_compiled
from sensor.errors import SensorError
from sensor.printable import printable

DEFAULT_CONFIG = "/etc/host-sensor/config.yaml"
_AT_DEFAULTS = "without it every option has its default"
"""Recorded logs become the same on every host, and for users who may not read the host's configuration."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    parsed = make_parser(whole=list(given[:1]) != ["run"]).parse_args(given)
    try:
        return int(parsed.command(parsed) or 0)
    except SensorError as error:
        print(printable(f"host-sensor: {error}"), file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def make_parser(whole: bool = True) -> argparse.ArgumentParser:
    """The command line; the manual page is made from it, too. Not whole: what `run` needs of it."""
    parser = CommandParser(prog="host-sensor", description="The Linux audit stream as JSON Lines.")
    how = "compiled" if is_compiled() else "interpreted"
    parser.add_argument("--version", action="version", version=f"host-sensor {__version__} ({how})")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, function: Any, help: str, more: str = "") -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=f"{help} {more}".rstrip())
        sub.set_defaults(command=function)
        return sub

    _add_streams(add)
    if whole:
        from sensor.ship.arguments import add_ship

        _add_logs(add)
        _add_references(add)
        _add_host(add)
        add_ship(add)
    return parser


def _add_config(sub: argparse.ArgumentParser, without: str = f"default: {DEFAULT_CONFIG}") -> None:
    sub.add_argument("-c", "--config", metavar="FILE", help=f"configuration ({without})")


def _add_streams(add: Any) -> None:
    """The commands that make JSON Lines of audit records."""
    sub = add(
        "run",
        _run,
        "Read audit records and write JSON Lines, until the input ends.",
        "This is what auditd runs: records come from standard input, unless the configuration names another input.",
    )
    _add_config(sub)
    sub = add(
        "convert",
        _convert,
        "Turn recorded audit logs into JSON Lines on standard output.",
        "Without a LOG standard input is read. Files are read in the order of time, whatever order they are named in. "
        "The exit status is 1 if what was read has lines, and none of them is an audit record.",
    )
    _add_config(sub, _AT_DEFAULTS)
    sub.add_argument(
        "files", nargs="*", default=["-"], metavar="LOG", help="audit.log, also .gz .zst .xz .bz2; - is standard input"
    )


def _add_logs(add: Any) -> None:
    """The commands that look into logs, the sensor's and auditd's."""
    from sensor.show.arguments import add_show, add_tree

    sub = add(
        "show",
        _show,
        "Print events of the log for people to read, chosen by conditions.",
        "Without a LOG the configured one is read, with what was rotated away from it. The exit status is 1 if no "
        "event is found.",
    )
    _add_config(sub)
    add_show(sub)
    sub = add(
        "tree",
        _tree,
        "Print the process tree of a log: what started what, when, and how it ended.",
        "It is made of GUIDs, which the live sensor's log has and the output of convert has not.",
    )
    _add_config(sub)
    add_tree(sub)
    sub = add("bench", _bench, "Measure how much CPU time the events of recorded logs cost.")
    _add_config(sub, _AT_DEFAULTS)
    sub.add_argument("files", nargs="+", metavar="LOG", help="as for convert")
    sub = add(
        "top",
        _top,
        "Show what fills a log: by audit key, program, system call, file, unit, record type and added key.",
        "Without a LOG standard input is read. With -c the output of that configuration is counted, so that the effect "
        "of filters, and the bytes that an option adds, can be seen before they are used.",
    )
    _add_config(sub, _AT_DEFAULTS)
    sub.add_argument("-n", "--rows", type=positive, default=10, metavar="N", help="how many of each (default: 10)")
    sub.add_argument(
        "-b", "--by", metavar="WHAT", help="only by these: key, exe, syscall, path, unit, type, added; with commas"
    )
    sub.add_argument("-e", "--events", action="store_true", help="those with the most events first, not the most bytes")
    sub.add_argument("files", nargs="*", default=["-"], metavar="LOG", help="an audit.log, or what the sensor wrote")


def _add_references(add: Any) -> None:
    """The commands about the configuration and the output."""
    sub = add(
        "check",
        _check,
        "Show everything that is wrong with a configuration, with line and probable intention.",
        "Warnings are about what this host does not have and what has no effect. Mistakes make the exit status 1.",
    )
    sub.add_argument("file", nargs="?", default=DEFAULT_CONFIG, metavar="FILE", help=f"default: {DEFAULT_CONFIG}")
    add("options", _options, "Print every option with its default and meaning, as a configuration file.")
    sub = add(
        "fields",
        _fields,
        "Show what the keys are that the sensor adds to events.",
        "For each: where it stands, its type and unit, its source, and the option that switches it on.",
    )
    sub.add_argument("key", nargs="?", metavar="KEY", help="one of them, alone or as a path: SYSCALL.PID.GUID")
    add(
        "password-hash",
        _password_hash,
        "Read a password and print its hash for metrics.users.",
        "The password is the first line of standard input; a terminal is asked without showing it.",
    )
    sub = add("import-laurel", _import_laurel, "Print a configuration of LAUREL as one of host-sensor.")
    sub.add_argument("file", metavar="FILE", help="LAUREL's config.toml")


def _add_host(add: Any) -> None:
    """The commands about this host."""
    from sensor.rules.arguments import HELP, MORE, add_rules

    sub = add(
        "doctor",
        _doctor,
        "Examine the audit of this host: what is wrong, and what to do about it.",
        "The way of an event is followed from the kernel to the log, and a test event is sent along it. The exit "
        "status is 1 if something fails.",
    )
    _add_config(sub)
    sub.add_argument("--json", action="store_true", help="an array of findings: level, name, text, advice")
    sub.add_argument("--no-test-event", action="store_true", help="send no event")
    sub.add_argument("--strict", action="store_true", help="exit with 1 for warnings, too")
    sub = add("rules", _rules, HELP, MORE)
    _add_config(sub)
    add_rules(sub)
    sub = add("guid", _guid, "Print the GUIDs of running processes.")
    sub.add_argument("processes", nargs="+", metavar="PID|NAME", help="number, or name of every process so called")
    sub = add(
        "probe",
        _probe,
        "Load, unload or look at the kernel probe.",
        "The probe makes process identities exact; without it they are read from /proc, too late for processes that "
        "end at once. The service host-sensor-probe loads it. Only the first load on a kernel needs BCC (package "
        "python3-bpfcc or python3-bcc).",
    )
    _add_config(sub)
    sub.add_argument("action", choices=("load", "unload", "status"), help="status exits with 1 if it is not attached")


def _load(path: str | None) -> Any:
    """The configuration to use: the one named, else the default file if there is one, else all defaults."""
    from sensor.config import Config, load

    if path is None and not os.path.exists(DEFAULT_CONFIG):
        return Config()
    return load(path or DEFAULT_CONFIG)


def _load_for_logs(path: str | None) -> Any:
    """The configuration for recorded logs: the one named, else all defaults."""
    from sensor.config import Config, load

    return load(path) if path else Config()


def _run(parsed: argparse.Namespace) -> int:
    from sensor.daemon import run

    return run(parsed.config or DEFAULT_CONFIG)


def _log_to_terminal() -> None:
    """Show what the parts have to report on standard error, each message once in a while."""
    from sensor.daemon.syslog import start_logging

    start_logging(at_terminal=True)


def _convert(parsed: argparse.Namespace) -> int:
    from sensor.convert import convert

    _log_to_terminal()
    return convert(parsed.files, _load_for_logs(parsed.config))


def _check(parsed: argparse.Namespace) -> int:
    from sensor.config import read
    from sensor.config.ineffective import remarks
    from sensor.config.warnings import missing

    config, mistakes = read(parsed.file)
    found = [] if mistakes else [f"{parsed.file}: warning: {each}" for each in (*missing(config), *remarks(config))]
    for line in (*map(str, mistakes), *found):
        print(printable(line))
    if not mistakes:
        print(printable(f"{parsed.file}: no mistakes" + (f", {len(found)} to look at" if found else " found")))
    return 1 if mistakes else 0


def _doctor(parsed: argparse.Namespace) -> int:
    from sensor.config import read
    from sensor.doctor import examine, worst
    from sensor.doctor.host import HostView
    from sensor.doctor.report import as_json, show
    from sensor.terminal import Screen

    path = parsed.config or DEFAULT_CONFIG
    config, _ = read(path)  # mistakes are among the findings
    findings = list(examine(HostView(), config, path, not parsed.no_test_event))
    print(as_json(findings) if parsed.json else "\n".join(show(findings, Screen.of(sys.stdout))))
    return worst(findings, parsed.strict)


def _rules(parsed: argparse.Namespace) -> int:
    from sensor.rules.command import run

    return run(parsed, parsed.config or DEFAULT_CONFIG)


def _options(parsed: argparse.Namespace) -> None:
    from sensor.config import reference

    print(reference(), end="")


def _fields(parsed: argparse.Namespace) -> int:
    from sensor.tables.output_schema import KEYS, find, holders, how_written

    if parsed.key is None:
        for row in KEYS:
            print(f"{row.where}: {row.name}\n    {row.kind}; {row.meaning}")
        return 0
    rows = find(parsed.key)
    for row in rows:
        where = ", ".join([row.where, *holders(row.where)])
        print(f"{row.name}\n  in:      {where}\n  type:    {row.kind}\n  source:  {row.source}")
        print(f"  option:  {row.option or 'none: always there'}\n  {row.meaning}")
    written = how_written(parsed.key)
    if written is not None:
        print(f"{printable(parsed.key)}\n  in:      records\n  type:    {written}; host-sensor-events(5), VALUES")
    if rows or written:
        return 0
    unknown = f"host-sensor: fields: {parsed.key}: is no key that the sensor adds, nor a field that it knows"
    print(printable(unknown), file=sys.stderr)
    return 1


def _import_laurel(parsed: argparse.Namespace) -> None:
    from sensor.laurel import import_laurel

    print(import_laurel(parsed.file), end="")


def _password_hash(parsed: argparse.Namespace) -> int:
    from sensor.metrics.passwords import asked, hashed

    password = asked()
    if not password:
        print("host-sensor: password-hash: there is no password", file=sys.stderr)
        return 1
    print(hashed(password))
    return 0


def _guid(parsed: argparse.Namespace) -> int:
    from sensor.process.lookup import look_up
    from sensor.process.procfs import ProcFS

    failed = False
    for found in look_up(parsed.processes, ProcFS()):
        if found.error:
            print(printable(f"host-sensor: {found.asked}: {found.error}"), file=sys.stderr)
            failed = True
        else:
            print(f"{found.pid}\t{found.guid}\t{found.comm}")
    return 1 if failed else 0


def _show(parsed: argparse.Namespace) -> int:
    from sensor.show import command

    return command.show(parsed, command.configuration(parsed.config, DEFAULT_CONFIG))


def _tree(parsed: argparse.Namespace) -> int:
    from sensor.show import command

    return command.tree(parsed, command.configuration(parsed.config, DEFAULT_CONFIG))


def _bench(parsed: argparse.Namespace) -> int:
    from sensor.build import build
    from sensor.convert import converted
    from sensor.stats import Stats

    _log_to_terminal()
    sensor = build(_load_for_logs(parsed.config), Stats(), live=False)
    size = 0
    start = time.process_time()
    for lines in converted(sensor, parsed.files):
        size += sum(map(len, lines))
    seconds = max(time.process_time() - start, 1e-9)
    counts = sensor.stats.pipeline
    each = seconds / max(counts.events, 1) * 1e6
    print(f"{counts.events:,} events, {counts.lines:,} lines in, {size / 1e6:,.1f} MB of JSON")
    print(f"{each:.1f} µs of CPU an event, {counts.events / seconds:,.0f} events/s")
    print(f"{counts.fast_events / max(counts.events, 1):.0%} taken as whole blocks")
    return 0


def _probe(parsed: argparse.Namespace) -> int:
    from sensor.probe import loader
    from sensor.probe.kept import CompiledProbes

    config = _load(parsed.config)
    options = config.probe
    if parsed.action == "load":
        status = loader.load(options, config.user, kept=CompiledProbes(options.cache))
    elif parsed.action == "unload":
        status = loader.unload(options)
    else:
        status = loader.status(options)
    print(*_describe_probe(status), sep="\n")
    return 0 if parsed.action != "status" or status.attached else 1


def _describe_probe(status: Any) -> Iterator[str]:
    """What `probe status` prints, one thing a line."""
    if not status.loaded:
        yield f"not loaded: nothing is pinned in {status.path}"
        return
    yield f"loaded in {status.path}, {'attached' if status.attached else 'NOT attached: load it again'}"
    if not status.current:
        yield "of another version or with other options than configured: load it again"
    yield "a sensor is reading it" if status.read else "no sensor is reading it"
    yield f"{status.made:,} records made, {status.lost:,} of them lost, {status.live:,} processes known"
    if status.untracked:
        yield f"{status.untracked:,} times there was no room for a process: raise probe.processes"
    if status.missing:
        yield f"this kernel does not give {', '.join(status.missing)}"


def _top(parsed: argparse.Namespace) -> int:
    from sensor.terminal import Screen
    from sensor.top.read import DIMENSIONS, count
    from sensor.top.show import show

    _log_to_terminal()
    chosen = parsed.by.split(",") if parsed.by else list(DIMENSIONS)
    unknown = [name for name in chosen if name not in DIMENSIONS]
    if unknown:
        message = f"host-sensor: top: nothing is counted by {', '.join(unknown)}; try {', '.join(DIMENSIONS)}"
        print(printable(message), file=sys.stderr)
        return 2
    counts = count(parsed.files, _load_for_logs(parsed.config))
    for line in show(counts, chosen, parsed.rows, parsed.events, Screen.of(sys.stdout)):
        print(line)
    return 0

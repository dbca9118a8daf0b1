"""What `host-sensor show` and `host-sensor tree` do with their arguments: find the logs, choose, print."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence

from sensor.config import Config, load
from sensor.config.read import FRAGMENTS
from sensor.errors import InputError
from sensor.inputs.files import in_order
from sensor.outputs.fifo import is_fifo
from sensor.printable import ESCAPES, printable
from sensor.rights import accounts
from sensor.show.conditions import Conditions, moment
from sensor.show.event import OWN_KINDS
from sensor.show.logs import follow, generations, read_lines
from sensor.show.read import Reader
from sensor.show.screen import day, lines
from sensor.show.tree import ProcessTree
from sensor.tables import syscalls
from sensor.tables.record_types import NUMBERS
from sensor.terminal import Screen

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def configuration(path: str | None, default: str) -> Config:
    """The configuration that is named, else the host's; raises ConfigError.

    Where the host's is for others to read all options have their defaults: who may read the log need not see it.
    """
    if path is not None:
        return load(path)
    beside = os.path.join(os.path.dirname(default), FRAGMENTS)
    if any(os.path.exists(name) and not os.access(name, os.R_OK) for name in (default, beside)):
        print(f"host-sensor: {default} may not be read: the defaults are used; -c names another", file=sys.stderr)
        return Config()
    return load(default) if os.path.exists(default) else Config()


def logs(files: Sequence[str], config: Config) -> list[str]:
    """The files to read: those given, else the configured log and what was rotated away from it."""
    if files:
        return in_order(files)
    name = config.auditlog.file
    if name == "-" or name.startswith(("|", "unix:")):
        raise InputError(f"the configured log is no file, events go to {name}: name one")
    path = os.path.join(config.directory, name)
    if is_fifo(path):
        raise InputError(f"{path}: is a FIFO, and what is in it is its reader's; name a log")
    try:
        found = generations(path)
    except (FileNotFoundError, NotADirectoryError):
        found = []
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    if not found:
        raise InputError(f"{path}: there is no such log; name one")
    return found


def show(parsed: argparse.Namespace, config: Config) -> int:
    """Print the events that are asked for; 1 where there is none."""
    screen = Screen.of(sys.stdout)
    reader = Reader(config.prefix)
    chosen = _conditions(parsed)
    files = logs(parsed.files, config)
    source: Iterator[bytes | None] = follow(files[-1]) if parsed.follow else read_lines(files)
    if parsed.follow and not os.path.exists(files[-1]):
        print(f"host-sensor: {files[-1]}: is not there; waiting for it", file=sys.stderr)
    shown, today = 0, ""
    for found in reader.chosen(source, chosen):
        if found is None:
            sys.stdout.flush()
            continue
        line, event = found
        shown += 1
        if parsed.json:
            sys.stdout.buffer.write(_harmless(line) + b"\n")
            continue
        if day(event.time) != today:
            today = day(event.time)
            print(f"— {today} —" if screen.unicode else f"-- {today} --")
        for text in lines(event, screen):
            print(text)
    if reader.skipped:
        made = "" if reader.events else "; `host-sensor convert` makes events of an audit log"
        print(f"host-sensor: {reader.skipped:,} lines are no events{made}", file=sys.stderr)
    if not shown and (reader.events or not reader.skipped):
        why = "".join(f"; {reason}" for reason in _why_none(chosen, time.time()))
        print(printable(f"host-sensor: show: no event is found{why}"), file=sys.stderr)
    return 0 if shown else 1


def _why_none(chosen: Conditions, now: float) -> Iterator[str]:
    """What about the conditions may be the reason that no event meets them."""
    if chosen.uid is not None and not chosen.uid.isdigit() and chosen.number is None:
        yield f"this host has no user {chosen.uid}"
    if chosen.syscall is not None and not _is_known(chosen.syscall):
        yield f"{chosen.syscall} is neither a system call nor a record type"
    if chosen.guid is not None and not _GUID.fullmatch(chosen.guid):
        yield f"{chosen.guid} is no GUID"
    if chosen.since is not None and chosen.since > now:
        yield "--since is in the future"


def _is_known(kind: str) -> bool:
    return syscalls.is_name(kind) or kind.upper() in NUMBERS or kind in OWN_KINDS


def tree(parsed: argparse.Namespace, config: Config) -> int:
    """Print the process tree; 1 where nothing is in it."""
    screen = Screen.of(sys.stdout)
    reader = Reader(config.prefix)
    grown = ProcessTree()
    for line in read_lines(logs(parsed.files, config)):
        event = reader.event(line) if line else None
        if event is not None:
            grown.add(event)
    asked = parsed.guid or parsed.pid is not None or parsed.exe or parsed.session
    tops = grown.select(parsed.guid.lower(), parsed.pid, parsed.exe, parsed.session) if asked else grown.roots()
    for text in grown.lines(tops, screen):
        print(text)
    if grown.dropped:
        print(f"host-sensor: {grown.dropped:,} of the oldest processes are left out", file=sys.stderr)
    if not tops:
        why = (
            "no such process" if asked and grown.roots() else "no event has its process's GUID: recorded logs have none"
        )
        print(f"host-sensor: tree: {why}", file=sys.stderr)
    return 0 if tops else 1


def _harmless(line: bytes) -> bytes:
    """A line of JSON without what no screen shows: this sensor writes none such, but others may have."""
    line = line.replace(b"\r", b" ")  # which JSON takes for a blank, and a terminal for the way back
    if line.isascii() and b"\x7f" not in line:
        return line
    return line.decode("utf-8", "surrogateescape").translate(ESCAPES).encode("utf-8", "surrogateescape")


def _conditions(parsed: argparse.Namespace) -> Conditions:
    now = time.time()
    since, until = (_moment(text, now) for text in (parsed.since, parsed.until))
    success = None if parsed.success is None else parsed.success == "yes"
    if since is not None and until is not None and until < since:
        raise InputError(f"--until {parsed.until} is before --since {parsed.since}")
    names = ("key", "uid", "pid", "exe", "path", "syscall", "session")
    account = accounts.any_user(parsed.uid) if parsed.uid and not parsed.uid.isdigit() else None
    return Conditions(
        **{name: getattr(parsed, name) for name in names},
        guid=parsed.guid and parsed.guid.lower(),
        success=success,
        since=since,
        until=until,
        number=account.uid if account is not None else None,
    )


def _moment(text: str | None, now: float) -> float | None:
    if text is None:
        return None
    try:
        return moment(text, now, now - time.clock_gettime(time.CLOCK_BOOTTIME))
    except ValueError:
        raise InputError(f"{text}: is no time; try `2026-11-28 10:05`, 10:05, today, recent or `2 h ago`") from None

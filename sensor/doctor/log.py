"""The log: written just now, by whom and for whom it should be, on a disk with room, for how many hours."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sensor.audit.naming import Naming
from sensor.config import Config
from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.doctor.host import HostView
from sensor.jsonl import loads

_TAIL = 1 << 18  # bytes of the log that are looked at
_LEAST_FREE = 0.05
_LEAST_HOURS = 24.0
_SILENT = 3600.0  # seconds


def file_of(config: Config) -> str | None:
    """The path of the log; None where events go elsewhere."""
    name = config.auditlog.file
    if name == "-" or name.startswith(("|", "unix:")):
        return None
    return os.path.join(config.directory, name)


def check_log(host: HostView, config: Config) -> Iterator[Finding]:
    """The folder, the file, its newest events, the disk."""
    path = file_of(config)
    if path is None:
        yield Finding(NOTE, "log.file", f"events go to {config.auditlog.file}: there is no file to look at")
        return
    status = host.status(path)
    if host.is_hidden(path):
        yield Finding(NOTE, "log.file", f"{path} cannot be read", "run doctor as root")
        return
    if status is None:
        advice = f"is the plugin running? ls -ld {config.directory}; an empty log appears with the first event"
        yield Finding(FAILURE, "log.file", f"{path} is not there, or cannot be seen", advice)
        return
    if stat.S_ISFIFO(status.st_mode):
        yield Finding(NOTE, "log.file", f"{path} is a FIFO: what is in it is its reader's, and not looked at")
        return
    yield from _readers(host, config)
    events = newest(host, path)
    if not events:
        advice = "no event yet: are audit rules loaded? auditctl -l"
        yield Finding(WARNING, "log.events", f"{path} holds no event", advice)
    else:
        yield from _age(path, events)
        yield from _identities(events, Naming(config.prefix))
    yield from _room(host, config, status.st_size, events)


def newest(host: HostView, path: str) -> list[dict[str, Any]]:
    """The newest events of a log, oldest first; what cannot be read as JSON is left out."""
    lines = host.end(path, _TAIL).split(b"\n")
    events = []
    for line in lines[-2000:]:
        try:
            found = loads(line)
        except ValueError:  # the first one is cut
            continue
        if isinstance(found, dict):
            events.append(found)
    return events


def time_of(event: dict[str, Any]) -> float | None:
    """An event's time in seconds since 1970, by its id in LAUREL's form, ECS or OCSF; None for one without an id."""
    id = event.get("ID") or _member(event, "event", "id") or _member(event, "metadata", "uid")
    try:
        return float(str(id).partition(":")[0])
    except ValueError:
        return None


def guid_source(event: dict[str, Any], naming: Naming) -> object:
    """GUID_SOURCE of who made a system call, in any form; None without one. Raises LookupError for any other event."""
    if isinstance(event.get("SYSCALL"), dict):
        return _member(event, "SYSCALL", naming.key("PID"), "GUID_SOURCE")
    if _member(event, "auditd", "message_type") == "syscall":
        return _member(event, "host_sensor", "process", "entity_id_source")
    if _member(event, "metadata", "event_code") == "SYSCALL":
        return _member(event, "unmapped", "host_sensor", "process", "entity_id_source")
    raise LookupError


def _member(value: Any, *names: str) -> Any:
    """A member of a member …; None where one of them is not there."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _age(path: str, events: list[dict[str, Any]]) -> Iterator[Finding]:
    """How long ago the newest event was, of those that have a time: a line that is no audit record has none."""
    newest_time = next((moment for event in reversed(events) if (moment := time_of(event)) is not None), None)
    if newest_time is None:
        text = f"none of the newest lines of {path} has the time of an event"
        yield Finding(WARNING, "log.events", text, "look at it: does another program write this file?")
        return
    age = time.time() - newest_time
    level = OK if age < _SILENT else WARNING
    advice = "" if level == OK else "are audit rules loaded? host-sensor doctor sends a test event to find out"
    yield Finding(level, "log.events", f"the newest event of {path} is {_span(age)} old", advice)


def _identities(events: list[dict[str, Any]], naming: Naming) -> Iterator[Finding]:
    """How many of the newest events name their process, and from which source."""
    sources: list[object] = []
    for event in events:
        with suppress(LookupError):
            sources.append(guid_source(event, naming))
    if not sources:
        return
    nameless, probed = sources.count(None), sources.count("probe")
    text = f"of {len(sources)} newest system call events {probed} have a GUID from the probe, {nameless} have none"
    if nameless * 50 > len(sources):
        advice = "host_sensor_unidentified_events_total has the reasons; is the probe loaded?"
        yield Finding(WARNING, "log.identities", text, advice)
    else:
        yield Finding(OK, "log.identities", text)


def _readers(host: HostView, config: Config) -> Iterator[Finding]:
    """Whether those who may read the file can enter its folder."""
    mode = host.mode(config.directory)
    if mode is None or mode & 0o001:
        return
    wanted = [*config.auditlog.read_users, *config.auditlog.read_groups]
    if not wanted and not config.auditlog.read_other:
        return
    answer = host.run("getfacl", "-cp", host.path(config.directory))
    entries = answer.text if answer else ""
    shut = [name for name in wanted if f":{name}:" not in entries]
    if shut or config.auditlog.read_other:
        who = ", ".join(shut) or "others"
        text = f"{who} may read the log and cannot enter {config.directory}"
        yield Finding(WARNING, "log.readers", text, f"setfacl -m u:NAME:x {config.directory}, or g:NAME:x")


def _room(host: HostView, config: Config, size: int, events: list[dict[str, Any]]) -> Iterator[Finding]:
    """Free space, and for how long the log reaches back at the present rate."""
    disk = host.disk(config.directory)
    if disk is not None and disk.f_blocks and disk.f_bavail / disk.f_blocks < _LEAST_FREE:
        text = f"{disk.f_bavail / disk.f_blocks:.0%} of the disk of {config.directory} are free"
        yield Finding(WARNING, "log.disk", text, "make room, or lower auditlog.size and auditlog.generations")
    times = [moment for event in events if (moment := time_of(event)) is not None]
    if config.auditlog.size is None or len(times) < 2 or times[-1] - times[0] < 1:
        return
    rate = min(size, _TAIL) / (times[-1] - times[0])
    hours = config.auditlog.size * (config.auditlog.generations + 1) / rate / 3600
    text = f"at the present rate ({rate / 1000:.1f} kB/s) the log reaches back {_span(hours * 3600)}"
    if hours < _LEAST_HOURS:
        advice = (
            "raise auditlog.size and auditlog.generations, filter, or audit less: host-sensor top shows what fills it"
        )
        yield Finding(NOTE, "log.retention", text, advice)
    else:
        yield Finding(OK, "log.retention", text)


def _span(seconds: float) -> str:
    """ "3 hours" and the like."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"

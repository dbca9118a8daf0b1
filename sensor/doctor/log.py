"""The log: written just now, by whom and for whom it should be, on a disk with room, for how many hours."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

from sensor.config import Config
from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.doctor.host import Host
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


def check_log(host: Host, config: Config) -> Iterator[Finding]:
    """The folder, the file, its newest events, the disk."""
    path = file_of(config)
    if path is None:
        yield Finding(NOTE, "log.file", f"events go to {config.auditlog.file}: there is no file to look at")
        return
    status = host.status(path)
    if status is None:
        advice = f"is the plugin running? ls -ld {config.directory}; an empty log appears with the first event"
        yield Finding(FAILURE, "log.file", f"{path} is not there, or cannot be seen", advice)
        return
    yield from _readers(host, config)
    events = newest(host, path)
    if not events:
        advice = "no event yet: are audit rules loaded? auditctl -l"
        yield Finding(WARNING, "log.events", f"{path} holds no event", advice)
    else:
        age = time.time() - (time_of(events[-1]) or 0)
        level = OK if age < _SILENT else WARNING
        advice = "" if level == OK else "are audit rules loaded? host-sensor doctor sends a test event to find out"
        yield Finding(level, "log.events", f"the newest event of {path} is {_span(age)} old", advice)
        yield from _identities(events)
    yield from _room(host, config, status.st_size, events)


def newest(host: Host, path: str) -> list[dict[str, Any]]:
    """The newest events of a log, oldest first; what cannot be read as JSON is left out."""
    try:
        with open(host.path(path), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            lines = file.read(_TAIL).split(b"\n")
    except OSError:
        return []
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
    """An event's time in seconds since 1970, by its ID."""
    try:
        return float(str(event.get("ID")).partition(":")[0])
    except ValueError:
        return None


def _identities(events: list[dict[str, Any]]) -> Iterator[Finding]:
    """How many of the newest events name their process, and from which source."""
    processes = [event["SYSCALL"].get("PID") for event in events if isinstance(event.get("SYSCALL"), dict)]
    sources = [process.get("GUID_SOURCE") if isinstance(process, dict) else None for process in processes]
    if not sources:
        return
    nameless, probed = sources.count(None), sources.count("probe")
    text = f"of {len(sources)} newest system call events {probed} have a GUID from the probe, {nameless} have none"
    if nameless * 50 > len(sources):
        advice = "host_sensor_unidentified_events_total has the reasons; is the probe loaded?"
        yield Finding(WARNING, "log.identities", text, advice)
    else:
        yield Finding(OK, "log.identities", text)


def _readers(host: Host, config: Config) -> Iterator[Finding]:
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


def _room(host: Host, config: Config, size: int, events: list[dict[str, Any]]) -> Iterator[Finding]:
    """Free space, and for how long the log reaches back at the present rate."""
    disk = host.disk(config.directory)
    if disk is not None and disk.f_blocks and disk.f_bavail / disk.f_blocks < _LEAST_FREE:
        text = f"{disk.f_bavail / disk.f_blocks:.0%} of the disk of {config.directory} are free"
        yield Finding(WARNING, "log.disk", text, "make room, or lower auditlog.size and auditlog.generations")
    times = [moment for event in (events[:1] + events[-1:]) if (moment := time_of(event)) is not None]
    if config.auditlog.size is None or len(times) < 2 or times[1] - times[0] < 1:
        return
    rate = min(size, _TAIL) / (times[1] - times[0])
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

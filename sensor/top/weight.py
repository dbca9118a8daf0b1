"""What is counted about an event, from its records or from a line that the sensor wrote.

{"ID":…,"SYSCALL":{…,"exe":"/usr/bin/cat","key":"etc",…},"PATH":[{"name":"/etc/passwd",…}],…}
{"@timestamp":…,"tags":["etc"],"process":{"executable":"/usr/bin/cat",…},"auditd":{…},…}
{"class_uid":…,"metadata":{"labels":["etc"],…},"actor":{"process":{"file":{"path":"/usr/bin/cat"},…},…},…}
  keys etc · exe /usr/bin/cat · call openat · paths /etc/passwd · types SYSCALL, PATH
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sensor.audit.event import Event
from sensor.audit.naming import Naming
from sensor.forms.count import Sizes
from sensor.jsonl import dumps, loads
from sensor.tables import syscalls, uring_ops
from sensor.tables.record_types import NUMBERS
from sensor.top.added import added_sizes

NO_KEY = "(no key)"
_LONGEST = 300
_UNITS = ("systemd_service", "systemd_scope", "systemd_user_unit")


class EventWeight(NamedTuple):
    """One event; text is as the source has it.

    keys, paths, units: without repetitions; types: record type and its bytes, for each record.
    added: added key and its bytes.
    time: seconds since 1970.
    """

    bytes: int
    time: float
    keys: list[str]
    exe: str
    call: str
    paths: list[str]
    units: list[str]
    types: Sizes
    added: Sequence[tuple[str, int]] = ()


def weigh_event(event: Event, line: str, types: Sizes, prefix: str = "") -> EventWeight:
    """An event of the pipeline.

    line: as it is written; types: the bytes of its records; prefix: what is put before added keys.
    """
    added = added_sizes(loads(line), prefix)
    syscall = event.syscall
    exe = call = ""
    keys: list[str] = []
    if syscall is not None:
        exe, call = syscall.rest.exe, syscalls.name(syscall.head.arch, syscall.head.number) or str(syscall.head.number)
        keys = _texts(syscall.rest.fields.get("KEYS"))
    paths: list[str] = []
    units: list[str] = []
    for name, group in event.records.items():
        for record in group:
            if name == "PATH":
                paths += _path(record.fields)
            elif name not in _PLAIN:
                fields = record.fields
                message = fields.get("msg")
                inner = message if isinstance(message, dict) else {}
                exe = exe or _text(inner.get("exe") or fields.get("exe"))
                keys = keys or _texts(fields.get("KEYS"))
                units += _texts([inner.get("unit")] if name.startswith("SERVICE_") else [])
    if syscall is None and event.process is not None:
        exe = exe or event.process.program.exe
    if syscall is None and event.is_call:
        operation = event.subject.get("uring_op")
        call = (uring_ops.name(operation) if isinstance(operation, int) else None) or str(operation)
    return EventWeight(len(line) + 1, event.time, _once(keys), exe, call, _once(paths), _once(units), types, added)


def weigh_line(line: bytes, prefix: str = "") -> EventWeight | None:
    """A line of the sensor's, in any form; None if it is no JSON object with an id.

    prefix: what `enrich.prefix` put before added keys.
    """
    try:
        document = loads(line.decode("latin-1"))  # one character per byte, as in records
        if "@timestamp" in document or "ecs" in document:
            weight = _ecs(document, len(line))
        elif "class_uid" in document:
            weight = _ocsf(document, len(line))
        else:
            weight = _laurel(document, len(line), Naming(prefix))
        return weight._replace(added=added_sizes(document, prefix))
    except Exception:  # noqa: BLE001  the border: a line may have any shape, depth and size
        return None


_PLAIN = frozenset({"SYSCALL", "EXECVE", "CWD", "PROCTITLE", "SOCKADDR", "BPRM_FCAPS"})
"""Types that show neither a key, a program nor a unit beyond what SYSCALL does."""


def _laurel(document: dict[str, Any], bytes: int, naming: Naming) -> EventWeight:
    time = float(document["ID"].partition(":")[0])
    call = document.get("SYSCALL", {})
    number, arch = call.get("syscall"), call.get("arch")
    name = call.get(naming.key("SYSCALL")) or (
        syscalls.name(int(arch, 16), number) if number is not None and arch else None
    )
    exe, keys = _text(call.get("exe")), _texts(call.get("KEYS"))
    paths: list[str] = []
    units = _units(call.get(naming.key("PID"), {}))
    types = []
    for type, value in document.items():
        if type not in NUMBERS and not type.startswith(("UNKNOWN[", "PROBE_")):
            continue
        for record in value if isinstance(value, list) else [value]:
            types.append((type, len(dumps(record).decode())))
            message = record.get("msg")
            inner = message if isinstance(message, dict) else {}
            exe = exe or _text(inner.get("exe") or record.get("exe"))
            keys = keys or _texts(record.get("KEYS"))
            units += _texts([inner.get("unit")]) if type.startswith("SERVICE_") else []
            paths += _path(record) if type == "PATH" else []
    label = str(name or number) if name or number is not None else ""
    return EventWeight(bytes, time, _once(keys), exe, label, _once(paths), _once(units), types)


def _ecs(document: dict[str, Any], bytes: int) -> EventWeight:
    time = float(str(document["event"]["id"]).partition(":")[0])
    auditd = document.get("auditd", {})
    data = auditd.get("data", {})
    paths = [path for record in auditd.get("paths", ()) for path in _path(record)]
    units = _units(document.get("host_sensor", {}).get("process", {}))
    units += _texts([data.get("unit")]) if document["event"].get("action", "").endswith("-service") else []
    exe = _text(document.get("process", {}).get("executable"))
    type = str(auditd.get("message_type", document["event"].get("action", ""))).upper()
    keys = _texts(document.get("tags"))
    call = _text(data.get("syscall"))
    return EventWeight(bytes, time, _once(keys), exe, call, _once(paths), _once(units), [(type, bytes)])


def _ocsf(document: dict[str, Any], bytes: int) -> EventWeight:
    metadata, unmapped = document["metadata"], document.get("unmapped", {})
    time = float(str(metadata["uid"]).partition(":")[0])
    data = unmapped.get("data", {})
    paths = [path for record in unmapped.get("paths", ()) for path in _path(record)]
    units = _units(unmapped.get("host_sensor", {}).get("process", {}))
    units += _texts([data.get("unit")]) if document.get("activity_name", "").endswith("-service") else []
    call = _text(data.get("syscall"))
    process = document.get("process" if call.startswith("execve") else "actor", {})
    process = process.get("process", process)
    exe = _text(process.get("file", {}).get("path"))
    type = _text(metadata.get("event_code"))
    return EventWeight(
        bytes, time, _once(_texts(metadata.get("labels"))), exe, call, _once(paths), _once(units), [(type, bytes)]
    )


def _path(record: dict[str, Any]) -> list[str]:
    """The name in a PATH record, unless it is the directory above another."""
    return _texts([record.get("name")]) if record.get("nametype") != "PARENT" else []


def _units(process: dict[str, Any]) -> list[str]:
    """The innermost unit a process is in."""
    for name in reversed(_UNITS):
        value = process.get(name)
        if value:
            return _texts(value[-1:] if isinstance(value, list) else [value])
    return []


def _texts(values: Any) -> list[str]:
    return [value[:_LONGEST] for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _text(value: Any) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))

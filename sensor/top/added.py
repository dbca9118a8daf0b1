"""How many bytes each added key costs, beside the option that adds it.

{"SYSCALL":{"pid":42,"PID":{"GUID":"…"},"ARCH":"x86_64"},"PATH":[{"MODE":"-rw-r--r--"}],"TIME":"…"}
  SYSCALL.PID (enrich.pid) 22 · SYSCALL.ARCH (translate.universal) 16 · PATH.MODE (translate.universal) 20 · TIME …

In ECS and OCSF, where nothing is added to a record, these are the members of the top level, and those of host_sensor.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sensor.jsonl import dumps
from sensor.tables.output_schema import find

Sizes = list[tuple[str, int]]
"""Name and bytes, each name once."""

_LABELS = 1024
_OWN = ("host_sensor", "unmapped")


def added_sizes(document: dict[str, Any], prefix: str = "") -> Sizes:
    """The bytes of added keys in a line of the sensor's; prefix: what `enrich.prefix` put before them."""
    sizes: dict[str, int] = {}
    if "class_uid" in document or "@timestamp" in document or "ecs" in document:
        _count_members(document, "", sizes)
        return list(sizes.items())
    for name, value in document.items():
        label = _label("event", name, prefix)
        if label and not (isinstance(value, list) and value and isinstance(value[0], dict)):
            sizes[label] = sizes.get(label, 0) + _size(name, value)
            continue
        for record in value if isinstance(value, list) else (value,):
            if isinstance(record, dict):
                _count_record(name, record, prefix, sizes)
    return list(sizes.items())


def _count_members(members: dict[str, Any], path: str, sizes: dict[str, int]) -> None:
    for name, value in members.items():
        if name in _OWN and isinstance(value, dict):
            _count_members(value, f"{path}{name}.", sizes)
        else:
            sizes[f"{path}{name}"] = _size(name, value)


def _count_record(type: str, record: dict[str, Any], prefix: str, sizes: dict[str, int]) -> None:
    for name, value in record.items():
        if name[:1].isupper() or (prefix and name.startswith(prefix)):
            label = _label(type, name, prefix)
            if label:
                sizes[label] = sizes.get(label, 0) + _size(name, value)
    message = record.get("msg")
    if isinstance(message, dict):
        _count_record(type, message, prefix, sizes)


@lru_cache(_LABELS)
def _label(where: str, name: str, prefix: str) -> str:
    """What a key is called in the table, with its option; "" for one that the sensor does not add there."""
    known = name[len(prefix) :].upper() if prefix and name.startswith(prefix) else name
    places = ("event",) if where == "event" else ("record", where)
    rows = [row for row in find(f"{where}.{known}") if row.where in places]
    if not rows:
        return ""
    shown = known if where == "event" else f"{where}.{known}"
    option = rows[0].option
    if option and "auditd" in rows[0].source:
        option += ", or auditd"
    return f"{shown} ({option})" if option else shown


def _size(name: str, value: Any) -> int:
    """Bytes of a member, with quotes, colon and comma."""
    return len(name) + 4 + len(dumps(value).decode())

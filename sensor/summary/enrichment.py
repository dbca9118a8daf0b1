"""What the stages added to an event, in ECS words.

    "PID":{"EVENT_ID":"…","GUID":"b770…","GUID_SOURCE":"proc","container":{"id":"3f1c…","runtime":"docker","name":"web"}}
      "process":{"entity_id":"b770…"}   "container":{"id":"3f1c…","runtime":"docker","name":"web"}
      "host_sensor":{"process":{"exec_event_id":"…","entity_id_source":"proc"}}

Stages write JSON for the form that LAUREL has; here it is read again. The same text comes
with every event of a process, so its translation is remembered. What ECS has no word for stands
under `host_sensor`, in small letters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Callable, NamedTuple

from sensor.audit.render import Style
from sensor.audit.text import ESCAPES
from sensor.cache import BoundedDict
from sensor.summary.objects import address_family

Members = dict[str, Any]

_ENTRIES = 4096
_LONGEST = 4096
_RENAMED = {
    "GUID": "entity_id",
    "GUID_SOURCE": "entity_id_source",
    "EVENT_ID": "exec_event_id",
    "START_TIME": "start",
    "launch_time": "start",
    "ARGV": "args",
    "ARGV_SOURCE": "args_source",
    "comm": "name",
    "exe": "executable",
}
"""What the stages call the parts of an identity → ECS, or what we call them where ECS has no word."""
_OF_PROCESS = frozenset({"entity_id", "start", "name", "executable", "args", "exit_code"})
"""Parts of an identity that ECS has among its process fields."""
_SAID_OTHERWISE = frozenset({"EXIT", "TIME", "TYPE", "SUMMARY"})
_LAST = 253402300799.0


class Enrichment(NamedTuple):
    """Texts of JSON members, each with a comma before it.

    process, parent: of ECS process and process.parent.
    top: of the top level.
    own: of host_sensor.
    """

    process: str
    parent: str
    top: str
    own: str


class Parts:
    """Where translations go: members of ECS process, of its parent, of the top level, and of host_sensor."""

    def __init__(self) -> None:
        self.process: Members = {}
        self.parent: Members = {}
        self.top: Members = {}
        self.own: Members = {}


class Enrichments:
    """Translates what stages added."""

    def __init__(self, style: Style) -> None:
        self._prefix = style.prefix
        self._known: BoundedDict[tuple[str, str, bool], Enrichment] = BoundedDict(_ENTRIES)

    def of(self, call: str, top: str, is_exec: bool) -> Enrichment:
        """The translation of the members added to SYSCALL, and of those added to the top level.

        is_exec: the event has a command line of its own.
        """
        key = (call, top, is_exec)
        found = self._known.get(key)
        if found is None:
            parts = self.translate(_read(call + top))
            if is_exec:
                parts.process.pop("args", None)
            texts = (members_text(part) for part in (parts.process, parts.parent, parts.top, parts.own))
            found = Enrichment(*texts)
            if len(call) + len(top) <= _LONGEST:
                self._known.keep(key, found)
        return found

    def of_record(self, text: str) -> Parts:
        """The translation of the members added to another record, each with a comma before it."""
        return self.translate(_read(text))

    def name_of(self, key: str) -> str:
        """The key of an added member without the prefix."""
        return key[len(self._prefix) :].upper() if self._prefix and key.startswith(self._prefix) else key

    def translate(self, members: Mapping[str, Any]) -> Parts:
        """Put members that stages added where ECS has them."""
        parts = Parts()
        for name, said in members.items():
            name = self.name_of(name)
            if name not in _SAID_OTHERWISE:
                _TRANSLATIONS.get(name, _other(name))(parts, said)
        return parts


def _read(text: str) -> Members:
    members: Members = json.loads(f"{{{text[1:]}}}".encode("latin-1"))
    return members


def members_text(members: Mapping[str, Any]) -> str:
    """JSON members, each with a comma before it, one byte per character."""
    if not members:
        return ""
    text = json.dumps(members, ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)
    return "," + text.encode().decode("latin-1")[1:-1]


def identity(said: Mapping[str, Any]) -> tuple[Members, Members]:
    """An identity in two: what ECS has a word for in `process`, and the rest."""
    ecs: Members = {}
    rest: Members = {}
    for name, value in said.items():
        name = _RENAMED.get(name, name)
        if name == "start":
            value = date(value)
        if value is not None:
            (ecs if name in _OF_PROCESS else rest)[name] = value
    return ecs, rest


def date(seconds: Any) -> str | None:
    """Seconds since 1970, a number or its text, as an RFC 3339 date; None for what no date can say."""
    number = float(seconds)
    if not 0 <= number <= _LAST:
        return None
    return datetime.fromtimestamp(number, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def own_name(name: str) -> str:
    """What a member without a word in ECS is called."""
    return name.lower()


def _process(parts: Parts, said: Members) -> None:
    said = dict(said)
    container = said.pop("container", None)
    ecs, rest = identity(said)
    parts.process.update(ecs)
    if container is not None:
        _container(parts, container)
    if rest:
        parts.own["process"] = rest


def _container(parts: Parts, said: Members) -> None:
    if "user" in said:  # by that user's word alone, which ECS has no place for
        parts.own["container"] = said
        return
    image, pod, namespace, uid = (said.pop(name, None) for name in ("image", "pod", "namespace", "pod_uid"))
    outer, source = said.pop("outer", None), said.pop("source", None)
    parts.top["container"] = {**said, **({"image": {"name": image}} if image is not None else {})}
    resource = {"name": pod, "id": uid}
    if any(resource.values()):
        known = {name: value for name, value in resource.items() if value is not None}
        parts.top["orchestrator"] = {
            "type": "kubernetes",
            **({"namespace": namespace} if namespace is not None else {}),
            "resource": {"type": "pod", **known},
        }
    rest = {"outer": outer, "source": source}
    parts.own["container"] = {name: value for name, value in rest.items() if value is not None}


def _parent(parts: Parts, said: Members) -> None:
    ecs, rest = identity(said)
    parts.parent.update(ecs)
    rest.pop("ppid", None)
    if rest:
        parts.own.setdefault("parent", {}).update(rest)


def _spawner(parts: Parts, said: Members) -> None:
    ecs, rest = identity(said)
    parts.own["spawned_by"] = {**ecs, **rest}


def _ancestors(parts: Parts, said: list[Members]) -> None:
    parts.own["ancestors"] = [{**ecs, **rest} for ecs, rest in map(identity, said)]


def _container_info(parts: Parts, said: Members) -> None:
    parts.top.setdefault("container", {"id": said.get("ID")})


def _environment(parts: Parts, said: Members) -> None:
    parts.process["env_vars"] = [f"{name}={value}" for name, value in said.items()]


def _hash(parts: Parts, said: str) -> None:
    parts.process["hash"] = {"sha256": said}


def _command_line(parts: Parts, said: list[str]) -> None:
    parts.process["args"] = said


def _session(parts: Parts, said: Members) -> None:
    parts.own["session"] = said
    if address_family(said.get("addr")) is not None:
        parts.process["entry_leader"] = {"entry_meta": {"source": {"ip": said["addr"]}}}


def _arguments(parts: Parts, said: Members) -> None:
    parts.own["arguments"] = said


def _other(name: str) -> Callable[[Parts, Any], None]:
    def keep(parts: Parts, said: Any) -> None:
        parts.own[own_name(name)] = _identities(said)

    return keep


def _identities(said: Any) -> Any:
    """The identity of a process in other records, OPID for example; anything else as it is."""
    if isinstance(said, dict) and not said.keys().isdisjoint(_RENAMED):
        ecs, rest = identity(said)
        return {**ecs, **rest}
    return said


_TRANSLATIONS: dict[str, Callable[[Parts, Any], None]] = {
    "PID": _process,
    "PPID": _parent,
    "PARENT_INFO": _parent,
    "SPAWNED_BY": _spawner,
    "ANCESTORS": _ancestors,
    "CONTAINER_INFO": _container_info,
    "ENV": _environment,
    "EXE_HASH": _hash,
    "CMDLINE": _command_line,
    "ARGS": _arguments,
    "SESSION": _session,
}

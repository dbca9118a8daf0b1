"""What the stages added to an event, in ECS words.

    "PID":{"EVENT_ID":"…","GUID":"b770…","GUID_SOURCE":"proc","container":{"id":"3f1c…","runtime":"docker","name":"web"}}
      "process":{"entity_id":"b770…"}   "container":{"id":"3f1c…","runtime":"docker","name":"web"}
      "host_sensor":{"process":{"exec_event_id":"…","entity_id_source":"proc"}}

The same additions come with every event of a process, so their translation is remembered. What
ECS has no word for stands under `host_sensor`, in small letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Callable

from sensor.audit.event import Addition
from sensor.audit.fields import Fields, Value
from sensor.audit.number import Number
from sensor.cache import BoundedDict
from sensor.forms.ecs.names import tidy
from sensor.forms.values import Render, Style
from sensor.summary.objects import address_family

_ENTRIES = 4096
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
_SAID_OTHERWISE = frozenset({"EXIT"})
_LAST = 253402300799.0


class Enrichment:
    """What was added, as texts of JSON members, each with a comma before it, and what in it is looked for elsewhere.

    process, parent: of ECS process and process.parent.
    top: of the top level.
    own: of host_sensor.
    addresses, hashes: IP addresses, and digests of files.
    """

    __slots__ = ("addresses", "hashes", "own", "parent", "process", "top")

    def __init__(self, parts: Parts, render: Render) -> None:
        texts = [_members(tidy(part), render) for part in (parts.process, parts.parent, parts.top, parts.own)]
        self.process, self.parent, self.top, self.own = texts
        self.addresses = parts.addresses
        self.hashes = parts.hashes


def _members(fields: Fields, render: Render) -> str:
    return f",{render(fields)}" if fields else ""


class Parts:
    """Where translations go: members of ECS process, of its parent, of the top level, and of host_sensor.

    addresses, hashes: IP addresses and digests among them.
    """

    def __init__(self) -> None:
        self.process: Fields = {}
        self.parent: Fields = {}
        self.top: Fields = {}
        self.own: Fields = {}
        self.addresses: tuple[str, ...] = ()
        self.hashes: tuple[str, ...] = ()

    @property
    def of_process(self) -> Fields:
        """host_sensor.process."""
        process = self.own.get("process")
        return process if isinstance(process, dict) else {}


class Enrichments:
    """Translates what stages added.

    entries: as many are remembered.
    """

    def __init__(self, style: Style, entries: int = _ENTRIES) -> None:
        self._style = style
        self._known: BoundedDict[tuple[tuple[Addition, ...], bool], Enrichment] = BoundedDict(entries)

    def of(self, additions: list[Addition], is_exec: bool) -> Enrichment:
        """The translation of what was added to an event.

        is_exec: the event has a command line of its own.
        """
        key = tuple(additions), is_exec
        found = self._known.get(key)
        if found is None:
            subject: Fields = {}
            top: Fields = {}
            for addition in additions:
                _gather(addition, subject, top)
            parts = translate({**subject, **top})
            if is_exec:
                parts.process.pop("args", None)
                parts.process.pop("command_line", None)
            found = self._known.keep(key, Enrichment(parts, self._style.render))
        return found


def _gather(addition: Addition, subject: Fields, top: Fields) -> None:
    subject.update(addition.subject)
    top.update(addition.top)
    for part in addition.parts:
        _gather(part, subject, top)


def translate(members: Mapping[str, Value]) -> Parts:
    """Put members that stages added where ECS has them."""
    parts = Parts()
    for name, value in members.items():
        put = _TRANSLATIONS.get(name)
        if put is not None:
            put(parts, _plain(value))
        elif name not in _SAID_OTHERWISE:
            _other(parts, name, _plain(value))
    return parts


def _plain(value: Value) -> Value:
    """The same with numbers as they are, whatever decimals were written."""
    if isinstance(value, Number):
        return float(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return value


def identity(given: Value) -> tuple[Fields, Fields]:
    """An identity in two: what ECS has a word for in `process`, and the rest."""
    ecs: Fields = {}
    rest: Fields = {}
    for name, value in _object(given).items():
        name = _RENAMED.get(name, name)
        if name == "start":
            value = date(value)
        if value is not None:
            (ecs if name in _OF_PROCESS else rest)[name] = value
    return ecs, rest


def date(seconds: Value) -> str | None:
    """Seconds since 1970, a number or its text, as an RFC 3339 date; None for what no date can say."""
    number = float(seconds) if isinstance(seconds, (int, float, str)) else -1.0
    if not 0 <= number <= _LAST:
        return None
    return datetime.fromtimestamp(number, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def own_name(name: str) -> str:
    """What a member without a word in ECS is called."""
    return name.lower()


def known(members: Mapping[str, Value]) -> Fields:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def _object(value: Value) -> Fields:
    return dict(value) if isinstance(value, dict) else {}


def _process(parts: Parts, given: Value) -> None:
    members = _object(given)
    container = members.pop("container", None)
    ecs, rest = identity(members)
    parts.process.update(ecs)
    if container is not None:
        _container(parts, _object(container))
    if rest:
        parts.own["process"] = {**rest}


def _container(parts: Parts, given: Fields) -> None:
    if "user" in given:  # by that user's word alone, which ECS has no place for
        parts.own["container"] = given
        return
    image, pod, namespace, uid = (given.pop(name, None) for name in ("image", "pod", "namespace", "pod_uid"))
    outer, source = given.pop("outer", None), given.pop("source", None)
    if image is not None:
        given["image"] = {"name": image}
    parts.top["container"] = given
    pod_known = known({"name": pod, "id": uid})
    if any(pod_known.values()):
        resource: Fields = {"type": "pod", **pod_known}
        parts.top["orchestrator"] = known({"type": "kubernetes", "namespace": namespace, "resource": resource})
    parts.own["container"] = known({"outer": outer, "source": source})


def _parent(parts: Parts, given: Value) -> None:
    ecs, rest = identity(given)
    parts.parent.update(_with_line(ecs))
    rest.pop("ppid", None)
    if rest:
        parts.own["parent"] = {**_object(parts.own.get("parent")), **rest}


def _spawner(parts: Parts, given: Value) -> None:
    parts.own["spawned_by"] = _in_one(given)


def _ancestors(parts: Parts, given: Value) -> None:
    parts.own["ancestors"] = [_in_one(ancestor) for ancestor in given] if isinstance(given, list) else []


def _container_info(parts: Parts, given: Value) -> None:
    parts.top.setdefault("container", {"id": _object(given).get("ID")})


def _with_line(process: Fields) -> Fields:
    """ECS process with the command line as one text, if its arguments are known."""
    args = process.get("args")
    return {**process, "command_line": " ".join(map(str, args))} if isinstance(args, list) else process


def _environment(parts: Parts, given: Value) -> None:
    parts.process["env_vars"] = [f"{name}={value}" for name, value in _object(given).items()]


def _hash(parts: Parts, given: Value) -> None:
    parts.process["hash"] = {"sha256": given}
    parts.hashes = (str(given),)


def _command_line(parts: Parts, given: Value) -> None:
    parts.process.update(_with_line({"args": given}))


def _session(parts: Parts, given: Value) -> None:
    parts.own["session"] = given
    address = _object(given).get("addr")
    if address_family(address) is not None:
        parts.process["entry_leader"] = {"entry_meta": {"source": {"ip": address}}}
        parts.addresses = (str(address),)


def _arguments(parts: Parts, given: Value) -> None:
    parts.own["arguments"] = given


def _in_one(given: Value) -> Fields:
    ecs, rest = identity(given)
    return {**ecs, **rest}


def _other(parts: Parts, name: str, given: Value) -> None:
    """The identity of a process in other records, OPID for example; anything else as it is."""
    is_identity = isinstance(given, dict) and not given.keys().isdisjoint(_RENAMED)
    parts.own[own_name(name)] = _in_one(given) if is_identity else given


_TRANSLATIONS: dict[str, Callable[[Parts, Value], None]] = {
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

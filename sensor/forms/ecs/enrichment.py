"""What the stages added to an event, in ECS words.

    "PID":{"EVENT_ID":"…","GUID":"b770…","GUID_SOURCE":"proc","container":{"id":"3f1c…","runtime":"docker","name":"web"}}
      "process":{"entity_id":"b770…"}   "container":{"id":"3f1c…","runtime":"docker","name":"web"}
      "host_sensor":{"process":{"exec_event_id":"…","entity_id_source":"proc"}}

The same additions come with every event of a process, so their translation is remembered. What
ECS has no word for stands under `host_sensor`, in small letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Callable

from sensor.audit.event import Addition, Event
from sensor.audit.fields import Fields, Value
from sensor.audit.number import Number
from sensor.cache import BoundedDict
from sensor.forms.ecs.names import merged, tidy
from sensor.forms.values import Style
from sensor.stages.leaders import ENTRY, GROUP, SESSION
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
_SHOWN_ELSEWHERE = frozenset({"EXIT"})
_LAST = 253402300799.0
_OF_ONE = frozenset({"PID", "CONTAINER_INFO", "LEADS"})
"""What is added to events of one process alone, or goes together with that."""
_COMMAND = frozenset({"args", "command_line"})
"""Members of a process that the EXECVE record of an exec gives."""
_NOTHING: frozenset[str] = frozenset()
_NOTES = frozenset({"notes"})
"""What host_sensor has besides what was added."""
_OWN_OF_ONE = _NOTES | {"process", "container"}
"""That, and what becomes in host_sensor of what is added to events of one process."""


class Enrichment:
    """What was added, as texts of JSON members, each with a comma before it, and what in it is looked for elsewhere.

    process, parent: of ECS process and process.parent; process_of_exec: of process beside a command line of its own.
    top: of the top level.
    own: of host_sensor; own_object: all of that, if there is nothing else in it.
    addresses, hashes: IP addresses, and digests of files.
    """

    __slots__ = ("addresses", "hashes", "own", "own_object", "parent", "process", "process_of_exec", "top")

    def __init__(self, texts: list[str], addresses: tuple[str, ...], hashes: tuple[str, ...]) -> None:
        self.process, self.process_of_exec, self.parent, self.top, self.own = texts
        self.own_object = f',"host_sensor":{{{self.own[1:]}}}' if self.own else ""
        self.addresses = addresses
        self.hashes = hashes

    def with_others(self, more: Enrichment) -> Enrichment:
        """Both in one; none has what the other has."""
        process, of_exec = self.process + more.process, self.process_of_exec + more.process_of_exec
        texts = [process, of_exec, self.parent + more.parent, self.top + more.top, self.own + more.own]
        return Enrichment(texts, self.addresses + more.addresses, self.hashes + more.hashes)


class EcsParts:
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
        self._renderer = style.renderer
        self._known: BoundedDict[tuple[Addition, ...], Enrichment] = BoundedDict(entries)
        self._single: BoundedDict[Addition, Enrichment] = BoundedDict(entries)
        self._shared: BoundedDict[tuple[Addition, ...], Enrichment] = BoundedDict(entries)

    def of(self, additions: list[Addition]) -> Enrichment:
        """The translation of what was added to an event."""
        if len(additions) == 1:  # nearly always
            single = self._single.get(additions[0])
            return self._single.keep(additions[0], self._translate(additions)) if single is None else single
        key = tuple(additions)
        found = self._known.get(key)
        return self._known.keep(key, self._translate(additions)) if found is None else found

    def _translate(self, additions: list[Addition]) -> Enrichment:
        """Most of what is known of a process holds for others as well, such as its parent: only the rest is new."""
        of_one: list[Addition] = []
        others: list[Addition] = []
        for addition in single_additions(additions):
            is_of_one = not (_OF_ONE.isdisjoint(addition.subject) and _OF_ONE.isdisjoint(addition.top))
            (of_one if is_of_one else others).append(addition)
        key = tuple(others)
        shared = self._shared.get(key) or self._shared.keep(key, self._written(others, _OWN_OF_ONE))
        return self._written(of_one).with_others(shared) if of_one else shared

    def _written(self, additions: list[Addition], taken: frozenset[str] = _NOTES) -> Enrichment:
        subject: Fields = {}
        top: Fields = {}
        for addition in additions:
            subject.update(addition.subject)
            top.update(addition.top)
        parts = translate({**subject, **top})
        process = of_exec = self._members(parts.process)
        if "args" in parts.process:
            rest = {name: value for name, value in parts.process.items() if name not in _COMMAND}
            of_exec = self._members(rest)
        texts = [process, of_exec, self._members(parts.parent), self._members(parts.top)]
        return Enrichment([*texts, self._members(parts.own, taken)], parts.addresses, parts.hashes)

    def _members(self, fields: Fields, taken: frozenset[str] = _NOTHING) -> str:
        """Members with a comma before each."""
        given = tidy(fields, taken) if fields else fields
        return f",{self._renderer.render(given)}" if given else ""


def single_additions(additions: Sequence[Addition]) -> list[Addition]:
    """The additions that have members themselves, among some and the parts of which they are made."""
    single: list[Addition] = []
    for addition in additions:
        if addition.subject or addition.top:
            single.append(addition)
        single += single_additions(addition.parts)
    return single


def translate(members: Mapping[str, Value]) -> EcsParts:
    """Put members that stages added where ECS has them."""
    parts = EcsParts()
    for name, value in members.items():
        put = _TRANSLATIONS.get(name)
        if put is not None:
            put(parts, _plain(value))
        elif name not in _SHOWN_ELSEWHERE:
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
    """Seconds since 1970, a number or its text, as an RFC 3339 date; None for what no date can express."""
    number = float(seconds) if isinstance(seconds, (int, float, str)) else -1.0
    if not 0 <= number <= _LAST:
        return None
    return datetime.fromtimestamp(number, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def own_name(name: str) -> str:
    """What a member without a word in ECS is called."""
    return name.lower()


def own_records(event: Event) -> Fields:
    """What the records of an event hold, by their own names: for one that no form has words for."""
    records: Fields = {}
    if event.syscall is not None:
        records["syscall"] = {**event.syscall.head.fields, **event.syscall.rest.fields}
    for name, group in event.records.items():
        if group:
            records[own_name(name)] = [{**record.fields} for record in group]
    return records


def known(members: Mapping[str, Value]) -> Fields:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def _object(value: Value) -> Fields:
    return dict(value) if isinstance(value, dict) else {}


def _process(parts: EcsParts, given: Value) -> None:
    members = _object(given)
    container = members.pop("container", None)
    ecs, rest = identity(members)
    parts.process.update(ecs)
    if container is not None:
        _container(parts, _object(container))
    if rest:
        parts.own["process"] = {**rest}


def _container(parts: EcsParts, given: Fields) -> None:
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


def _parent(parts: EcsParts, given: Value) -> None:
    ecs, rest = identity(given)
    parts.parent.update(_with_line(ecs))
    rest.pop("ppid", None)
    if rest:
        parts.own["parent"] = {**_object(parts.own.get("parent")), **rest}


def _spawner(parts: EcsParts, given: Value) -> None:
    parts.own["spawned_by"] = _in_one(given)


def _ancestors(parts: EcsParts, given: Value) -> None:
    parts.own["ancestors"] = [_in_one(ancestor) for ancestor in given] if isinstance(given, list) else []


def _container_info(parts: EcsParts, given: Value) -> None:
    parts.top.setdefault("container", {"id": _object(given).get("ID")})


def _with_line(process: Fields) -> Fields:
    """ECS process with the command line as one text, if its arguments are known."""
    args = process.get("args")
    return {**process, "command_line": " ".join(map(str, args))} if isinstance(args, list) else process


def _environment(parts: EcsParts, given: Value) -> None:
    parts.process["env_vars"] = [f"{name}={value}" for name, value in _object(given).items()]


def _hash(parts: EcsParts, given: Value) -> None:
    parts.process["hash"] = {"sha256": given}
    parts.hashes = (str(given),)


def _command_line(parts: EcsParts, given: Value) -> None:
    parts.process.update(_with_line({"args": given}))


def _session(parts: EcsParts, given: Value) -> None:
    parts.own["session"] = given
    address = _object(given).get("addr")
    if address_family(address) is not None:
        _add(parts.process, "entry_leader", {"entry_meta": {"source": {"ip": address}}})
        parts.addresses = (str(address),)


def _leads(parts: EcsParts, given: Value) -> None:
    for name, leader in _object(given).items():
        _leader(parts, name, leader, same=True)


def _leader(parts: EcsParts, name: str, given: Value, same: bool) -> None:
    ecs, rest = identity(given)
    leader: Fields = {"pid": rest.get("pid"), **_with_line(ecs), "same_as_process": same}
    if "type" in rest:
        leader["entry_meta"] = {"type": rest["type"]}
    _add(parts.process, name.lower(), leader)


def _entry_leader(parts: EcsParts, given: Value) -> None:
    _leader(parts, ENTRY, given, same=False)


def _session_leader(parts: EcsParts, given: Value) -> None:
    _leader(parts, SESSION, given, same=False)


def _group_leader(parts: EcsParts, given: Value) -> None:
    _leader(parts, GROUP, given, same=False)


def _add(fields: Fields, name: str, members: Fields) -> None:
    """Add members to an object that may be there."""
    fields[name] = merged(_object(fields.get(name)), members)


def _arguments(parts: EcsParts, given: Value) -> None:
    parts.own["arguments"] = given


def _in_one(given: Value) -> Fields:
    ecs, rest = identity(given)
    return {**ecs, **rest}


def _other(parts: EcsParts, name: str, given: Value) -> None:
    """The identity of a process in other records, OPID for example; anything else as it is."""
    is_identity = isinstance(given, dict) and not given.keys().isdisjoint(_RENAMED)
    parts.own[own_name(name)] = _in_one(given) if is_identity else given


_TRANSLATIONS: dict[str, Callable[[EcsParts, Value], None]] = {
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
    "LEADS": _leads,
    ENTRY: _entry_leader,
    SESSION: _session_leader,
    GROUP: _group_leader,
}

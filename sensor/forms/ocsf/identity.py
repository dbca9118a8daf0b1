"""What the stages added to an event, in OCSF words.

"PID":{"GUID":"b770…","EVENT_ID":"…"},"PPID":{"GUID":"0c11…"},"EXE_HASH":"9f…","SPAWNED_BY":{"pid":1,"comm":"sh",…}
  process  "cpid":"b770…","uid":"b770…"   of its file  "hashes":[{"algorithm_id":3,"value":"9f…"}]
  parent   "cpid":"0c11…","uid":"0c11…","name":"sh","file":{…}
  unmapped.host_sensor  "process":{"exec_event_id":"…"}

The same additions come with every event of a process, so their translation is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sensor.audit.event import Addition
from sensor.audit.fields import Fields, Value
from sensor.cache import BoundedDict
from sensor.forms.ecs.enrichment import EcsParts, single_additions, translate
from sensor.forms.ecs.names import tidy
from sensor.forms.ocsf.objects import object_of, program_of, text_of
from sensor.forms.values import Style

_SHA256 = 3
_OF_ONE = "PID"
"""What is added to the events of one process alone."""


class IdentityTexts:
    """Texts of JSON members, each with a comma before it.

    process, parent: of the process and of its parent; hashes: of the process's file.
    own: of unmapped.host_sensor; session: of the login session.
    spawner: name and file of the program that the process was spawned by, which has the pid spawner_pid.
    line: `cmd_line` of the process; guid, parent_guid: None if unknown.
    contained: there is a member of the profile for containers.
    above, ppid: `parent_process` of a process whose parent has that pid; None before there was one.
    """

    __slots__ = (
        "above",
        "contained",
        "guid",
        "hashes",
        "line",
        "own",
        "parent",
        "parent_guid",
        "ppid",
        "process",
        "session",
        "spawner",
        "spawner_pid",
    )

    def __init__(self) -> None:
        self.process = self.parent = self.hashes = self.own = self.session = self.line = self.spawner = ""
        self.guid: Value = None
        self.parent_guid: Value = None
        self.spawner_pid: Value = None
        self.contained = False
        self.above: str | None = None
        self.ppid: int | None = None

    def with_others(self, others: IdentityTexts) -> IdentityTexts:
        """The members of this one and of another one; they have none in common."""
        both = IdentityTexts()
        both.process = self.process + others.process
        both.parent = self.parent + others.parent
        both.hashes = self.hashes + others.hashes
        both.own = self.own + others.own
        both.session = self.session + others.session
        both.line = self.line or others.line
        both.spawner = self.spawner or others.spawner
        both.spawner_pid = self.spawner_pid if self.spawner else others.spawner_pid
        both.guid = self.guid or others.guid
        both.parent_guid = self.parent_guid or others.parent_guid
        both.contained = self.contained or others.contained
        return both

    def parent_of(self, ppid: int | None) -> str:
        """`parent_process` of the process, whose parent has that pid, if it is known; "" if nothing is."""
        if self.above is None or self.ppid != ppid:
            names = self.spawner if self.spawner and self.spawner_pid == ppid else ""
            number = f',"pid":{ppid}' if ppid is not None else ""
            text = number + self.parent + names
            self.ppid, self.above = ppid, f"{{{text[1:]}}}" if number or self.parent_guid else ""
        return self.above


def _texts_of(parts: EcsParts, style: Style) -> IdentityTexts:
    texts = IdentityTexts()
    texts.guid = parts.process.get("entity_id")
    texts.parent_guid = parts.parent.get("entity_id")
    members = process_of(parts.process)
    line = members.pop("cmd_line", None)
    texts.line = style.members({"cmd_line": line} if line else {})
    container = container_of(parts.top)
    if container:
        members["container"] = container
    texts.contained = bool(container)
    texts.process = style.members(members)
    texts.hashes = style.members(hashes_of(parts.process))
    names = named(parts.parent)
    texts.parent = style.members({**process_of(parts.parent), **names})
    spawner = object_of(parts.own.get("spawned_by"))
    texts.spawner = "" if names else style.members(named(spawner))
    texts.spawner_pid = spawner.get("pid")
    texts.session = style.members(_session_of(parts.own))
    own = tidy({**parts.own, **_left_of(parts.top)})
    texts.own = f",{style.renderer.render(own)}" if own else ""
    return texts


class Identities:
    """Translates what stages added. Most of that holds for other processes as well, such as the parent of one.

    entries: as many are remembered.
    """

    def __init__(self, style: Style, entries: int) -> None:
        self._style = style
        self._known: BoundedDict[tuple[Addition, ...], IdentityTexts] = BoundedDict(entries)
        self._single: BoundedDict[Addition, IdentityTexts] = BoundedDict(entries)
        self._shared: BoundedDict[tuple[Addition, ...], IdentityTexts] = BoundedDict(entries)

    def of(self, additions: list[Addition]) -> IdentityTexts:
        """The translation of what was added to an event."""
        if len(additions) == 1:  # nearly always
            single = additions[0]
            return self._single.get(single) or self._single.keep(single, self._translated(additions))
        key = tuple(additions)
        return self._known.get(key) or self._known.keep(key, self._translated(additions))

    def _translated(self, additions: list[Addition]) -> IdentityTexts:
        single = single_additions(additions)
        of_one = [addition for addition in single if _OF_ONE in addition.subject]
        others = tuple([addition for addition in single if _OF_ONE not in addition.subject])
        shared = self._shared.get(others) or self._shared.keep(others, _texts_of(parts_of(others), self._style))
        return _texts_of(parts_of(of_one), self._style).with_others(shared) if of_one else shared


def parts_of(additions: Iterable[Addition]) -> EcsParts:
    """What single additions are where ECS has it."""
    subject: Fields = {}
    top: Fields = {}
    for addition in additions:
        subject.update(addition.subject)
        top.update(addition.top)
    return translate({**subject, **top})


def process_of(process: Fields) -> Fields:
    """Members of OCSF `process` of those of ECS, without its names and its file."""
    guid = process.get("entity_id")
    members: Fields = {
        "cpid": guid,
        "uid": guid,
        "created_time": milliseconds(process.get("start")),
        "cmd_line": process.get("command_line"),
    }
    variables = process.get("env_vars")
    if isinstance(variables, list) and variables:
        pairs = [text_of(variable).partition("=") for variable in variables]
        members["environment_variables"] = [{"name": name, "value": value} for name, _, value in pairs]
    return {name: value for name, value in members.items() if value is not None}


def named(process: Fields) -> Fields:
    """Name and file of ECS `process`."""
    members: Fields = {"name": process.get("name"), "file": program_of(text_of(process.get("executable")))}
    return {name: value for name, value in members.items() if value}


def hashes_of(process: Fields) -> Fields:
    """The member `hashes` of a process's file."""
    digest = text_of(object_of(process.get("hash")).get("sha256"))
    return {"hashes": [{"algorithm_id": _SHA256, "value": digest}]} if digest else {}


def milliseconds(date: Value) -> int | None:
    """Milliseconds since 1970 of an RFC 3339 date in UTC."""
    if not isinstance(date, str):
        return None
    return round(datetime.fromisoformat(date.replace("Z", "+00:00")).timestamp() * 1000)


def container_of(top: Fields) -> Fields:
    """OCSF `container` of ECS `container` and `orchestrator`."""
    given = object_of(top.get("container"))
    members: Fields = {"uid": given.get("id"), "name": given.get("name"), "runtime": given.get("runtime")}
    image = object_of(given.get("image")).get("name")
    if image:
        members["image"] = {"name": image, "uid": image}
    if "orchestrator" in top:
        members["orchestrator"] = object_of(top["orchestrator"]).get("type")
    known: Fields = {name: value for name, value in members.items() if value}
    return known if "uid" in known or "name" in known else {}


def _session_of(own: Fields) -> Fields:
    guid = own.get("session_guid")
    return {"uuid": guid} if isinstance(guid, str) else {}


def _left_of(top: Fields) -> Fields:
    """What ECS has at the top level and OCSF nowhere."""
    return {name: value for name, value in top.items() if name != "container"}

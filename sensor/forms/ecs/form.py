"""The form: one event, or one line of another kind, as a document."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

from sensor.audit.event import Event, Notice, Template
from sensor.audit.fields import UNSET, Fields
from sensor.audit.notices import SensorNotice
from sensor.audit.paths import is_at_cwd
from sensor.audit.syscall import Syscall
from sensor.cache import BoundedDict
from sensor.forms import Form
from sensor.forms.ecs.data import DataTexts
from sensor.forms.ecs.enrichment import EcsParts, Enrichment, Enrichments, date, known, own_name, own_records, translate
from sensor.forms.ecs.names import merged, tidy
from sensor.forms.ecs.origin import DATASET, MODULE, VERSION, Origin
from sensor.forms.ecs.related import addresses_in, related
from sensor.forms.sensor_events import sensor_event
from sensor.forms.summary import SummaryTexts
from sensor.forms.values import Style
from sensor.summary.objects import Object
from sensor.summary.summary import Subject

_ENTRIES = 4096
_OF_ACTOR = ("entity_id", "start", "env_vars")
"""What stages add of the acting process in its EXECVE, or in the one record of an event without a system call."""
_OF_PROCESS = ("EXECVE", "CWD", "BPRM_FCAPS", "CAPSET")
"""Records that have members of `process`."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST = 253402300799
_PROCESS_EVENTS = {"PROBE_EXEC": ("executed", "start"), "PROBE_EXIT": ("end", "end")}
_ECS = f'"ecs":{{"version":"{VERSION}"}}'
_ECS_AFTER_TIME = f'Z",{_ECS}'
_EVENT: Fields = {"module": MODULE, "dataset": DATASET}


class _Made:
    """What all events of a template have in common, as texts in the order of a document.

    Between them are its id, process ids, title, what was added, and arguments.

    given: members of `event`. acting: from behind the id to the pid. process: members of `process`. top: of the top
        level. related: `related`, if nothing was added that belongs there. auditd: from there to the serial number.
    data: from behind it to the arguments. more: from behind them to the end of `auditd`.
    who, thing: of which they were made.
    directories: which arguments of the call must be the current directory for them to hold.
    """

    __slots__ = (
        "acting",
        "auditd",
        "data",
        "directories",
        "given",
        "more",
        "process",
        "related",
        "thing",
        "top",
        "who",
    )

    def __init__(self, who: Subject, thing: Object) -> None:
        self.who = who
        self.thing = thing
        self.directories: tuple[int, ...] = who.directories if thing.relative else ()
        self.given = self.acting = self.process = self.top = self.related = self.auditd = self.data = self.more = ""


class Ecs(Form):
    """The form.

    entries: as many texts of each kind are remembered.
    """

    def __init__(self, style: Style, entries: int = _ENTRIES, origin: Origin | None = None) -> None:
        self._render = style.render
        self._summaries = SummaryTexts(style)
        self._enrichments = Enrichments(style, entries)
        self._data = DataTexts(style, entries)
        self._origin = origin or Origin()
        self._related: BoundedDict[tuple[Subject, tuple[str, ...], Enrichment | None, str], str] = BoundedDict(entries)
        self._made: BoundedDict[Template, _Made] = BoundedDict(entries)
        self._event_end = f",{self._render(_EVENT)}}}"
        self._second = ""
        self._start = ""

    @property
    def remembered(self) -> list[int]:
        """How many texts of each kind are remembered."""
        return [*self._data.remembered, len(self._related), len(self._made)]

    def event(self, event: Event) -> str:
        """Write an event."""
        syscall = event.syscall
        if syscall is not None and syscall.usual and syscall.pid and not event.altered and not event.node:
            text = self._call(event, syscall)
            if text:
                return text
        origin = self._origin.text(event.node, self._render)
        if not event.records:
            return f"{{{self._time(event.id)}{self._event('', event)}{origin}{self._notes(event, '')}}}"
        who, thing = self._summaries.of(event)
        given, users, acting, means = who.text or self._summaries.who(who)
        top, object = thing.text or self._summaries.thing(thing)
        added = self._enrichments.of(event.additions)
        own_process = added.process_of_exec if "EXECVE" in event.records else added.process
        beside, parent, place, own = self._added_to_records(event, who)
        more = self._of_process(event, who) + self._title(event) + own_process + beside
        process = self._summaries.process(event, who, acting, more, added.parent + parent)
        if not who.details:
            who.details = self._data.details(who)
        start, tags, data = who.details
        data += self._data.of_call(event.syscall) if event.syscall is not None else ""
        parts = _object("summary", means + object) + _object("data", data + self._data.of(event, who))
        return (
            f"{{{self._time(event.id)}{self._event(given, event)}{origin}{tags}{users}{process}{top}"
            f"{added.top or place}{self._related_of(event.node, who, thing, added)}"
            f',"auditd":{{{start}{event.id.partition(":")[2]}{parts}'
            f"{self._data.paths(event)}}}{self._notes(event, added.own + own)}}}"
        )

    def _call(self, event: Event, syscall: Syscall) -> str:
        """Write an event about a system call alone, as nearly all are; "" for any other."""
        made = self._made.get(event.template)
        if made is None or (made.directories and not is_at_cwd(syscall.args, made.directories)):
            who, thing = self._summaries.of(event)
            if who.main != "SYSCALL":
                return ""
            made = self._make(event, who, thing)
            at_cwd = not made.directories or is_at_cwd(syscall.args, made.directories)
            if event.template.kept and at_cwd and not self._data.depends_on_caller(event):
                self._made.keep(event.template, made)
        added = self._enrichments.of(event.additions)
        process = added.process_of_exec if event.template.has_execve else added.process
        related = made.related
        if added.addresses or added.hashes:
            related = self._related_of("", made.who, made.thing, added)
        id = event.id
        own = self._notes(event, added.own) if event.notes else added.own_object
        return (
            f'{{{self._time(id)},"event":{{{made.given},"id":"{id}"{made.acting}{syscall.pid},"parent":{{"pid":'
            f"{syscall.ppid}{added.parent}}}{made.process}{self._title(event)}{process}}}{made.top}{added.top}"
            f"{related}{made.auditd}{id.partition(':')[2]}{made.data}{self._data.exit_of(syscall)},"
            f'"a0":"{syscall.a0}","a1":"{syscall.a1}","a2":"{syscall.a2}","a3":"{syscall.a3}"{made.more}{own}}}'
        )

    def _make(self, event: Event, who: Subject, thing: Object) -> _Made:
        """The texts that are the same for all events of a template."""
        given, users, acting, means = who.text or self._summaries.who(who)
        top, object = thing.text or self._summaries.thing(thing)
        if not who.details:
            who.details = self._data.details(who)
        start, tags, data = who.details
        made = _Made(who, thing)
        made.given = given
        made.acting = f'{self._event_end}{self._origin.text("", self._render)}{tags}{users},"process":{{"pid":'
        made.process = acting + self._of_process(event, who)
        made.top = top
        made.related = self._related_of("", who, thing, None)
        made.auditd = f',"auditd":{{{start}'
        made.data = f'{_object("summary", means + object)},"data":{{{data[1:]}'
        made.more = f"{self._data.of(event, who)}}}{self._data.paths(event)}}}"
        return made

    def error(self, reason: str, raw: str, notes: list[str]) -> str:
        """Write a line that is no audit record."""
        event: Fields = {"kind": "pipeline_error", "original": raw}
        error: Fields = {"type": reason, "message": "the line is no audit record"}
        own: Fields = {"notes": [*notes]} if notes else {}
        return self._document(None, event, {"error": error}, own)

    def notice(self, notice: Notice) -> str:
        """Write a line of the sensor's own."""
        event: Fields = {}
        own: Fields = {}
        document: Fields = {}
        if isinstance(notice, SensorNotice):
            event, document, own = sensor_event(notice.contents)
        elif notice.name in _PROCESS_EVENTS:
            action, type = _PROCESS_EVENTS[notice.name]
            event.update({"category": ["process"], "type": [type], "action": action, "outcome": "success"})
            document = _process_of(notice, own)
        else:
            event.update({"category": ["host"], "type": ["info"]})
            for name, value in notice.added.items():
                event["action"] = own_name(name).replace("_", "-")
                own[own_name(name)] = value
        return self._document(notice.id, event, document, own)

    def forget(self) -> None:
        """Write everything anew: the meaning of the records' fields has changed."""
        self._data.forget()
        self._made.clear()

    def plainly(self, event: Event) -> str:
        """Write an event that cannot be put into ECS words: what its records hold, by their own names."""
        own = own_records(event)
        own["notes"] = [*event.notes]
        return self._document(event.id, {}, {}, own, event.node)

    def _document(self, id: str | None, event: Fields, more: Fields, own: Fields, node: str = "") -> str:
        """A line that is no event, or none in ECS words."""
        document: Fields = {"@timestamp": date(id.partition(":")[0]) if id is not None else self._now()}
        document["event"] = {"kind": "event", "id": id, **_EVENT, **event}
        document["ecs"] = {"version": VERSION}
        document.update(merged(self._origin.members(node), more))
        document["host_sensor"] = own
        return f"{{{self._render(tidy(document))}}}"

    def _now(self) -> str | None:
        """The time of what has none of its own: that of the last event or, before there was one, the clock's."""
        return date(self._second or time.time())

    def _time(self, id: str) -> str:
        """The first members, up to the opening brace of `event`; a time later than the year 9999 is left out."""
        if not self._second or not id.startswith(self._second):
            self._begin_second(id)
        at = len(self._second)
        return f"{self._start}{id[at : at + 3]}{_ECS_AFTER_TIME}" if self._start else _ECS

    def _begin_second(self, id: str) -> None:
        second = id.partition(".")[0]
        self._second, self._start = f"{second}.", ""
        if int(second) <= _LAST:
            moment = _EPOCH + timedelta(seconds=int(second))
            self._start = f'"@timestamp":"{moment.strftime("%Y-%m-%dT%H:%M:%S")}.'

    def _event(self, members: str, event: Event) -> str:
        comma = "," if members else ""
        return f',"event":{{{members}{comma}"id":"{event.id}"{self._event_end}'

    def _title(self, event: Event) -> str:
        title = event.title
        if title is None or event.altered:
            records = event.records
            title = records["PROCTITLE"][0] if "PROCTITLE" in records else None
        return self._data.remembered_of("PROCTITLE", title) if title is not None else ""

    def _of_process(self, event: Event, who: Subject) -> str:
        """Members of `process` from single records, but for the title."""
        records = event.records
        text = ""
        for name in _OF_PROCESS:
            if name in records and not _is_shown_elsewhere(name, event, who):
                text += self._data.remembered_of(name, records[name][0])
        return text

    def _related_of(self, node: str, who: Subject, thing: Object, added: Enrichment | None) -> str:
        """`related`, with a comma before it."""
        ends = addresses_in(thing.top)
        by_added = added if added is not None and (added.addresses or added.hashes) else None
        key = (who, ends, by_added, node)
        text = self._related.get(key)
        if text is None:
            members = related(who, ends, by_added, self._origin.name_of(node))
            text = self._related.keep(key, self._data.members({"related": members}))
        return text

    def _added_to_records(self, event: Event, who: Subject) -> tuple[str, str, str, str]:
        """What stages added to other records than SYSCALL: to `process`, its parent, the top level, and host_sensor."""
        process: Fields = {}
        parent: Fields = {}
        top: Fields = {}
        own: Fields = {}
        for name, group in event.records.items():
            for record in group:
                if not record.added:
                    continue
                parts = translate(record.added)
                if name == "EXECVE" or (name == who.main and event.syscall is None):
                    process.update({key: parts.process.pop(key) for key in _OF_ACTOR if key in parts.process})
                    if "ppid" in parts.of_process and not isinstance(event.subject.get("ppid"), int):
                        parent["pid"] = parts.of_process.pop("ppid")
                    own.update(_named_by_stages(parts, process, event, who))
                    top.update(parts.top)
                else:
                    others = own.setdefault(own_name(name), [])
                    assert isinstance(others, list)
                    others.append(merged(parts.top, {**parts.process, **parts.own}))
        if not (own or process or top):
            return "", "", "", ""
        write = self._data.members
        return write(process), write(parent), write(top), write(own)

    def _notes(self, event: Event, own: str) -> str:
        """host_sensor, with the notes."""
        if event.notes:
            own += ',"notes":["' + '","'.join(event.notes) + '"]'
        return _object("host_sensor", own)


def _object(name: str, members: str) -> str:
    """An object with a comma before it; members: each with a comma before it, "" for no object."""
    return f',"{name}":{{{members[1:]}}}' if members else ""


def _is_shown_elsewhere(name: str, event: Event, who: Subject) -> bool:
    """Return whether another record has the members of this one."""
    return "cwd" in who.facts.data if name == "CWD" else name == "CAPSET" and "BPRM_FCAPS" in event.records


def _named_by_stages(parts: EcsParts, process: Fields, event: Event, who: Subject) -> Fields:
    """What goes to host_sensor of what stages add of the actor; its names go to `process` where nothing else gave them.

    A message of user space may call its sender otherwise.
    """
    named = {} if event.process is not None else {**who.process}
    members = parts.process
    for name in ("name", "executable"):
        if event.process is not None or members.get(name) == named.get(name):
            members.pop(name, None)
        elif name in members and name not in named:
            process[name] = members.pop(name)
    inner = parts.own.get("process")
    rest: Fields = {**(inner if isinstance(inner, dict) else {}), **members}
    return {**parts.own, **({"process": rest} if rest else {})}


def _process_of(notice: Notice, own: Fields) -> Fields:
    """What the probe reports of a process where ECS has it; the rest goes to `own`."""
    members = dict(notice.members)
    facts = {name: members.pop(name, None) for name in ("pid", "ppid", "comm", "auid", "ses", "exit_code")}
    parts = translate({**known(members), **notice.added})
    process: Fields = {"pid": facts["pid"], "parent": {"pid": facts["ppid"], **parts.parent}, "name": facts["comm"]}
    process.update({"exit_code": facts["exit_code"], **parts.process})
    document: Fields = {"process": known(process), **parts.top}
    if facts["auid"] not in (None, UNSET):
        document["user"] = {"audit": {"id": str(facts["auid"])}}
    if facts["ses"] not in (None, UNSET):
        document["auditd"] = {"session": str(facts["ses"])}
    own.update(parts.own)
    return document

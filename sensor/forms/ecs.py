"""Events wholly in the words of the Elastic Common Schema: the form `output: ecs` writes.

    {"@timestamp":"2017-04-21T05:38:27.096Z","ecs":{"version":"8.17.0"},
     "event":{"kind":"event","category":["network"],…,"outcome":"failure","id":"1492753107.096:9004","module":"auditd"},
     "host":{"name":"web01"},"tags":["net"],"user":{…},
     "process":{"pid":1648,"parent":{"pid":1,"entity_id":"…"},"name":"curl","executable":"/usr/bin/curl",
       "title":"curl 169.254.169.254","working_directory":"/","entity_id":"…"},
     "destination":{"address":"169.254.169.254","ip":"169.254.169.254","port":80},"network":{…},
     "auditd":{"message_type":"syscall","sequence":9004,"result":"fail","session":"3","summary":{…},
       "data":{"arch":"x86_64","syscall":"connect","exit":"EINPROGRESS","a0":"5",…},"paths":[{…}]},
     "host_sensor":{"process":{…},"spawned_by":{…}}}

`auditd` is laid out as auditbeat's, so that what is made for that finds its fields: `data`
has every field without a place in ECS, as text. What the sensor knows beyond the records and
ECS has no word for is under `host_sensor`. The members up to auditd.summary are those of SUMMARY.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from sensor.audit.event import Event, Notice
from sensor.audit.fields import UNSET, Fields, Value
from sensor.audit.notices import SensorNotice
from sensor.audit.record import Record
from sensor.audit.syscall import Syscall
from sensor.cache import BoundedDict
from sensor.forms import Form
from sensor.forms.enrichment import Enrichments, Parts, date, known, own_name, translate
from sensor.forms.sensor_events import sensor_event
from sensor.forms.summary import SummaryTexts
from sensor.forms.values import Style
from sensor.summary.circumstances import READERS, value_of
from sensor.summary.facts import ELSEWHERE, Facts, add_record, data_of_call, pids_of
from sensor.summary.summary import Who

VERSION = "8.17.0"
_ENTRIES = 4096
_LONGEST = 1024
_PLACED = frozenset({"pid", "ppid", "comm", "exe", "cwd"})
"""Fields that are told elsewhere than in auditd.data."""
_OF_ACTOR = ("entity_id", "start", "env_vars")
"""What stages say of the acting process in its EXECVE, or in the one record of an event without a system call."""
_REPLACED = {"user": "uid", "effective": "euid"}
"""Option of a rule → the number whose place in `user` it takes."""
_RESULTS = {"failure": "fail"}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST = 253402300799
_PROCESS_EVENTS = {"PROBE_EXEC": ("executed", "start"), "PROBE_EXIT": ("end", "end")}


class Ecs(Form):
    """The form.

    entries: as many texts of each kind are remembered.
    """

    def __init__(self, style: Style, entries: int = _ENTRIES) -> None:
        self._style = style
        self._naming = style.naming
        self._render = style.render
        self._summaries = SummaryTexts(style)
        self._enrichments = Enrichments(style, entries)
        self._texts: dict[str, BoundedDict[str, str]] = {name: BoundedDict(entries) for name in READERS}
        self._exits: BoundedDict[tuple[str | None, int, str | None], str] = BoundedDict(entries)
        self._second = ""
        self._start = ""

    @property
    def remembered(self) -> list[int]:
        """How many texts of each kind are remembered."""
        return [*map(len, self._texts.values()), len(self._exits)]

    def event(self, event: Event) -> str:
        """Write an event."""
        if not event.records:
            return f"{{{self._time(event.id)}{self._event('', event)}{self._notes(event, '')}}}"
        who, thing = self._summaries.of(event)
        given, users, acting, means = who.text or self._summaries.who(who)
        top, object = thing.text or self._summaries.thing(thing)
        added = self._enrichments.of(event.additions, "EXECVE" in event.records)
        beside, own = self._added_to_records(event, who)
        more = self._of_process(event, who) + added.process + beside
        process = self._summaries.process(event, who, acting, more, added.parent)
        host = f',"host":{{{self._render({"name": event.node})}}}' if event.node else ""
        if not who.details:
            who.details = self._details(who)
        start, tags, data = who.details
        data = (data + self._data(event, who))[1:]
        return (
            f"{{{self._time(event.id)}{self._event(given, event)}{host}{tags}{users}{process}{top}"
            f'{added.top},"auditd":{{{start}{event.id.partition(":")[2]},"summary":{{{(means + object)[1:]}}}'
            f',"data":{{{data}}}{self._paths(event)}}}{self._notes(event, added.own + own)}}}'
        )

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
            event, document, own = sensor_event(notice.told)
        elif notice.name in _PROCESS_EVENTS:
            action, type = _PROCESS_EVENTS[notice.name]
            event.update({"category": ["process"], "type": [type], "action": action, "outcome": "success"})
            document = _process_of(notice, own)
        else:
            for name, value in notice.added.items():
                event["action"] = own_name(name).replace("_", "-")
                own[own_name(name)] = value
        return self._document(notice.id, event, document, own)

    def forget(self) -> None:
        """Write everything anew: what the records' fields say has changed."""
        for texts in self._texts.values():
            texts.clear()

    def plainly(self, event: Event) -> str:
        """Write an event that cannot be put into ECS words: what its records say, by their own names."""
        own: Fields = {}
        if event.syscall is not None:
            own["syscall"] = {**event.syscall.head.fields, **event.syscall.rest.fields}
        for name, group in event.records.items():
            if group:
                own[own_name(name)] = [{**record.fields} for record in group]
        own["notes"] = [*event.notes]
        document: Fields = {"host": {"name": event.node}} if event.node else {}
        return self._document(event.id, {}, document, own)

    def _document(self, id: str | None, event: Fields, more: Fields, own: Fields) -> str:
        """A line that is no event, or none in ECS words."""
        document: Fields = {"@timestamp": date(id.partition(":")[0])} if id is not None else {}
        document["event"] = known({"kind": "event", "id": id, "module": "auditd", **event})
        document.update({"ecs": {"version": VERSION}, **more, "host_sensor": own})
        members = {name: value for name, value in document.items() if value}
        return "{" + self._style.members(members)[1:] + "}"

    def _time(self, id: str) -> str:
        """The first members, up to the opening brace of `event`; a time later than the year 9999 is left out."""
        second, _, rest = id.partition(".")
        if second != self._second:
            self._second, self._start = second, ""
            if int(second) <= _LAST:
                time = _EPOCH + timedelta(seconds=int(second))
                self._start = f'"@timestamp":"{time.strftime("%Y-%m-%dT%H:%M:%S")}.'
        start = f'{self._start}{rest[:3]}Z",' if self._start else ""
        return f'{start}"ecs":{{"version":"{VERSION}"}}'

    def _event(self, members: str, event: Event) -> str:
        comma = "," if members else ""
        return f',"event":{{{members}{comma}"id":"{event.id}","module":"auditd"}}'

    def _details(self, who: Who) -> tuple[str, str, str]:
        """What is the same for all events of one kind: the beginning of `auditd`, the tags, and its data."""
        facts = who.facts
        session = facts.session if facts.session != "unset" else ""
        members: Fields = {
            "message_type": who.main.lower(),
            "result": _RESULTS.get(facts.result, facts.result),
            **({"session": session} if session else {}),
        }
        tags: list[Value] = list(facts.tags)
        placed = set(_PLACED)
        source = facts.find(who.rule.fields.get("source", ()))
        if source is not None:
            placed.add(source[0])
        data: Fields = {name: value_of(given) for name, given in facts.data.items() if name not in placed}
        for option, field in _REPLACED.items():
            if option in who.rule.fields and field in facts.ids:
                data[field] = facts.ids[field]
        return (
            f'{self._render(members)},"sequence":',
            self._members({"tags": tags or None}),
            self._members(data),
        )

    def _of_process(self, event: Event, who: Who) -> str:
        """Members of `process` from EXECVE, CWD and PROCTITLE."""
        records = event.records
        text = ""
        for name in ("EXECVE", "CWD", "PROCTITLE"):
            if name in records and (name != "CWD" or "cwd" not in who.facts.data):
                text += self._remembered(name, records[name][0])
        return text

    def _data(self, event: Event, who: Who) -> str:
        """Members of auditd.data that are not the same for all events of one kind."""
        records = event.records
        text = ""
        if event.syscall is not None:
            text = self._result(event.syscall)
            if who.main == "SYSCALL" and not records.keys() <= ELSEWHERE:
                text += self._data_of_others(event, who.facts)
        if "SOCKADDR" in records:
            first, *more = records["SOCKADDR"]
            text += self._remembered("SOCKADDR", first)
            for number, record in enumerate(more, start=2):
                members = READERS["SOCKADDR"](record.fields, self._naming)
                text += self._members({f"{name}_{number}": value for name, value in members.items()})
        return text

    def _result(self, syscall: Syscall) -> str:
        """What a call was given and gave."""
        if not syscall.usual:
            return self._members({name: value_of(given) for name, given in data_of_call(syscall).items()})
        key = (syscall.exit, syscall.head.arch, syscall.result)
        exit = self._exits.get(key)
        if exit is None:
            given: Fields = {name: value_of(given) for name, given in data_of_call(syscall).items() if name == "exit"}
            exit = self._exits.keep(key, self._members(given))
        return f'{exit},"a0":"{syscall.a0}","a1":"{syscall.a1}","a2":"{syscall.a2}","a3":"{syscall.a3}"'

    def _data_of_others(self, event: Event, facts: Facts) -> str:
        """Members of auditd.data from records that say more about a system call."""
        more = Facts()
        more.ids.update(facts.ids)
        more.data = {**facts.data, **(pids_of(event.syscall) if event.syscall is not None else {})}
        before = set(more.data)
        for name, group in event.records.items():
            if name not in ELSEWHERE:
                for record in group:
                    add_record(more, name, record.fields, self._naming)
        return self._members({name: value_of(given) for name, given in more.data.items() if name not in before})

    def _paths(self, event: Event) -> str:
        paths = event.records.get("PATH")
        if paths is None:
            return ""
        return ',"paths":[{' + "},{".join([self._remembered("PATH", record)[1:] for record in paths]) + "}]"

    def _remembered(self, name: str, record: Record) -> str:
        """Members from one record, each with a comma before it."""
        known = self._texts[name]
        text = known.get(record.body)
        if text is None:
            text = self._members(READERS[name](record.fields, self._naming))
            if len(record.body) <= _LONGEST:
                known.keep(record.body, text)
        return text

    def _added_to_records(self, event: Event, who: Who) -> tuple[str, str]:
        """What stages added to other records than SYSCALL: members of `process`, and of host_sensor."""
        process: Fields = {}
        own: Fields = {}
        for name, group in event.records.items():
            for record in group:
                if not record.added:
                    continue
                parts = translate(record.added)
                if name == "EXECVE" or (name == who.main and event.syscall is None):
                    process.update({key: parts.process.pop(key) for key in _OF_ACTOR if key in parts.process})
                    own.update(_named_by_stages(parts, process, event, who))
                else:
                    others = own.setdefault(own_name(name), [])
                    assert isinstance(others, list)
                    others.append({**parts.process, **parts.own})
        return self._style.members(process), self._style.members(own)

    def _members(self, fields: Fields) -> str:
        given: Fields = {name: value for name, value in fields.items() if value is not None}
        return f",{self._render(given)}" if given else ""

    def _notes(self, event: Event, own: str) -> str:
        """host_sensor, with the notes."""
        if event.notes:
            own += ',"notes":["' + '","'.join(event.notes) + '"]'
        return f',"host_sensor":{{{own[1:]}}}' if own else ""


def _named_by_stages(parts: Parts, process: Fields, event: Event, who: Who) -> Fields:
    """What goes to host_sensor of what stages say of the actor; its names go to `process` where nothing else told them.

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
    """What the probe says of a process where ECS has it; the rest goes to `own`."""
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

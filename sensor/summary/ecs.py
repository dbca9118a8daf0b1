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

import json
from datetime import datetime, timedelta, timezone
from typing import Any, Callable

from sensor.audit.fields import UNSET, Fields, Value
from sensor.audit.record import Record
from sensor.audit.render import Render, Style
from sensor.cache import BoundedDict
from sensor.event import Event
from sensor.pipeline import to_json
from sensor.summary.circumstances import READERS, value_of
from sensor.summary.enrichment import Enrichments, date, members_text, own_name
from sensor.summary.facts import ELSEWHERE, Facts, add_record, data_of_call, pids_of
from sensor.summary.summary import Summaries, Who, process_text, summary_text

VERSION = "8.17.0"
_ENTRIES = 4096
_LONGEST = 1024
_PLACED = frozenset({"pid", "ppid", "comm", "exe", "cwd"})
"""Fields that are told elsewhere than in auditd.data."""
_OF_ACTOR = ("entity_id", "start", "env_vars")
"""What stages tell of the acting process in its EXECVE, or in the one record of an event without a system call."""
_REPLACED = {"user": "uid", "effective": "euid"}
"""Option of a rule → the number whose place in `user` it takes."""
_RESULTS = {"failure": "fail"}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST = 253402300799
_PROCESS_EVENTS = {"PROBE_EXEC": ("executed", "start"), "PROBE_EXIT": ("end", "end")}


class Ecs:
    """Makes the lines.

    failed: called with its name, an event and the exception that kept it from having this form.
    """

    def __init__(self, style: Style, render: Render) -> None:
        self.failed: Callable[[str, Event, Exception], None] = lambda name, event, error: None
        self._style = style
        self._render = render
        self._summaries = Summaries(style, render)
        self._enrichments = Enrichments(style)
        self._texts: dict[str, BoundedDict[str, str]] = {name: BoundedDict(_ENTRIES) for name in READERS}
        self._exits: BoundedDict[tuple[str, int, bool | None], str] = BoundedDict(_ENTRIES)
        self._second = ""
        self._start = ""

    def event(self, event: Event) -> str:
        """An event as one JSON object; if a mistake of ours stands in the way, what its records say, as they are."""
        try:
            return self._event_text(event)
        except Exception as error:  # noqa: BLE001  the border: a mistake costs the form, never the event
            node = "," + self._render({"NODE": event.node}) if event.node else ""
            self.failed("Ecs.event", event, error)
            return self.line(to_json(event, node))

    def _event_text(self, event: Event) -> str:
        if not event.records:
            return f"{{{self._time(event.id)}{self._event('', event)}{self._notes(event, '')}}}"
        who, upon = self._summaries.of(event)
        syscall = event.syscall
        added = self._enrichments.of(syscall.extra if syscall is not None else "", event.top, "EXECVE" in event.records)
        beside, own = self._added_to_records(event, who)
        process = process_text(event, who, self._of_process(event, who) + added.process + beside, added.parent)
        host = f',"host":{{{self._render({"name": event.node})}}}' if event.node else ""
        details = who.details
        if details is None:
            details = who.details = self._details(who)
        start, tags, data = details
        data = (data + self._data(event, who))[1:]
        return (
            f"{{{self._time(event.id)}{self._event(who.event, event)}{host}{tags}{who.users}{process}{upon.top}"
            f'{added.top},"auditd":{{{start}{event.id.partition(":")[2]},"summary":{{{summary_text(who, upon)}}}'
            f',"data":{{{data}}}{self._paths(event)}}}{self._notes(event, added.own + own)}}}'
        )

    def line(self, line: str) -> str:
        """A line that is no event, of the form {"ID":…,"NAME":{…}}, as ECS says it."""
        said = json.loads(line.encode("latin-1"))
        id, node = said.pop("ID", None), said.pop("NODE", None)
        document: dict[str, Any] = {"@timestamp": date(id.partition(":")[0])} if id is not None else {}
        event = {"kind": "event", "id": id, "module": "auditd"}
        own: dict[str, Any] = {}
        document.update({"event": event, "ecs": {"version": VERSION}, "host": node and {"name": node}})
        for key, members in said.items():
            name = self._enrichments.name_of(key)
            if name == "PARSE_ERROR":
                event.update({"kind": "pipeline_error", "original": members["raw"]})
                document["error"] = {"type": members["reason"], "message": "the line is no audit record"}
            elif name in _PROCESS_EVENTS:
                action, type = _PROCESS_EVENTS[name]
                event.update({"category": ["process"], "type": [type], "action": action, "outcome": "success"})
                self._place_process(document, own, members)
            elif name == "SENSOR":
                own.update(members)
            else:
                event["action"] = own_name(name).replace("_", "-")
                own[own_name(name)] = members
        document["event"] = {name: value for name, value in event.items() if value is not None}
        document["host_sensor"] = own
        return "{" + members_text({name: value for name, value in document.items() if value})[1:] + "}"

    def _place_process(self, document: dict[str, Any], own: dict[str, Any], members: dict[str, Any]) -> None:
        """Put what the probe says of a process where ECS has it."""
        facts = {name: members.pop(name, None) for name in ("pid", "ppid", "comm", "auid", "ses", "exit_code")}
        parts = self._enrichments.translate({name: said for name, said in members.items() if said is not None})
        process = {"pid": facts["pid"], "parent": {"pid": facts["ppid"], **parts.parent}, "name": facts["comm"]}
        process.update({"exit_code": facts["exit_code"], **parts.process})
        document["process"] = {name: value for name, value in process.items() if value is not None}
        document.update(parts.top)
        if facts["auid"] not in (None, UNSET):
            document["user"] = {"audit": {"id": str(facts["auid"])}}
        if facts["ses"] not in (None, UNSET):
            document["auditd"] = {"session": str(facts["ses"])}
        own.update(parts.own)

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
        data: Fields = {name: value_of(said) for name, said in facts.data.items() if name not in placed}
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
                members = READERS["SOCKADDR"](record.fields, self._style)
                text += self._members({f"{name}_{number}": value for name, value in members.items()})
        return text

    def _result(self, syscall: Any) -> str:
        """What a call was given and gave."""
        args = syscall.args
        if len(args) != 4 or not (word := "".join(args)).isalnum() or not word.isascii():
            return self._members({name: value_of(said) for name, said in data_of_call(syscall).items()})
        key = (syscall.exit, syscall.head.arch, syscall.success)
        exit = self._exits.get(key)
        if exit is None:
            said: Fields = {name: value_of(said) for name, said in data_of_call(syscall).items() if name == "exit"}
            exit = self._exits.keep(key, self._members(said))
        return f'{exit},"a0":"{args[0]}","a1":"{args[1]}","a2":"{args[2]}","a3":"{args[3]}"'

    def _data_of_others(self, event: Event, facts: Facts) -> str:
        """Members of auditd.data from records that say more about a system call."""
        more = Facts()
        more.ids = facts.ids
        more.data = {**facts.data, **pids_of(event.syscall)}
        before = set(more.data)
        for name, group in event.records.items():
            if name not in ELSEWHERE:
                for record in group:
                    add_record(more, name, record.fields, self._style)
        return self._members({name: value_of(said) for name, said in more.data.items() if name not in before})

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
            text = self._members(READERS[name](record.fields, self._style))
            if len(record.body) <= _LONGEST:
                known.keep(record.body, text)
        return text

    def _added_to_records(self, event: Event, who: Who) -> tuple[str, str]:
        """What stages wrote into other records than SYSCALL: members of `process`, and of host_sensor."""
        process: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for name, group in event.records.items():
            for record in group:
                if not record.added:
                    continue
                parts = self._enrichments.of_record(record.added)
                if name == "EXECVE" or (name == who.main and event.syscall is None):
                    process.update({key: parts.process.pop(key) for key in _OF_ACTOR if key in parts.process})
                    own.update({**parts.process, **parts.own})
                else:
                    own.setdefault(own_name(name), []).append({**parts.process, **parts.own})
        return members_text(process), members_text(own)

    def _members(self, fields: Fields) -> str:
        said: Fields = {name: value for name, value in fields.items() if value is not None}
        return f",{self._render(said)}" if said else ""

    def _notes(self, event: Event, own: str) -> str:
        """host_sensor, with the notes."""
        if event.notes:
            own += ',"notes":["' + '","'.join(event.notes) + '"]'
        return f',"host_sensor":{{{own[1:]}}}' if own else ""

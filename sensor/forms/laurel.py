"""The layout that LAUREL has: every record under its type, what is added beside what it is about.

    {"ID":"1626611363.720:348501","NODE":"web01","SYSCALL":{"arch":"0xc000003e",…,"PID":{…}},"PATH":[{…},{…}],
     "SENSOR":{"notes":["late"]},"CUSTOM":{…},"TIME":"2021-07-18T12:29:23.720Z","TYPE":"SYSCALL","SUMMARY":{…}}
    {"ID":null,"PARSE_ERROR":{"reason":"header","raw":"what came"}}

What repeats of an event is one text of its template; what is added to many, one text of the
addition. So most events are joined of some dozen texts.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from sensor.audit.event import Addition, Event, Notice, Template
from sensor.audit.fields import Fields
from sensor.audit.record import Record
from sensor.audit.syscall import Caller, Outcome, Syscall
from sensor.cache import BoundedDict
from sensor.forms import Form
from sensor.forms.records import RecordTexts
from sensor.forms.summary import SummaryTexts
from sensor.forms.values import Style
from sensor.translate.main_type import main_type
from sensor.translate.options import TranslateOptions

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST = 253402300799
_TYPES = 1024


class Laurel(Form):
    """The form.

    options: which of TIME and TYPE it has.
    summaries: writes SUMMARY; None where it is not wanted.
    types: record types of events, as many as are remembered.
    """

    def __init__(
        self,
        style: Style,
        records: RecordTexts,
        options: TranslateOptions,
        summaries: SummaryTexts | None = None,
        types: int = _TYPES,
    ) -> None:
        key = style.naming.key
        self._style = style
        self._records = records
        self._summaries = summaries
        self._time = f',"{key("TIME")}":"' if options.time == "iso" else ""
        self._second = ""
        self._start = ""
        self._type = f',"{key("TYPE")}":"' if options.type else ""
        self._has_more = bool(self._time or self._type or summaries is not None)
        self._types: BoundedDict[tuple[str, ...], str] = BoundedDict(types)

    def event(self, event: Event) -> str:
        """Write an event."""
        added = top = ""
        for addition in event.additions:
            text = addition.text
            added += self._write(addition) if text is None else text
            if addition.top_text:
                top += addition.top_text
        if self._has_more:
            top += self._more(event)
        template, syscall = event.template, event.syscall
        if event.node or event.notes or event.altered or syscall is None or not template.begins_with_call:
            return self._general(event, added, top)
        outcome, caller, rest, title = syscall.outcome, syscall.caller, syscall.rest, ""
        others = template.text
        if others is None:
            others = self._template(template)
        if event.title is not None:
            title = "," + (event.title.text or self._records.member(event.title))
        return (
            f'{{"ID":"{event.id}","SYSCALL":{{{outcome.text or self._outcome(outcome)},'
            f"{caller.text or self._caller(caller)},{rest.text or self._records.rest(rest)},"
            f'"ARGV":["0x{syscall.a0}","0x{syscall.a1}","0x{syscall.a2}","0x{syscall.a3}"]{added}}}'
            f"{others}{title}{top}}}"
        )

    def _more(self, event: Event) -> str:
        """What the form itself adds to the top level."""
        top = self._time_of(event.id) if self._time else ""
        if self._type:
            top += self._type_of(event)
        if self._summaries is not None and (event.syscall is not None or event.records):
            top += self._summaries.member(event)
        return top

    def plainly(self, event: Event) -> str:
        """Write an event without what the form itself adds."""
        added = self.added(event)
        return self._general(event, added, "".join([addition.top_text for addition in event.additions]))

    def error(self, reason: str, raw: str, notes: list[str]) -> str:
        """Write a line that is no audit record."""
        whole: Fields = {"ID": None, "PARSE_ERROR": {"reason": reason, "raw": raw}}
        if notes:
            whole["SENSOR"] = {"notes": [*notes]}
        return "{" + self._style.plain(whole) + "}"

    def notice(self, notice: Notice) -> str:
        """Write a line of the sensor's own."""
        id = f'"{notice.id}"' if notice.id is not None else "null"
        added = self._style.added(notice.added)
        if not notice.name:
            return f'{{"ID":{id}{added}}}'
        members = self._style.members(notice.members)[1:]
        return f'{{"ID":{id},"{notice.name}":{{{members}{added}}}}}'

    def forget(self) -> None:
        """Write everything anew: the meaning of the records' fields has changed."""
        self._records.forget()

    def added(self, event: Event) -> str:
        """What stages added to the SYSCALL record, each member with a comma before it; the rest is written as well."""
        text = ""
        for addition in event.additions:
            written = addition.text
            text += self._write(addition) if written is None else written
        return text

    def record(self, record: Record) -> str:
        """The member for a record, in an event that has one of its type."""
        return self._records.member(record)

    def call(self, syscall: Syscall, added: str = "") -> str:
        """The member for the SYSCALL record; added: members of it, each with a comma before it."""
        rest = syscall.rest.text or self._records.rest(syscall.rest)
        if not syscall.usual:
            return f'"SYSCALL":{{{rest}{added}}}'
        outcome, caller = syscall.outcome, syscall.caller
        return (
            f'"SYSCALL":{{{outcome.text or self._outcome(outcome)},{caller.text or self._caller(caller)},{rest},'
            f'"ARGV":["0x{syscall.a0}","0x{syscall.a1}","0x{syscall.a2}","0x{syscall.a3}"]{added}}}'
        )

    def _outcome(self, outcome: Outcome) -> str:
        text = outcome.head.text or self._records.head(outcome.head)
        outcome.text = f'{text},"success":"{outcome.result}","exit":{outcome.exit}' if outcome.result else text
        return outcome.text

    def _caller(self, caller: Caller) -> str:
        caller.text = f'"items":{caller.items},"ppid":{caller.ppid},"pid":{caller.pid}'
        return caller.text

    def _general(self, event: Event, added: str, top: str) -> str:
        """Write an event of any kind; added, top: members of SYSCALL and of the top level."""
        syscall, records = event.syscall, self._records
        node = f",{self._style.plain({'NODE': event.node})}" if event.node else ""
        notes = ',"SENSOR":{"notes":["' + '","'.join(event.notes) + '"]}' if event.notes else ""
        members = [
            f",{self.call(syscall, added)}"
            if name == "SYSCALL" and syscall is not None
            else f",{records.members(name, group)}"
            for name, group in event.records.items()
        ]
        return f'{{"ID":"{event.id}"{node}{"".join(members)}{notes}{top}}}'

    def _template(self, template: Template) -> str:
        texts = self._records
        text = "".join([f",{texts.members(name, group)}" for name, group in template.records.items() if group])
        template.text = text
        return text

    def _write(self, addition: Addition) -> str:
        """Write what was added to SYSCALL, and what to the top level; returns the first."""
        text = self._style.added(addition.subject)
        top = self._style.added(addition.top)
        for part in addition.parts:
            text += self._write(part) if part.text is None else part.text
            top += part.top_text
        addition.text, addition.top_text = text, top
        return text

    def _time_of(self, id: str) -> str:
        """TIME; an id later than the year 9999, which no date can express, has none."""
        if not id.startswith(self._second) or not self._second:
            second = id.partition(".")[0]
            self._second, self._start = f"{second}.", ""
            if int(second) <= _LAST:
                date = _EPOCH + timedelta(seconds=int(second))
                self._start = f"{self._time}{date.strftime('%Y-%m-%dT%H:%M:%S')}."
        at = len(self._second)
        return f'{self._start}{id[at : at + 3]}Z"' if self._start else ""

    def _type_of(self, event: Event) -> str:
        if event.altered:
            return self._main_type(tuple(event.records))
        template = event.template  # a title beside it is never the main record
        text = template.type_text
        if text is None:
            text = template.type_text = self._main_type(tuple(template.records))
        return text

    def _main_type(self, names: tuple[str, ...]) -> str:
        text = self._types.get(names)
        if text is None:
            text = self._types.keep(names, f'{self._type}{main_type(names)}"' if names else "")
        return text

"""The form: one event, or one line of another kind, as an OCSF event."""

from __future__ import annotations

import time

from sensor.audit.event import Event, Notice, Template
from sensor.audit.fields import UNSET, Fields
from sensor.audit.paths import is_at_cwd
from sensor.audit.record import Record
from sensor.audit.syscall import Syscall
from sensor.cache import BoundedDict
from sensor.forms import Form
from sensor.forms.ecs.data import DataTexts
from sensor.forms.ecs.enrichment import own_name, own_records, translate
from sensor.forms.ecs.names import tidy
from sensor.forms.ecs.origin import Origin
from sensor.forms.ocsf import classes
from sensor.forms.ocsf.acting import SubjectTexts, actor_of, subject_texts
from sensor.forms.ocsf.acts import Act, Acts
from sensor.forms.ocsf.device import PRODUCT, VERSION, Devices
from sensor.forms.ocsf.identity import Identities, process_of
from sensor.forms.ocsf.notices import OwnLine, failed, line_of
from sensor.forms.text import bad_bytes
from sensor.forms.values import Style
from sensor.summary.circumstances import READERS
from sensor.summary.facts import ELSEWHERE
from sensor.summary.objects import Object
from sensor.summary.summary import Subject, Summaries

_ENTRIES = 4096
_LONGEST = 1024
_PROFILES = '"profiles":["host"]'
_CONTAINED = '"profiles":["host","container"]'
_EXIT = ',"exit":'
_READ = {"EXECVE": ("command_line", "cmd_line"), "CWD": ("working_directory", "working_directory")}
"""Type of record → member of ECS process that is read from it, and what OCSF calls that."""

_LEFTOVERS = ("EXECVE", "CWD", "PROCTITLE")


class _Made:
    """What all events of a template have in common, as texts of members with a comma before each.

    who, thing: of which they were made. subject: texts of who.
    line: the command line of the process; directory: the one it works in. left: of unmapped.process, but for the title.
    data: of unmapped.data, what is not in subject. paths: of unmapped.
    act: the class; None if it is not known yet, or depends on more.
    directories: which arguments of the call must be the current directory for all of it to hold.
    """

    __slots__ = ("act", "data", "directories", "directory", "left", "line", "paths", "subject", "thing", "who")

    def __init__(self, who: Subject, thing: Object, subject: SubjectTexts) -> None:
        self.who = who
        self.thing = thing
        self.subject = subject
        self.directories: tuple[int, ...] = who.directories if thing.relative else ()
        self.line = self.directory = self.left = self.data = self.paths = ""
        self.act: Act | None = None


class Ocsf(Form):
    """The form.

    origin: of the events, which knows this host; entries: as many texts of each kind are remembered.
    """

    def __init__(self, style: Style, entries: int = _ENTRIES, origin: Origin | None = None) -> None:
        self._style = style
        self._summaries = Summaries(style.naming)
        self._data = DataTexts(style, entries)
        self._devices = Devices(style, origin or Origin())
        self._identities = Identities(style, entries)
        self._acts = Acts(style)
        self._lines: dict[str, BoundedDict[str, str]] = {name: BoundedDict(entries) for name in _READ}
        self._leftovers: dict[str, BoundedDict[str, str]] = {name: BoundedDict(entries) for name in _LEFTOVERS}
        self._made: BoundedDict[Template, _Made] = BoundedDict(entries)
        self._codes: BoundedDict[str, str] = BoundedDict(entries)
        self._product = style.members({"version": VERSION, "product": PRODUCT})[1:]
        self._now = ""

    def event(self, event: Event) -> str:
        """Write an event."""
        syscall = event.syscall
        if (syscall is None or event.altered) and not event.records:
            return self.plainly(event)
        made = self._made_of(event, syscall)
        texts = made.subject
        identity = self._identities.of(event.additions)
        beside, own = self._of_records(event, made.who) if event.altered else ("", "")
        more = f"{beside}{made.line or identity.line}{made.directory}"
        actor = actor_of(event, texts, identity, more, self._style)
        act = made.act or self._acts.of(event, made.who, made.thing, actor)
        about = act.actor
        if about is None:
            about = actor.text(actor.process)
            made.act = act
        call = self._data.of_call(syscall) if syscall is not None else ""
        code = self._code(syscall) if syscall is not None else ""
        data = f"{texts.data}{call}{made.data}"
        process = made.left + self._title(event)
        if process:
            process = f',"process":{{{process[1:]}}}'
        return (
            f"{{{act.head}{texts.outcome}{code}{self._metadata(event.id, texts.metadata, identity.contained)}"
            f"{self._devices.text(event.node)}{about}{act.object}"
            f',"unmapped":{{"data":{{{data[1:]}}}{texts.users}{process}{made.paths}'
            f"{_own(event.notes, identity.own + own)}}}}}"
        )

    def _made_of(self, event: Event, syscall: Syscall | None) -> _Made:
        """What the event has in common with others; of an event that is like no other, what it is made of."""
        if syscall is None or event.altered or event.node or not (syscall.usual and 0 < syscall.pid < UNSET):
            return self._make(event)
        made = self._made.get(event.template)
        if made is None or (made.directories and not is_at_cwd(syscall.args, made.directories)):
            made = self._make(event)
            at_cwd = not made.directories or is_at_cwd(syscall.args, made.directories)
            if event.template.kept and at_cwd and event.records.keys() <= ELSEWHERE:
                self._made.keep(event.template, made)
        return made

    def _make(self, event: Event) -> _Made:
        who, thing = self._summaries.of(event)
        made = _Made(who, thing, subject_texts(who, self._style, self._data))
        made.line = self._read("EXECVE", event)
        made.directory = "" if "cwd" in who.facts.data else self._read("CWD", event)
        made.left = self._left("EXECVE", event) + self._left("CWD", event)
        made.data = self._data.of(event, who)
        made.paths = self._data.paths(event)
        return made

    def plainly(self, event: Event) -> str:
        """Write an event that cannot be put into OCSF words: what its records hold, by their own names."""
        records = own_records(event)
        own: Fields = {"notes": [*event.notes]} if event.notes else {}
        return self._base(event.id, OwnLine("unreadable"), {"records": records, "host_sensor": own}, event.node)

    def error(self, reason: str, raw: str, notes: list[str]) -> str:
        """Write a line that is no audit record."""
        line = failed("no-audit-record", {"message": "the line is no audit record", "raw_data": raw})
        own: Fields = {"reason": reason, "notes": [*notes]}
        if bad_bytes(raw):
            own["raw_hex"] = raw.encode("latin-1").hex()
        return self._base(None, line, {"host_sensor": own})

    def notice(self, notice: Notice) -> str:
        """Write a line of the sensor's own."""
        line, own = line_of(notice)
        return self._base(notice.id, line, {"host_sensor": own})

    def forget(self) -> None:
        """Write everything anew: the meaning of the records' fields has changed."""
        self._data.forget()
        for texts in (*self._lines.values(), *self._leftovers.values()):
            texts.clear()
        self._made.clear()

    def _base(self, id: str | None, line: OwnLine, unmapped: Fields, node: str = "") -> str:
        """A line that is no event of the audit stream, or none in OCSF words."""
        members = self._style.members
        head = classes.head(line.uid, line.activity, line.name)
        code = members({"event_code": line.code})
        own = self._style.render(tidy(unmapped))
        rest = f',"unmapped":{{{own}}}' if own else ""
        return (
            f'{{{head},"severity_id":{line.severity},"status_id":{line.status}{self._metadata(id, code, False)}'
            f"{self._devices.text(node)}{members(line.members)}{rest}}}"
        )

    def _metadata(self, id: str | None, members: str, contained: bool) -> str:
        """`time` and `metadata`, each with a comma before it; without an id the time is that of the last event."""
        profiles = _CONTAINED if contained else _PROFILES
        uid = ""
        if id is None:
            moment = self._now or str(round(time.time() * 1000))
        else:
            seconds, _, rest = id.partition(".")
            moment = seconds + rest[:3]
            if moment.startswith("0"):
                moment = str(int(moment))
            self._now = moment
            serial = rest.partition(":")[2]
            uid = f',"uid":"{id}","sequence":{serial}' if serial.isdigit() else f',"uid":"{id}"'
        return (
            f',"time":{moment},"metadata":{{{self._product},{profiles}{uid},"logged_time":{moment},"log_name":"audit"'
            f"{members}}}"
        )

    def _code(self, syscall: Syscall) -> str:
        """What a call failed with, as a member."""
        if syscall.result != "no":
            return ""
        exit = self._data.exit_of(syscall)
        code = self._codes.get(exit)
        if code is None:
            name = exit[len(_EXIT) :]
            code = self._codes.keep(exit, f',"status_code":{name}' if name >= '"A' else "")
        return code

    def _read(self, name: str, event: Event) -> str:
        """A member of the process from a record, with a comma before it."""
        if name not in event.records:
            return ""
        record = event.records[name][0]
        texts = self._lines[name]
        text = texts.get(record.body)
        if text is None:
            known, called = _READ[name]
            value = READERS[name](record.fields, self._style.naming).get(known)
            text = self._style.members({called: value} if value else {})
            if len(record.body) <= _LONGEST:
                texts.keep(record.body, text)
        return text

    def _title(self, event: Event) -> str:
        if event.title is None or event.altered:
            return self._left("PROCTITLE", event)
        return self._left_of("PROCTITLE", event.title)

    def _left(self, name: str, event: Event) -> str:
        """Members of unmapped.process: what OCSF has no place for, and bytes that are no UTF-8."""
        records = event.records
        return self._left_of(name, records[name][0]) if name in records else ""

    def _left_of(self, name: str, record: Record) -> str:
        texts = self._leftovers[name]
        known = texts.get(record.body)
        if known is None:
            known = self._data.members(_leftover(name, record))
            if len(record.body) <= _LONGEST:
                texts.keep(record.body, known)
        return known

    def _of_records(self, event: Event, who: Subject) -> tuple[str, str]:
        """What stages added to other records than SYSCALL: members of the process, and of unmapped.host_sensor."""
        own: Fields = {}
        process: Fields = {}
        for name, group in event.records.items():
            for record in group:
                if not record.added:
                    continue
                parts = translate(record.added)
                if name == "EXECVE" or (name == who.main and event.syscall is None):
                    process.update(process_of(parts.process))
                    own.update(parts.own)
                else:
                    _add_to(own, own_name(name), {**parts.process, **parts.own})
        process.pop("cmd_line", None)
        return self._style.members(process), self._data.members(own)


def _leftover(name: str, record: Record) -> Fields:
    """Members of unmapped.process from one record."""
    fields = record.fields
    if name == "CWD":
        directory = fields.get("cwd")
        return {"working_directory": directory} if isinstance(directory, str) and bad_bytes(directory) else {}
    words = fields.get("ARGV")
    return {"title" if name == "PROCTITLE" else "args": words, "args_count": fields.get("argc")}


def _add_to(own: Fields, name: str, value: Fields) -> None:
    others = own.setdefault(name, [])
    assert isinstance(others, list)
    others.append(value)


def _own(notes: tuple[str, ...], own: str) -> str:
    """unmapped.host_sensor, with the notes."""
    if notes:
        own += ',"notes":["' + '","'.join(notes) + '"]'
    return f',"host_sensor":{{{own[1:]}}}' if own else ""

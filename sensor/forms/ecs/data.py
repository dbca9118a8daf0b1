"""`auditd` of a document: what has no place elsewhere, as text, laid out as auditbeat's.

"data":{"tty":"pts0","arch":"x86_64","syscall":"connect","exit":"EINPROGRESS","a0":"5",…,
  "socket":{"family":"ipv4","addr":"169.254.169.254","port":"80"}},
"paths":[{"item":"0","name":"/usr/bin/su","inode":"5",…}]
"""

from __future__ import annotations

from sensor.audit.event import Event
from sensor.audit.fields import Fields, Value
from sensor.audit.record import Record
from sensor.audit.syscall import Syscall
from sensor.cache import BoundedDict
from sensor.forms.ecs.names import tidy
from sensor.forms.ecs.plain import PlainRecords
from sensor.forms.values import Style
from sensor.summary.actors import PLACES
from sensor.summary.circumstances import READERS, value_of
from sensor.summary.facts import ELSEWHERE, Facts, add_record, data_of_call, own_fields, pids_of
from sensor.summary.summary import Subject

_LONGEST = 1024
_ARCHES = 4
_PLACED = frozenset({"pid", "ppid", "comm", "exe", "cwd"})
"""Fields that stand elsewhere than in auditd.data."""
_OF_CALL = frozenset({"exit", "a0", "a1", "a2", "a3", "socket"})
"""Names in auditd.data that are those of the call itself."""
_OF_SOCKET = frozenset({"socket"})
_NOTHING: frozenset[str] = frozenset()
_REPLACED = {"user": "uid", "effective": "euid"}
"""Option of a rule → the number whose place in `user` it takes."""
_RESULTS = {"failure": "fail"}


class DataTexts:
    """Writes `auditd`, and the members of other objects that single records give.

    entries: as many texts of each kind are remembered.
    """

    def __init__(self, style: Style, entries: int) -> None:
        self._naming = style.naming
        self._renderer = style.renderer
        self._plain = PlainRecords(style)
        self._texts: dict[str, BoundedDict[str, str]] = {name: BoundedDict(entries) for name in READERS}
        self._entries = entries
        self._exits: BoundedDict[int, BoundedDict[str, str]] = BoundedDict(_ARCHES)

    @property
    def remembered(self) -> list[int]:
        """How many texts of each kind are remembered."""
        return [*map(len, self._texts.values()), *map(len, self._exits.values())]

    def forget(self) -> None:
        """Write everything anew: the meaning of the records' fields has changed."""
        for texts in self._texts.values():
            texts.clear()

    def details(self, who: Subject) -> tuple[str, str, str]:
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
        data.update({name: value for name, value in facts.ids.items() if name not in PLACES and value != "unset"})
        for option, field in _REPLACED.items():
            if option in who.rule.fields and field in facts.ids:
                data[field] = facts.ids[field]
        start = f'{self._renderer.render(members)},"sequence":'
        return (
            start,
            self.members({"tags": tags}),
            self.members(data, _OF_CALL if "syscall" in facts.data else _OF_SOCKET),
        )

    def of(self, event: Event, who: Subject) -> str:
        """Members of auditd.data that are not the same for all events of one kind."""
        records = event.records
        text = ""
        if event.syscall is not None and who.main == "SYSCALL" and not records.keys() <= ELSEWHERE:
            text = self._of_others(event, who.facts)
        if "SOCKADDR" in records:
            first, *more = records["SOCKADDR"]
            text += self.remembered_of("SOCKADDR", first)
            for number, record in enumerate(more, start=2):
                members = READERS["SOCKADDR"](record.fields, self._naming)
                text += self.members({f"{name}_{number}": value for name, value in members.items()})
        return text

    def depends_on_caller(self, event: Event) -> bool:
        """Return whether what `of` writes depends on which process called: fields that repeat its pids are left out."""
        for name, group in event.records.items():
            if name not in ELSEWHERE:
                for record in group:
                    for field, _ in own_fields(record.fields, self._naming):
                        if field in ("pid", "ppid"):
                            return True
        return False

    def of_call(self, syscall: Syscall) -> str:
        """Members of auditd.data that are new each time: what a call was given and gave."""
        if not syscall.usual:
            return self.members({name: value_of(given) for name, given in data_of_call(syscall).items()})
        return (
            f'{self.exit_of(syscall)},"a0":"{syscall.a0}","a1":"{syscall.a1}","a2":"{syscall.a2}","a3":"{syscall.a3}"'
        )

    def exit_of(self, syscall: Syscall) -> str:
        """What a call of the usual form gave, with a comma before it: an error by its name."""
        if syscall.result == "yes":
            return f',"exit":"{syscall.exit}"'
        arch, exit = syscall.head.arch, syscall.exit or ""
        known = self._exits.get(arch)
        if known is None:
            known = self._exits.keep(arch, BoundedDict(self._entries))
        text = known.get(exit)
        if text is None:
            given = data_of_call(syscall).get("exit")
            text = known.keep(exit, self.members({"exit": value_of(given)} if given else {}))
        return text

    def paths(self, event: Event) -> str:
        """auditd.paths, with a comma before it."""
        paths = event.records.get("PATH")
        if paths is None:
            return ""
        return ',"paths":[{' + "},{".join([self.remembered_of("PATH", record)[1:] for record in paths]) + "}]"

    def remembered_of(self, name: str, record: Record) -> str:
        """Members from one record, each with a comma before it."""
        known = self._texts[name]
        text = known.get(record.body)
        if text is None:
            text = self._plain.write(name, record.fields)
            if not text:
                text = self.members(READERS[name](record.fields, self._naming))
            if len(record.body) <= _LONGEST:
                known.keep(record.body, text)
        return text

    def members(self, fields: Fields, taken: frozenset[str] = _NOTHING) -> str:
        """Members with a comma before each, as far as there is something in them; taken: names before them."""
        given = tidy(fields, taken)
        return f",{self._renderer.render(given)}" if given else ""

    def _of_others(self, event: Event, facts: Facts) -> str:
        """Members of auditd.data from records with more about a system call."""
        more = Facts()
        more.ids.update(facts.ids)
        more.data = {**facts.data, **(pids_of(event.syscall) if event.syscall is not None else {})}
        before = set(more.data)
        for name, group in event.records.items():
            if name not in ELSEWHERE:
                for record in group:
                    add_record(more, name, record.fields, self._naming)
        found: Fields = {name: value_of(given) for name, given in more.data.items() if name not in before}
        return self.members(found, _OF_CALL.union(map(str.lower, before)))

"""Who did what to what, how, and with what result, in ECS words.

    "SUMMARY":{"event":{"kind":"event","category":["file"],"type":["info"],"action":"opened-file","outcome":"failure"},
      "user":{"id":"1000","name":"alice","audit":{"id":"1000","name":"alice"}},
      "process":{"pid":3148,"parent":{"pid":3103},"name":"cat","executable":"/usr/bin/cat"},
      "file":{"path":"/etc/shadow","inode":"12","device":"fd:01","mode":"0640","type":"file","uid":"0","gid":"42"},
      "auditd":{"summary":{"actor":{"primary":"1000","secondary":"1000"},
        "object":{"type":"file","primary":"/etc/shadow"},"how":"/usr/bin/cat"}}}

An event whose main record is the system call is put together of two parts that come
again and again: who called what (head and rest of the SYSCALL record), and what upon (a PATH,
SOCKADDR or OBJ_PID record). Both are remembered; process ids alone are new each time. Of any
other event what records had in common is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy

from sensor.audit.event import Event
from sensor.audit.fields import Fields, Value
from sensor.audit.naming import Naming
from sensor.audit.paths import DIRECTORIES, is_at_cwd
from sensor.audit.record import Record
from sensor.cache import BoundedDict
from sensor.summary.actors import Actor, actor_of, users_of
from sensor.summary.facts import ELSEWHERE, Facts, facts_of, facts_of_call
from sensor.summary.objects import (
    DIRECTIONS,
    Object,
    add_second,
    address_family,
    address_of,
    ends_of,
    file_of,
    is_beside,
    names_of,
    process_of,
    source_of,
)
from sensor.summary.rules import SummaryRule, call_rule, record_rule
from sensor.summary.verdicts import Verdict, file_of_verdict, names_peers, peers_of, verdict_of
from sensor.tables import uring_ops
from sensor.translate.main_type import main_type

_ENTRIES = 2048
_LONGEST = 1024
_CALLS = frozenset({"SYSCALL", "URINGOP"})
_OF_PROCESS = {"name": "comm", "executable": "exe", "working_directory": "cwd"}
"""Member of ECS process → field that holds it."""
_INTERPRETERS = ("/usr/bin/python", "/usr/bin/sh", "/usr/bin/bash", "/usr/bin/perl")


class Subject:
    """All of a summary but the process ids and what was acted upon, as ECS members.

    rule: what applies; beside: the rule of the call during which the main record was written, which names the file.
    directories: which arguments of the call are those of its names; direction: where its address belongs.
    event: of ECS `event`, with action and outcome.
    users: of the top level: `user` and `group`.
    process: of ECS `process`.
    means: of auditd.summary, but its object.
    thing: what was acted upon, if nothing more is known; found_object: whether the rule found it among the facts.
    facts: what they were made of.
    main: the main record type.
    creation: ECS event.type if it made a new file; () if it cannot. creating: the same as this where it did; None
        before there was one.
    text, details, related: for the form, places for texts; () before they are written.
    """

    __slots__ = (
        "beside",
        "creating",
        "creation",
        "details",
        "direction",
        "directories",
        "event",
        "facts",
        "found_object",
        "main",
        "means",
        "process",
        "related",
        "rule",
        "text",
        "thing",
        "users",
    )

    rule: SummaryRule
    beside: SummaryRule | None
    found_object: bool
    directories: tuple[int, ...]
    direction: str | None
    event: Fields
    users: Fields
    process: Fields
    means: Fields
    thing: Object
    facts: Facts
    main: str
    creating: Subject | None
    creation: list[Value]
    text: tuple[str, ...]
    details: tuple[str, ...]
    related: tuple[str, ...]

    def of_creation(self) -> Subject:
        """The same where the file that it acted upon is a new one."""
        if self.creating is None:
            other = self.creating = copy(self)
            other.event = {**self.event, "type": self.creation}
            other.text = other.details = ()
        return self.creating


class _Path:
    """What is remembered of a PATH record.

    thing: what it names; None if its name is relative, and so depends on more.
    beside: it is the directory above what the call was about, or was never looked up.
    """

    __slots__ = ("beside", "thing")

    def __init__(self, thing: Object | None, beside: bool) -> None:
        self.thing = thing
        self.beside = beside


class Summaries:
    """Works out summaries.

    entries: as many of each kind are remembered.
    """

    def __init__(self, naming: Naming, entries: int = _ENTRIES) -> None:
        self._naming = naming
        self._whos: BoundedDict[tuple[object, ...], Subject] = BoundedDict(entries)
        self._paths: dict[str, BoundedDict[Record, _Path]] = {
            kind: BoundedDict(entries) for kind in ("file", "filesystem")
        }
        self._things: BoundedDict[tuple[str, ...], Object] = BoundedDict(entries)
        self._plain: BoundedDict[tuple[str, ...], str] = BoundedDict(entries)

    @property
    def remembered(self) -> list[int]:
        """How many of each kind are remembered."""
        return [len(self._whos), *map(len, self._paths.values()), len(self._things), len(self._plain)]

    def of(self, event: Event) -> tuple[Subject, Object]:
        """Who did it, and to what; the event has at least one record."""
        syscall = event.syscall
        names = tuple(event.records)
        main = self._plain.get(names)
        if main is None:
            main = self._plain.keep(names, main_type(names))
        if main != "SYSCALL" or syscall is None:
            return self._whole(event, main)
        key = (syscall.head, syscall.rest, syscall.success)
        who = self._whos.get(key)
        if who is None:
            facts = facts_of_call(syscall.head, syscall.rest, syscall.success, self._naming)
            call = facts.data["syscall"]
            rule = call_rule(str(call))
            who = self._whos.keep(key, self._who([rule], facts, Object({}, _nothing(rule)), main))
        return _with_creation(who, self._upon(event, who, who.rule))

    def _whole(self, event: Event, main: str) -> tuple[Subject, Object]:
        """A summary of an event that is not about a system call alone."""
        key = _key(event, main)
        who = self._whos.get(key)
        if who is None:
            who = self._who_of(event, main)
            short = sum([len(str(body)) for body in key[4:]]) <= _LONGEST
            if short and "pid" not in who.rule.fields.get("object2", ()):
                self._whos.keep(key, who)
        thing = who.thing if who.found_object else self._upon(event, who, who.rule)
        if not thing.top and who.beside is not None:
            beside = self._upon(event, who, who.beside)
            thing = Object(beside.top, thing.object, beside.created)
        return _with_creation(who, thing)

    def _who_of(self, event: Event, main: str) -> Subject:
        facts = facts_of(event, main, self._naming)
        call = _call(facts, main) if event.is_call else ""
        rules = [call_rule(call)] if call else []
        if main not in _CALLS or not rules:
            rules = [record_rule(main, facts.data), *rules]
        thing = _found_object(rules[0], facts)
        if names_peers(main, facts):
            thing.top.update(peers_of(main, facts))
            if "PATH" not in event.records and "file" not in thing.top:
                thing.top.update(file_of_verdict(facts))
        return self._who(rules, facts, thing, main)

    def _who(self, rules: list[SummaryRule], facts: Facts, thing: Object, main: str) -> Subject:
        """Put into words what is known of an event, or of all events of one kind.

        rules: that for the main record, and that of the call during which it was written, which adds its categories.
        """
        rule = rules[0]
        who = Subject()
        who.text = who.details = who.related = ()
        who.creating = None
        who.main = main
        who.rule = rule
        who.beside = rules[1] if len(rules) > 1 else None
        who.found_object = "primary" in thing.object
        who.facts = facts
        call = _call(facts, main)
        who.directories = DIRECTORIES.get(call, ())
        who.direction = DIRECTIONS.get(call)
        categories = _once([category for applied in rules for category in applied.categories])
        verdict = verdict_of(main, facts)
        if verdict is not None:
            categories = _once([*categories, "intrusion_detection"])
        types = _types([applied.types for applied in rules], verdict)
        last = rules[-1]
        can_create = last.object == "file" and last.categories == ("file",) and "second" not in last.fields
        others = [applied.types for applied in rules[:-1]]
        who.creation = _types([*others, ("creation",)], verdict) if can_create else []
        kind = rule.fields.get("kind", ("event",))[0]
        who.event = {"kind": kind, "category": categories, "type": types, "action": rule.action}
        who.event["outcome"] = _outcome(facts, verdict)
        actor = actor_of(rule, facts)
        user, group = users_of(rule, facts, actor, facts.find(rule.fields.get("object", ())))
        who.users = {"user": user, "group": group}
        names = {member: facts.find((field,)) for member, field in _OF_PROCESS.items()}
        who.process = {member: found[1] for member, found in names.items() if found is not None}
        how = facts.find(rule.fields["how"]) if "how" in rule.fields else None
        who.means = {"actor": _actor(actor), "how": how[1] if how is not None else _program(facts)}
        who.thing = thing
        return who

    def _upon(self, event: Event, who: Subject, rule: SummaryRule) -> Object:
        """What an event was done to, by this rule, as its PATH, SOCKADDR or OBJ_PID shows."""
        kind = rule.object
        records = event.records
        if kind in ("file", "filesystem"):
            if "PATH" in records:
                return self._file(event, who, rule)
        elif kind == "socket":
            if "SOCKADDR" in records:
                record = records["SOCKADDR"][0]
                key = (who.direction or "", record.body)
                known = self._things.get(key)
                return known or self._remember(key, address_of(record.fields.get("saddr"), who.direction))
        elif kind == "process" and "OBJ_PID" in records:
            record = records["OBJ_PID"][0]
            key = ("OBJ_PID", record.body)
            return self._things.get(key) or self._remember(key, process_of(record.fields))
        return who.thing

    def _file(self, event: Event, who: Subject, rule: SummaryRule) -> Object:
        paths = event.records["PATH"]
        kind = rule.object
        if "second" in rule.fields:
            ends = ends_of([path.fields for path in paths], rule)
            if ends is not None:
                return self._two_names(event, who, rule, (paths[ends[0]], paths[ends[1]]))
        index = rule.path if rule.path < len(paths) else 0
        record = paths[index]
        known = self._paths[kind]
        path = known.get(record) or self._path(record, kind)
        if path.beside:
            for other in paths[index + 1 :]:
                better = known.get(other) or self._path(other, kind)
                if not better.beside:
                    record, path = other, better
                    break
        if path.thing is not None:
            return path.thing
        cwd = _cwd(event, who.directories[:1])
        key = (kind, record.body, cwd or "", event.node)
        thing = self._things.get(key)
        if thing is None:
            thing = self._remember(key, file_of(record.fields, kind, cwd, self._naming))
            thing.relative = True
        return thing

    def _two_names(self, event: Event, who: Subject, rule: SummaryRule, ends: tuple[Record, Record]) -> Object:
        """The file of a call that has two names; each counts from a directory of its own."""
        first, second = ends
        cwds = _cwd(event, who.directories[:1]), _cwd(event, who.directories[-1:])
        key = (rule.action, first.body, second.body, *[cwd or "" for cwd in cwds], event.node)
        thing = self._things.get(key)
        if thing is None:
            thing = file_of(first.fields, rule.object, cwds[0], self._naming)
            add_second(thing, second.fields, cwds[1])
            thing.relative = not all(str(end.fields.get("name")).startswith("/") for end in ends)
            self._remember(key, thing)
        return thing

    def _path(self, record: Record, kind: str) -> _Path:
        fields = record.fields
        name = fields.get("name")
        relative = isinstance(name, str) and not name.startswith("/")
        thing = None if relative else file_of(fields, kind, None, self._naming)
        path = _Path(thing, is_beside(fields))
        return self._paths[kind].keep(record, path) if len(record.body) <= _LONGEST else path

    def _remember(self, key: tuple[str, ...], thing: Object) -> Object:
        return self._things.keep(key, thing) if sum(map(len, key)) <= _LONGEST else thing


def _types(of_rules: Sequence[tuple[str, ...]], verdict: Verdict | None) -> list[Value]:
    """ECS event.type: that of each rule, and what a security module decided."""
    types = _once([type for types in of_rules for type in types])
    if verdict is None:
        return types
    word = "denied" if verdict.denied else "allowed"
    return _once([*[word if type == "denied" else type for type in types], word])


def _with_creation(who: Subject, thing: Object) -> tuple[Subject, Object]:
    """Both; an act that can make a file, as open(2) with O_CREAT, and did, is one of creation."""
    return (who.of_creation() if thing.created and who.creation else who), thing


def _outcome(facts: Facts, verdict: Verdict | None) -> str:
    """Whether it was done, by the event; else as a security module decided."""
    if facts.result != "unknown" or verdict is None:
        return facts.result
    return "success" if verdict.done else "failure"


def _call(facts: Facts, main: str) -> str:
    """The system call, or what io_uring's operation does; "" if that is unknown."""
    call = facts.data.get("syscall") if main != "URINGOP" else None
    operation = facts.data.get("uring_op")
    return str(call or (uring_ops.call(str(operation)) if operation is not None else ""))


def _key(event: Event, main: str) -> tuple[object, ...]:
    """What a summary depends on, but for what is new in each SYSCALL record, and the pid in messages of user space."""
    bodies: list[str] = []
    for name, group in event.records.items():
        if name not in ELSEWHERE or (name == main and name != "SYSCALL"):
            bodies += [record.body for record in group]
    syscall = event.syscall
    main = f"{main} PATH" if "PATH" in event.records else main
    if syscall is not None:
        return (main, (syscall.head, syscall.rest), syscall.success, (syscall.pid, syscall.ppid), *bodies)
    if len(bodies) == 1 and bodies[0].startswith("pid="):
        rest = bodies[0].partition(" ")[2]
        if "pid=" not in rest:  # else it is shown whether both are the same
            bodies = [rest]
    return (main, event.node, None, 0, *bodies)


def _cwd(event: Event, directories: tuple[int, ...]) -> str | None:
    """The directory from which a call's relative names count, if it is the current one."""
    if event.syscall is None or not is_at_cwd(event.syscall.args, directories):
        return None
    cwd = event.records["CWD"][0].fields.get("cwd") if "CWD" in event.records else None
    return cwd if isinstance(cwd, str) else None


def _program(facts: Facts) -> Value:
    """By what means it was done where no rule has it: the program, of a script the name it goes by."""
    exe, comm = facts.data.get("exe"), facts.data.get("comm")
    return str(comm if comm and (not exe or str(exe).startswith(_INTERPRETERS)) else exe or "")


def _actor(actor: Actor) -> Fields:
    parts = {"primary": actor.primary, "secondary": actor.secondary}
    return {name: found[1] for name, found in parts.items() if found is not None}


def _nothing(rule: SummaryRule) -> Fields:
    return {"type": rule.object} if rule.object else {}


def _found_object(rule: SummaryRule, facts: Facts) -> Object:
    """What an event was about, as far as the rule finds it among the facts."""
    thing = Object({}, _nothing(rule))
    for option, member in (("object", "primary"), ("object2", "secondary")):
        found = facts.find(rule.fields.get(option, ()))
        if found is not None:
            thing.object[member] = found[1]
    if rule.object == "file" and "primary" in thing.object:
        thing.top["file"] = names_of(thing.object["primary"])
    source = facts.find(rule.fields.get("source", ()))
    host = facts.find(("hostname",)) if source is None and "source" in rule.fields else None
    if host is not None and address_family(host[1]) is not None:
        source = host
    if source is not None:
        thing.top.update(source_of(source[1]))
    return thing


def _once(words: Iterable[Value]) -> list[Value]:
    return list(dict.fromkeys(words))

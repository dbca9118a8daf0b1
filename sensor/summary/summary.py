"""Who did what to what, how, and with what result, in ECS words.

    "SUMMARY":{"event":{"kind":"event","category":["file"],"type":["info"],"action":"opened-file","outcome":"failure"},
      "user":{"id":"1000","name":"alice","audit":{"id":"1000","name":"alice"}},
      "process":{"pid":3148,"parent":{"pid":3103},"name":"cat","executable":"/usr/bin/cat"},
      "file":{"path":"/etc/shadow","inode":"12","device":"fd:01","mode":"0640","type":"file","uid":"0","gid":"42"},
      "auditd":{"summary":{"actor":{"primary":"1000","secondary":"1000"},
        "object":{"type":"file","primary":"/etc/shadow"},"how":"/usr/bin/cat"}}}

An event whose main record is the system call is put together from two texts that come
again and again: who called what (head and rest of the SYSCALL record), and what upon (a PATH,
SOCKADDR or OBJ_PID record). Both are remembered; process ids alone are new each time. Of any
other event it is remembered what records said the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sensor.audit.fields import Fields, Value
from sensor.audit.record import Record
from sensor.audit.render import Render, Style
from sensor.cache import BoundedDict
from sensor.event import Event
from sensor.summary.actors import Actor, actor_of, users_of
from sensor.summary.facts import ELSEWHERE, Facts, facts_of, facts_of_call
from sensor.summary.objects import (
    DIRECTIONS,
    DIRECTORIES,
    Thing,
    address_of,
    file_of,
    is_beside,
    process_of,
    source_of,
)
from sensor.summary.rules import Rule, call_rule, record_rule
from sensor.translate.main_type import main_type

_ENTRIES = 2048
_LONGEST = 1024
_CALLS = frozenset({"SYSCALL", "URINGOP"})
_AT_CWD = frozenset({"ffffff9c", "ffffffffffffff9c"})
_OF_PROCESS = {"name": "comm", "executable": "exe", "working_directory": "cwd"}
"""Member of ECS process → field that tells it."""
_INTERPRETERS = ("/usr/bin/python", "/usr/bin/sh", "/usr/bin/bash", "/usr/bin/perl")


class Who:
    """All of a summary but the process ids and what was acted upon; texts are JSON members.

    rule: what applies; beside: the rule of the call during which the main record was written, which tells the file.
    directories: which arguments of the call are directories; direction: where its address belongs.
    event: of ECS `event`, with action and outcome.
    users: of the top level, `user` and `group`, each with a comma before it.
    process: of ECS `process`, each with a comma before it.
    summary: of auditd.summary but its object, each with a comma before it.
    thing: what was acted upon, if nothing more is known; told: whether the rule found it among the facts.
    facts: what they were made of.
    main: the main record type.
    details: what else is made of them, by whoever writes more.
    """

    __slots__ = (
        "beside",
        "details",
        "direction",
        "directories",
        "event",
        "facts",
        "main",
        "process",
        "rule",
        "summary",
        "thing",
        "told",
        "users",
    )

    rule: Rule
    beside: Rule | None
    told: bool
    directories: tuple[int, ...]
    direction: str | None
    event: str
    users: str
    process: str
    summary: str
    thing: Upon
    facts: Facts
    main: str
    details: Any


class Upon:
    """What was acted upon, as text.

    top: members of the top level, each with a comma before it.
    object: auditd.summary.object with a comma before it.
    relative: it hangs on the current directory, and on whether the call's arguments mean that.
    """

    __slots__ = ("object", "relative", "top")

    def __init__(self, top: str, object: str) -> None:
        self.top = top
        self.object = object
        self.relative = False


class _Path:
    """What is remembered of a PATH record.

    upon: what it says; None if its name is relative, and so depends on more.
    beside: it is the directory above what the call was about, or was never looked up.
    """

    __slots__ = ("beside", "upon")

    def __init__(self, upon: Upon | None, beside: bool) -> None:
        self.upon = upon
        self.beside = beside


class Summaries:
    """Works out summaries."""

    def __init__(self, style: Style, render: Render) -> None:
        self._style = style
        self._render = render
        self._whos: BoundedDict[Any, Who] = BoundedDict(_ENTRIES)
        self._paths: dict[str, BoundedDict[Record, _Path]] = {
            kind: BoundedDict(_ENTRIES) for kind in ("file", "filesystem")
        }
        self._things: BoundedDict[tuple[str, ...], Upon] = BoundedDict(_ENTRIES)
        self._plain: BoundedDict[tuple[str, ...], str] = BoundedDict(_ENTRIES)

    def of(self, event: Event) -> tuple[Who, Upon]:
        """Who did it, and to what; the event has at least one record."""
        syscall = event.syscall
        names = tuple(event.records)
        main = self._plain.get(names)
        if main is None:
            main = self._plain.keep(names, main_type(names))
        if main != "SYSCALL":
            return self._whole(event, main)
        key = (syscall.head, syscall.rest, syscall.success)
        who = self._whos.get(key)
        if who is None:
            facts = facts_of_call(syscall.head, syscall.rest, syscall.success, self._style)
            call = facts.data["syscall"]
            rule = call_rule(str(call))
            who = self._whos.keep(key, self._who([rule], facts, Thing({}, _nothing(rule)), main))
        return who, self._upon(event, who, who.rule)

    def _whole(self, event: Event, main: str) -> tuple[Who, Upon]:
        """A summary of an event that is not about a system call alone."""
        key = _key(event, main)
        who = self._whos.get(key)
        if who is None:
            who = self._who_of(event, main)
            if sum(map(len, key[4:])) <= _LONGEST and "pid" not in who.rule.fields.get("object2", ()):
                self._whos.keep(key, who)
        upon = who.thing if who.told else self._upon(event, who, who.rule)
        if not upon.top and who.beside is not None:
            upon = Upon(self._upon(event, who, who.beside).top, upon.object)
        return who, upon

    def _who_of(self, event: Event, main: str) -> Who:
        facts = facts_of(event, main, self._style)
        call = facts.data.get("uring_op" if main == "URINGOP" else "syscall")
        rules = [call_rule(str(call))] if call is not None else []
        if main not in _CALLS:
            rules = [record_rule(main, facts.data), *(rules if event.syscall is not None else [])]
        elif not rules:
            rules = [record_rule(main, facts.data)]
        return self._who(rules, facts, _told(rules[0], facts), main)

    def _who(self, rules: list[Rule], facts: Facts, thing: Thing, main: str) -> Who:
        """Put into words what is known of an event, or of all events of one kind.

        rules: that for the main record, and that of the call during which it was written, which adds its categories.
        """
        rule = rules[0]
        who = Who()
        who.main = main
        who.details = None
        who.rule = rule
        who.beside = rules[1] if len(rules) > 1 else None
        who.told = "primary" in thing.object
        who.facts = facts
        call = str(facts.data.get("syscall"))
        who.directories = DIRECTORIES.get(call, ())
        who.direction = DIRECTIONS.get(call)
        categories = _once(category for applied in rules for category in applied.categories)
        types = _once(type for applied in rules for type in applied.types)
        kind = rule.fields.get("kind", ("event",))[0]
        said: Fields = {"kind": kind, "category": categories, "type": types, "action": rule.action}
        who.event = self._render({**said, "outcome": facts.result})
        actor = actor_of(rule, facts)
        user, group = users_of(rule, facts, actor, facts.find(rule.fields.get("object", ())))
        who.users = self._members({"user": user, "group": group})
        told = {member: facts.find((field,)) for member, field in _OF_PROCESS.items()}
        who.process = self._members({member: found[1] for member, found in told.items() if found is not None})
        how = facts.find(rule.fields["how"]) if "how" in rule.fields else None
        means: Fields = {"actor": _actor(actor), "how": how[1] if how is not None else _program(facts)}
        who.summary = self._members(means)
        who.thing = self._texts(thing)
        return who

    def _upon(self, event: Event, who: Who, rule: Rule) -> Upon:
        """What an event was done to, by this rule, as its PATH, SOCKADDR or OBJ_PID tells."""
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

    def _file(self, event: Event, who: Who, rule: Rule) -> Upon:
        paths = event.records["PATH"]
        kind = rule.object
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
        if path.upon is not None:
            return path.upon
        cwd = _cwd(event, who.directories)
        key = (kind, record.body, cwd or "")
        upon = self._things.get(key)
        if upon is None:
            upon = self._remember(key, file_of(record.fields, kind, cwd, self._style))
            upon.relative = True
        return upon

    def _path(self, record: Record, kind: str) -> _Path:
        fields = record.fields
        name = fields.get("name")
        relative = isinstance(name, str) and not name.startswith("/")
        upon = None if relative else self._texts(file_of(fields, kind, None, self._style))
        path = _Path(upon, is_beside(fields))
        return self._paths[kind].keep(record, path) if len(record.body) <= _LONGEST else path

    def _remember(self, key: tuple[str, ...], thing: Thing) -> Upon:
        upon = self._texts(thing)
        return self._things.keep(key, upon) if sum(map(len, key)) <= _LONGEST else upon

    def _texts(self, thing: Thing) -> Upon:
        return Upon(self._members(thing.top), self._members({"object": thing.object}))

    def _members(self, fields: Fields) -> str:
        """Members with a comma before them; what is nothing, or has nothing in it, is left out."""
        texts = [
            f',"{name}":{{{self._render(value)}}}' if isinstance(value, dict) else f",{self._render({name: value})}"
            for name, value in fields.items()
            if value
        ]
        return "".join(texts)


def process_text(event: Event, who: Who, more: str = "", parent: str = "") -> str:
    """ECS `process` with a comma before it; "" if the event names none.

    more, parent: further members of the process, and of its parent, each with a comma before it.
    """
    syscall = event.syscall
    if syscall is not None and syscall.pid:
        return f',"process":{{"pid":{syscall.pid},"parent":{{"pid":{syscall.ppid}{parent}}}{who.process}{more}}}'
    told = event.records[who.main][0].fields if who.main != "SYSCALL" else {}
    pid, ppid = told.get("pid"), told.get("ppid")
    members = f',"pid":{pid}' if isinstance(pid, int) else ""
    members += f',"parent":{{"pid":{ppid}}}' if isinstance(ppid, int) else ""
    members += who.process + more
    return f',"process":{{{members[1:]}}}' if members else ""


def summary_text(who: Who, upon: Upon) -> str:
    """Members of auditd.summary."""
    return (who.summary + upon.object)[1:]


def _key(event: Event, main: str) -> tuple[Any, ...]:
    """What a summary depends on, but for what is new in each SYSCALL record, and the pid in messages of user space."""
    bodies = []
    for name, group in event.records.items():
        if name not in ELSEWHERE or (name == main and name != "SYSCALL"):
            for record in group:
                body = record.body
                bodies.append(body.partition(" ")[2] if body.startswith("pid=") else body)
    syscall = event.syscall
    if syscall is None:
        return (main, None, None, 0, *bodies)
    return (main, (syscall.head, syscall.rest), syscall.success, syscall.pid, *bodies)


def _cwd(event: Event, directories: tuple[int, ...]) -> str | None:
    """The directory from which a call's relative names count, if it is the current one."""
    if event.syscall is None or not is_at_cwd(event.syscall.args, directories):
        return None
    cwd = event.records["CWD"][0].fields.get("cwd") if "CWD" in event.records else None
    return cwd if isinstance(cwd, str) else None


def is_at_cwd(args: tuple[str, ...], directories: tuple[int, ...]) -> bool:
    """Tell whether these arguments of a call are the current directory."""
    return all(position < len(args) and args[position] in _AT_CWD for position in directories)


def _program(facts: Facts) -> Value:
    """By what means it was done where no rule says so: the program, of a script the name it goes by."""
    exe, comm = facts.data.get("exe"), facts.data.get("comm")
    return str(comm if comm and (not exe or str(exe).startswith(_INTERPRETERS)) else exe or "")


def _actor(actor: Actor) -> Fields:
    parts = {"primary": actor.primary, "secondary": actor.secondary}
    return {name: found[1] for name, found in parts.items() if found is not None}


def _nothing(rule: Rule) -> Fields:
    return {"type": rule.object} if rule.object else {}


def _told(rule: Rule, facts: Facts) -> Thing:
    """What an event was about, as far as the rule finds it among the facts."""
    thing = Thing({}, _nothing(rule))
    for option, member in (("object", "primary"), ("object2", "secondary")):
        found = facts.find(rule.fields.get(option, ()))
        if found is not None:
            thing.object[member] = found[1]
    if rule.object == "file" and "primary" in thing.object:
        thing.top["file"] = {"path": thing.object["primary"]}
    source = facts.find(rule.fields.get("source", ()))
    if source is not None:
        thing.top.update(source_of(source[1]))
    return thing


def _once(words: Iterable[str]) -> list[Value]:
    return list(dict.fromkeys(words))

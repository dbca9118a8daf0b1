"""An event as one flat table: names and values of all its records, without where they stood.

    type=USER_LOGIN … pid=2370 uid=0 auid=1000 ses=132 subj=unconfined msg='op=login id=1000 addr=? res=success'

    data      {"pid": "2370", "op": "login", "id": "1000"}
    ids       {"uid": "0", "auid": "1000"}
    result    "success"     session  "132"     subject  {"user": "unconfined"}

The record that shows who acted, SYSCALL or else the main one, comes first. A field of
another record stays under its own name in `data` if that is free or has the same value,
else under the record's: {"pid": "1", "avc_pid": "2"}. What the event as a whole has a place for
(PATH, SOCKADDR, EXECVE, CWD, PROCTITLE) is not in the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Union

from sensor.audit.event import URINGOP, Event
from sensor.audit.fields import UNSET, Fields, Value
from sensor.audit.naming import Naming
from sensor.audit.syscall import Head, Rest, Syscall
from sensor.tables import arches, errno, syscalls, uring_ops

Datum = Union[str, list[str]]

ELSEWHERE = frozenset({"SYSCALL", "PATH", "SOCKADDR", "EXECVE", "CWD", "PROCTITLE"})
_NO_VALUE = "unset"
_MOST_FORMS = 256
_OF_THE_CALL = frozenset(["arch", "syscall", "success", "exit", "items", "pid", "ppid", "ARGV"])
"""Fields of a SYSCALL record that are kept apart from the rest; one of unusual form has them all in one."""
_TRANSLATED = ("ARCH", "SYSCALL")
"""What stands beside two of them (ENRICHED)."""
_NEW_EACH_TIME = frozenset(["exit", "a0", "a1", "a2", "a3"])
"""Names that are the SYSCALL record's own, of whose values nothing is known here: see `data_of_call`."""
_INNER = "msg_"
"""Before the name of what msg='…' has otherwise than the record around it."""
_UNKNOWN = frozenset({"?", str(UNSET), "-1"})
_RESULTS = {
    **dict.fromkeys(("yes", "success", "1"), "success"),
    **dict.fromkeys(("no", "failed", "fail", "0"), "failure"),
}
_IDS = ("uid", "gid")
_UNIQUE_IDS = ("uuid", "guid")
_CONTEXT = ("user", "role", "domain", "level", "category")
_HEXADECIMAL = re.compile("0x[0-9a-f]+")
_REPEATED = re.compile(r"_[0-9]+\Z")


class Facts:
    """The table.

    data: field → text, or list of texts.
    ids: field of the first record that ends in uid or gid → number as text, or "unset".
    names: field → name of the user or group that the number in `ids` or `data` stands for.
    tags: the keys of the audit rules.
    subject: parts of the security context.
    result: "success", "failure" or "unknown".
    session: number as text, "unset", or "" if the event has none.
    """

    __slots__ = ("data", "ids", "names", "result", "session", "subject", "tags")

    def __init__(self) -> None:
        self.data: dict[str, Datum] = {}
        self.ids: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.tags: list[str] = []
        self.subject: dict[str, str] = {}
        self.result = "unknown"
        self.session = ""

    def find(self, names: Iterable[str]) -> tuple[str, str] | None:
        """The first of some fields that is there: its name and its text; "?" or -1 stands for one that is not."""
        for name in names:
            value = self.data.get(name) or self.ids.get(name)
            text = value if value is None or isinstance(value, str) else " ".join(value)
            if text and text not in _UNKNOWN:
                return name, text
        return None


def facts_of_call(head: Head, rest: Rest, success: bool | None, naming: Naming) -> Facts:
    """What of a SYSCALL record is not new each time."""
    facts = Facts()
    personality = head.fields.get("per")
    if isinstance(personality, str):
        facts.data["per"] = personality
    fields = rest.fields
    apart = [*_TRANSLATED, *[naming.key(name) for name in _TRANSLATED]]
    if not (_OF_THE_CALL.isdisjoint(fields) and fields.keys().isdisjoint(apart)):
        fields = {name: value for name, value in fields.items() if name not in _OF_THE_CALL and name not in apart}
    _first(facts, fields, naming)
    facts.data["arch"] = arches.name(head.arch) or f"{head.arch:x}"
    facts.data["syscall"] = syscalls.name(head.arch, head.number) or str(head.number)
    if success is not None:
        facts.result = "success" if success else "failure"
    return facts


def facts_of(event: Event, main: str, naming: Naming) -> Facts:
    """All that an event holds; main: its main record type."""
    syscall = event.syscall
    first = None
    if syscall is not None:
        facts = facts_of_call(syscall.head, syscall.rest, syscall.success, naming)
        facts.data.update(pids_of(syscall))
    else:
        facts = Facts()
        first = event.records[URINGOP if URINGOP in event.records else main][0]
        _first(facts, first.fields, naming)
    for name, group in event.records.items():
        if name not in ELSEWHERE:
            for record in group:
                if record is not first:
                    add_record(facts, name, record.fields, naming)
    return facts


def data_of_call(syscall: Syscall) -> dict[str, Datum]:
    """What of a SYSCALL record is new each time: the result by name, if it is an error, and the arguments."""
    exit = syscall.exit or ""
    error = errno.name(int(exit), syscall.head.arch) if exit[:1] == "-" and not syscall.success else None
    data: dict[str, Datum] = {"exit": error or exit} if exit else {}
    data.update({name: arg for name, arg in zip(("a0", "a1", "a2", "a3"), syscall.args) if arg is not None})
    return data


def add_record(facts: Facts, type: str, fields: Fields, naming: Naming) -> None:
    """Add what another record holds."""
    has_names = _may_be_translated(fields, naming)
    for name, value in own_fields(fields, naming):
        if name == "key":
            facts.tags += [tag for tag in tags_of(fields) if tag not in facts.tags]
            continue
        if name in ("res", "result", "success") and facts.result == "unknown":
            facts.result = _RESULTS.get(str(value), "unknown")
            continue
        datum = datum_of(name, value, fields)
        if datum is None or facts.ids.get(name) == datum or (name == "ses" and datum == facts.session):
            continue
        free = name
        number = 1
        while free in facts.ids or free in _NEW_EACH_TIME or facts.data.get(free, datum) != datum:
            free = f"{type.lower()}_{name}" + (f"_{number}" if number > 1 else "")
            number += 1
        facts.data[free] = datum
        if has_names and isinstance(meaning := _translation(fields, name, naming), str):
            facts.names.setdefault(free, meaning)


def pids_of(syscall: Syscall) -> dict[str, Datum]:
    """The processes a SYSCALL record names."""
    return {"pid": str(syscall.pid), "ppid": str(syscall.ppid)} if syscall.pid else {}


def context_parts(context: str) -> dict[str, str]:
    """The parts of a security context: system_u:system_r:sshd_t:s0-s0:c0.c1023, or only a user."""
    return {name: part for name, part in zip(_CONTEXT, context.split(":", 4)) if part}


def tags_of(fields: Fields) -> list[str]:
    """The keys of the rules that a record names."""
    keys = fields.get("KEYS")
    return [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []


class _Own:
    """A field that stands for itself; translations: the keys under which the name of its number may stand."""

    __slots__ = ("is_id", "name", "translations")

    def __init__(self, name: str, translations: tuple[str, ...]) -> None:
        self.name = name
        self.is_id = _is_id(name)
        self.translations = translations


def _first(facts: Facts, fields: Fields, naming: Naming) -> None:
    """Take in the record that shows who acted."""
    facts.tags = tags_of(fields)
    if "msg" in fields:
        for name, value in own_fields(fields, naming):
            if name != "key":
                _take(facts, _Own(name, ()), value, fields, _translation(fields, name, naming))
        return
    for own in _owns(tuple(fields), naming.prefix):
        meaning: Value = None
        for key in own.translations:
            meaning = meaning or fields[key]
        _take(facts, own, fields[own.name], fields, meaning)


@lru_cache(_MOST_FORMS)
def _owns(names: tuple[str, ...], prefix: str) -> list[_Own]:
    """The fields of a record with these names, and no msg='…', that stand for themselves, but for its key."""
    naming, fields = Naming(prefix), dict.fromkeys(names)
    own = [name for name, _ in own_fields(fields, naming) if name != "key"]
    keys = {name: dict.fromkeys((naming.key(name.upper()), name.upper())) for name in own}
    return [_Own(name, tuple([key for key in keys[name] if key in fields])) for name in own]


def _take(facts: Facts, own: _Own, value: Value, fields: Fields, meaning: Value) -> None:
    """Take in one field of that record; meaning: the name of its number, if it is one."""
    name = own.name
    if name in ("res", "result", "success"):
        facts.result = _RESULTS.get(str(value), "unknown")
    elif name == "subj":
        facts.subject = context_parts(str(value or ""))
    elif name == "ses":
        facts.session = str(datum_of(name, value, fields) or "")
    else:
        datum = datum_of(name, value, fields)
        if datum is None:
            return
        if own.is_id and isinstance(datum, str):
            facts.ids[name] = datum
        else:
            facts.data[name] = datum
        if isinstance(meaning, str):
            facts.names[name] = meaning


def own_fields(fields: Fields, naming: Naming) -> list[tuple[str, Value]]:
    """The fields without their translations, those of msg='…' among them."""
    if not _may_be_translated(fields, naming):
        return [(name, value) for name, value in fields.items() if name != "KEYS"]
    own: list[tuple[str, Value]] = []
    for name, value in fields.items():
        if name == "msg" and isinstance(value, dict):
            for inner, content in own_fields(value, naming):
                if inner not in fields:
                    own.append((inner, content))
                elif fields[inner] != content:
                    own.append((f"{_INNER}{inner}", content))
        elif not _is_translation(name, fields, naming):
            own.append((name, value))
    return own


def _may_be_translated(fields: Fields, naming: Naming) -> bool:
    """Return whether a field may stand for another one, or be of msg='…': of few of the kernel's records one does."""
    if naming.prefix or "msg" in fields:
        return True
    for name in fields:
        if name < "a" and name != "KEYS":  # it does not begin with a small letter
            return True
    return False


def _is_translation(name: str, fields: Fields, naming: Naming) -> bool:
    if naming.prefix and name.startswith(naming.prefix):
        return any(name == naming.key(other.upper()) for other in fields)
    if name >= "a" or not name.isupper():  # most begin with a small letter
        return False
    partner = (_REPEATED.sub("", name) if name[-1:].isdecimal() else name).lower()
    message = fields.get("msg")
    return name == "KEYS" or partner in fields or (isinstance(message, dict) and partner in message)


def _translation(fields: Fields, name: str, naming: Naming) -> Value:
    """The name that stands beside a number, if there is one."""
    is_inner = name.startswith(_INNER)
    if name in fields and not is_inner:
        upper = name.upper()
        return fields.get(naming.key(upper)) or fields.get(upper)
    message = fields.get("msg")
    if is_inner and isinstance(message, dict):
        key_of_name = name[len(_INNER) :].upper()
        return message.get(naming.key(key_of_name)) or message.get(key_of_name) or fields.get(f"{key_of_name}_2")
    upper = name.upper()
    if name in fields:
        return fields.get(naming.key(upper)) or fields.get(upper)
    if isinstance(message, dict) and name in message:
        return message.get(naming.key(upper)) or fields.get(upper)
    return None


def _is_id(name: str) -> bool:
    return name[-3:] in _IDS and name[-4:] not in _UNIQUE_IDS and not name.startswith(_INNER)


def _hexadecimal(value: Value) -> int | None:
    """The number of a field such as arch; a record may have any text in its place."""
    return int(value, 16) if isinstance(value, str) and _HEXADECIMAL.fullmatch(value) else None


def datum_of(name: str, value: Value, fields: Fields) -> Datum | None:
    """A value as text; None if there is nothing to show."""
    if isinstance(value, int):
        if value in (UNSET, -1) and (_is_id(name) or name == "ses"):
            return _NO_VALUE
        if name == "syscall":
            number = _hexadecimal(fields.get("arch"))
            return (syscalls.name(number, value) if number is not None else None) or str(value)
        return (uring_ops.name(value) or str(value)) if name == "uring_op" else str(value)
    if isinstance(value, list):
        return [str(word) for word in value if word is not None]
    if isinstance(value, dict) or value is None:
        return None
    if isinstance(value, float):
        return str(value)
    if name == "arch" and (number := _hexadecimal(value)) is not None:
        return arches.name(number) or value
    return f"0{value[2:]}" if value.startswith("0o") else value  # as the kernel writes it

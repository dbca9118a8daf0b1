"""What is emitted, held against the table of keys: what has no row or another type, and which rows nothing bears out.

contract = Contract()
contract.look(line, fields_of(log))
contract.mistakes        {'SYSCALL.NEW: has no row'}
contract.unseen()        {'SYSCALL.ANCESTORS: list of object'}
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import Any

from sensor.tables.output_schema import KEYS, OutputKey
from sensor.tables.record_types import NUMBERS

_FIELD = re.compile(rb"\btype=([A-Z0-9_]+) |\b([A-Za-z][A-Za-z0-9_-]*(?:\[[0-9]+\])?)=")
_OLD = re.compile(rb"\bold (auid|ses)=")  # of old kernels, which newer ones write as old-auid
_NAMED = re.compile(r" \(([a-z ]+)\)")
_JSON = {str: "string", int: "number", float: "number", bool: "boolean", dict: "object", list: "list"}


@lru_cache(1)
def fields_of(log: bytes) -> set[str]:
    """The names of fields and types that the records have, which are theirs and not the sensor's."""
    old = {f"old-{name.decode()}" for name in _OLD.findall(log)}
    return {name.decode() for names in _FIELD.findall(log) for name in names} | old


def allowed(type: str) -> set[str]:
    """`string or list of strings or nulls` → string, list of string, list of null."""
    type = _NAMED.sub("", type)
    found = re.search("(list|object) of ", type)
    plain, elements = (type[: found.start()], type[found.end() :]) if found else (type, "")
    held = {f"{found[0]}{word.rstrip('s')}" for word in elements.split(" or ")} if found else set()
    return {word for word in plain.split(" or ") if word} | held


def shown(value: Any, types: set[str]) -> set[str]:
    """What of a type a value shows, in the same words; nothing, if it is an empty list that may be there."""
    if isinstance(value, (list, dict)):
        holder = _JSON[type(value)]
        if any(word.startswith(f"{holder} of ") for word in types):
            return {f"{holder} of {_JSON.get(type(each), 'null')}" for each in _elements(value)}
    return {_JSON.get(type(value), "null")}


def _elements(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]


@cache
def rows_for(places: tuple[str, ...], key: str) -> list[tuple[OutputKey, str]]:
    """The rows for a key, those of the nearest place first, each with the name or rule in it that fits."""
    return [
        (row, name)
        for place in (*places, "any object")
        for row in KEYS
        if row.where == place
        for name in row.name.split()
        if fnmatchcase(key, name)
    ]


class Contract:
    """Looks at lines.

    prefix: what `enrich.prefix` says.
    bare: options of keys in events and records that were without it.
    """

    def __init__(self, prefix: str = "") -> None:
        self.mistakes: set[str] = set()
        self.bare: set[str] = set()
        self._seen: set[tuple[OutputKey, str, str]] = set()
        self._prefix = prefix
        self._own: set[str] = set()

    def look(self, line: str, own: set[str]) -> None:
        """Take one line, one byte per character; own: the names that its records have."""
        self._own = own
        for key, value in json.loads(line.encode("latin-1")).items():
            if self._rows(("event",), key):
                self._check(key, key, value, ("event",))
            elif key in own or key in NUMBERS or key.startswith("UNKNOWN["):
                for record in value if isinstance(value, list) else [value]:
                    self._members(key, record, (key, "record"))
            else:
                self.mistakes.add(f"{key}: is no record and has no row")

    def unseen(self) -> set[str]:
        """The names, and of each name the types, that nothing showed."""
        promised = {(row, name, word) for row in KEYS for name in row.name.split() for word in allowed(row.type)}
        return {f"{row.where}.{name}: {word}" for row, name, word in promised - self._seen}

    def _rows(self, places: tuple[str, ...], key: str) -> list[tuple[OutputKey, str]]:
        if self._prefix and key.startswith(self._prefix):
            key = key[len(self._prefix) :].upper()
        return rows_for(places, key)

    def _members(self, path: str, value: dict[str, Any], places: tuple[str, ...]) -> None:
        for key, inner in value.items():
            theirs = "record" in places and key in self._own and key != key.upper()
            if not theirs or (key == "msg" and isinstance(inner, dict)):
                self._check(f"{path}.{key}", key, inner, places)

    def _check(self, path: str, key: str, value: Any, places: tuple[str, ...]) -> None:
        rows = self._rows(places, key)
        for row, name in rows:
            types = allowed(row.type)
            found = types if types == {"any"} else shown(value, types)
            if found <= types:
                self._seen.update((row, name, word) for word in found)
                if places[-1] in ("event", "record") and not key.startswith(self._prefix):
                    self.bare.add(row.option)
                named = _NAMED.search(row.type)
                below = ("record",) if row.name == "msg" else (named[1],) if named else ()
                for element in value if isinstance(value, list) else [value]:
                    if below and isinstance(element, dict):
                        self._members(path, element, below)
                return
        expected = ", ".join([row.type for row, _ in rows])
        self.mistakes.add(f"{path}: {json.dumps(value)[:60]} is no {expected}" if rows else f"{path}: has no row")

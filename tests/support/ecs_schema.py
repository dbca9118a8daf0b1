"""Documents against the Elastic Common Schema, as its tables below tests/data/ecs say.

violations(document) → ["event.type: 'x' is none of access, admin, …", "host.Name: differs from host.name in case only"]

A field has to be known, or to be an extension that is written down; of the type that it has; a list if the schema
has it as an array, and no list otherwise; one of the values that are allowed. What is of a category has a type that
goes with it. Nothing is empty, and no two names of an object differ in case only.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Callable, NamedTuple

from sensor.tables.ecs_extensions import is_extension

DATA = Path(__file__).resolve().parents[1] / "data" / "ecs"
VERSIONS = ("8.17", "9.5")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")
_NUMBERS = 2**63
_FREE = frozenset({"object", "flattened"})


class _Field(NamedTuple):
    """What the schema says of a field."""

    type: str
    array: bool
    allowed: frozenset[str]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_long(value: Any) -> bool:
    return type(value) is int and -_NUMBERS <= value < _NUMBERS


def _is_float(value: Any) -> bool:
    return type(value) in (int, float)


def _is_ip(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ip_address(value))
    except ValueError:
        return False


TYPES: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("keyword", "wildcard", "match_only_text", "constant_keyword"), _is_text),
    "long": _is_long,
    "float": _is_float,
    "scaled_float": _is_float,
    "boolean": lambda value: isinstance(value, bool),
    "date": lambda value: isinstance(value, str) and _DATE.fullmatch(value) is not None,
    "ip": _is_ip,
    **dict.fromkeys(("object", "nested", "flattened", "geo_point"), lambda value: isinstance(value, dict)),
}


@cache
def fields(version: str) -> dict[str, _Field]:
    """The schema: field → what it says of it."""
    with (DATA / f"ecs-{version}.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    return {
        row["field"]: _Field(row["type"], row["array"] == "1", frozenset(filter(None, _words(row["allowed_values"]))))
        for row in rows
    }


def _words(text: str) -> list[str]:
    return text.split("|")


@cache
def types_of_categories(version: str) -> dict[str, list[str]]:
    """event.category → the values of event.type that go with it."""
    found: dict[str, list[str]] = json.loads((DATA / f"ecs-{version}-category-types.json").read_text())
    return found


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted name → value of everything in a document; an object within a list counts as its members."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list) and value and all(isinstance(element, dict) for element in value):
        for element in value:
            yield from leaves(element, name)
    else:
        yield name, value


def violations(document: dict[str, Any], version: str) -> list[str]:
    """Everything in a document that is not as the schema has it."""
    found = [*_shape(document, ""), *_classes(document.get("event", {}), version)]
    found += [f"{name}: is not there" for name in ("@timestamp", "ecs.version") if not _has(document, name)]
    for name, value in leaves(document):
        kinds = tuple(map(type, value)) if isinstance(value, list) else type(value)
        if (version, name, kinds) not in _JUDGED:
            judged = [*_value(name, value, version)]
            if not judged and _is_reported_by_kind(name, version):
                _JUDGED.add((version, name, kinds))
            found += judged
    return found


_JUDGED: set[tuple[str, str, Any]] = set()
"""Version, field and types of values of which it is known that any value of them is right."""


def _is_reported_by_kind(name: str, version: str) -> bool:
    field = fields(version).get(name)
    return field is None or (not field.allowed and TYPES[field.type] is _is_text)


def _has(document: dict[str, Any], name: str) -> bool:
    value: Any = document
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value is not None


def _within(name: str, known: dict[str, _Field]) -> _Field | None:
    """What the schema says of everything below an object whose members are free, as `labels`."""
    outer = known.get(name.rpartition(".")[0])
    return _Field("keyword", False, frozenset()) if outer is not None and outer.type in _FREE else None


def _shape(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, (str, int)):
        return
    if value in ([], {}, None):
        yield f"{name}: is empty"
    if isinstance(value, dict):
        seen: dict[str, str] = {}
        for key, inner in value.items():
            other = seen.setdefault(key.lower(), key)
            if other != key:
                yield f"{name}.{key}: differs from {other} in case only"
            yield from _shape(inner, f"{name}.{key}")
    elif isinstance(value, list) and not name.endswith("_hex"):
        for element in value:
            yield from _shape(element, name)


def _value(name: str, value: Any, version: str) -> Iterator[str]:
    field = fields(version).get(name) or _within(name, fields(version))
    if field is None:
        if not is_extension(name):
            yield f"{name}: is no field"
        return
    if field.array != isinstance(value, list):
        yield f"{name}: {'is no list' if field.array else 'is a list'}"
    for element in value if isinstance(value, list) else [value]:
        if not TYPES[field.type](element):
            yield f"{name}: {element!r} is no {field.type}"
        elif field.allowed and element not in field.allowed:
            yield f"{name}: {element!r} is none of {', '.join(sorted(field.allowed))}"


def _classes(event: dict[str, Any], version: str) -> Iterator[str]:
    known = types_of_categories(version)
    categories, types = event.get("category", []), event.get("type", [])
    expected = {type for category in categories for type in known.get(category, [])}
    for type in types:
        if type not in expected:
            yield f"event.type: {type} goes with none of {categories}"
    for category in categories:
        if not set(types).intersection(known.get(category, [])):
            yield f"event.category: {category} has none of its types, but {types}"
    if event.get("kind") != "pipeline_error" and not categories and "action" in event:
        yield "event.category: is not there"

"""The rules: what an event is called, and where in it to look for who and what.

    renamed    file/2        file:change             rename renameat renameat2
    logged-in  user-session  authentication:start    @session @auth USER_LOGIN

The two tables (`calls`, `records`) stay text; a rule is read out of them when the first
event asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from sensor.summary import calls, records

MOST_MADE_UP = 1024
"""Rules of record types that no table has are remembered up to this number."""


class SummaryRule(NamedTuple):
    """One rule.

    action: ECS event.action.
    object: what kind of thing was acted upon; "" if the rule does not know.
    path: which PATH record has it, for files.
    categories, types: ECS event.category and event.type.
    fields: option → the fields to look at, as explained in `records`.
    """

    action: str
    object: str
    path: int
    categories: tuple[str, ...]
    types: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]


def call_rule(name: str) -> SummaryRule:
    """The rule for a system call."""
    entry = _calls().get(name)
    return _rule(entry) if entry is not None else _other(calls.OTHER, name)


def record_rule(type: str, fields: Mapping[str, object]) -> SummaryRule:
    """The rule for a main record of a type, with these fields."""
    for condition, entry in _records().get(type, ()):
        name, equals, value = condition.partition("=")
        if not name or (str(fields.get(name)) == value if equals else name in fields):
            return _rule(entry)
    return _other(records.OTHER, type.lower().replace("_", "-"))


@cache  # one table
def _calls() -> dict[str, str]:
    return {name: entry for entry, names in _entries(calls.RULES) for name in names}


@cache  # one table
def _records() -> dict[str, tuple[tuple[str, str], ...]]:
    """Type → (condition, entry), in the order of the table."""
    table: dict[str, tuple[tuple[str, str], ...]] = {}
    for entry, names in _entries(records.RULES):
        for name in names:
            type, _, condition = name.rstrip("]").partition("[")
            table[type] = (*table.get(type, ()), (condition, entry))
    return table


def _entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each entry of a table without the names it is for, and these."""
    for line in text.replace("\n    ", " ").split("\n"):
        words = line.split()
        end = len(words)
        while end > 3 and not _is_option(words[end - 1]):
            end -= 1
        if words:
            yield " ".join(words[:end]), words[end:]


def _is_option(word: str) -> bool:
    return word.startswith("@") or ("=" in word and "[" not in word)


@cache  # as many as the tables have entries
def _rule(entry: str) -> SummaryRule:
    return _parse(entry)


@lru_cache(MOST_MADE_UP)
def _other(entry: str, name: str) -> SummaryRule:
    """The rule of what no table has."""
    return _parse(entry.format(name=name))


def _parse(entry: str) -> SummaryRule:
    action, what, classes, *options = entry.split()
    object, _, path = what.partition("/")
    categories, _, types = classes.partition(":")
    words = " ".join([records.MACROS.get(option, option) for option in options]).split()
    fields = {name: tuple(names.split(",")) for name, _, names in (word.partition("=") for word in words)}
    kind = "" if object == "-" else object
    return SummaryRule(action, kind, int(path or 0), tuple(categories.split("+")), tuple(types.split("+")), fields)

"""The few layouts in which the kernel writes a type of record, learned from the records themselves.

    item=0 name="/usr/bin/bash" inode=260104 dev=fe:00 mode=0100755 ouid=0 …     a record, parsed field by field once
    item=N name="TEXT" inode=N dev=WORD mode=OCTAL ouid=N …                      its layout: names, and how values look
    "0" "/usr/bin/bash" "260104" "fe:00" "100755" "0" …                          the values of any record that has it

A layout is one regular expression, so a record never seen before costs 3 µs where field by
field it costs 20. An expression admits only values that are what they look like and need no
escape wherever they are written: plain numbers, and text without a blank (behind one,
msg=' has a meaning of its own). All else is no matter of layouts and is parsed the general
way, with the same result. An expression takes a millisecond to make, so a layout is learned
when it comes a second time, and one that holds nothing but what has to be decoded, never.
"""

from __future__ import annotations

import re
from typing import Callable

from sensor.audit.fields import NULLS, PLAIN, Fields, Kinds, Value, key_of
from sensor.audit.spellings import ENRICHED
from sensor.cache import BoundedDict

SAFE = {"percent": r"!#$&-*,-\[\]-~", "unicode": r"!#-\[\]-~"}
"""`transform.strings` → the characters, besides the blank, that no form of output changes, for a regular expression."""

_MOST_FIELDS = 48
_MOST_LAYOUTS = 8
_MOST_SEEN = 256
_MOST_TYPES = 64
_END = rf"(?= |{ENRICHED}|\Z)"
_NULL = rf"(?:\?|\(null\)){_END}"
_NUMBERS = {
    "decimal": "(-?[1-9][0-9]{0,17}|0)",
    "hex": rf"(?=[0-9a-f]{{1,16}}{_END})0*([1-9a-f][0-9a-f]*|0)",
    "octal": rf"(?=[0-7]{{1,22}}{_END})0*([1-7][0-7]*|0)",
}

Values = tuple[str, ...]


class Layout:
    """One layout.

    match: matches bodies that have it; its groups are the values, numbers without leading zeros.
    names: name of each field → how it is written: decimal, hex, octal, string or null; only null has no value.
    places: name → where its value is.
    text: for the form: what it makes of names; "" before.
    """

    __slots__ = ("match", "names", "places", "text")

    def __init__(self, pattern: str, names: dict[str, str]) -> None:
        self.match = re.compile(pattern).match
        self.names = names
        self.places = {
            name: place for place, name in enumerate([name for name, kind in names.items() if kind != "null"])
        }
        self.text = ""

    def value(self, name: str, values: Values) -> str:
        """One of the values; "" if the name has none."""
        place = self.places.get(name)
        return "" if place is None else values[place]

    def fields(self, values: Values) -> Fields:
        """What parsing field by field gives."""
        fields: Fields = {}
        for name, kind in self.names.items():
            fields[name] = _decoded(kind, self.value(name, values))
        if "key" in self.places:
            fields["KEYS"] = [self.value("key", values)]
        return fields


Found = tuple[Layout, Values]
"""The layout of a body, and the values in it."""


class Layouts:
    """The layouts of one type of record; the one learned last is tried first.

    known: all of them.
    safe: of SAFE.
    """

    def __init__(self, kinds: Kinds, safe: str) -> None:
        self._kinds = kinds
        self._text = f'"([{safe}]*)"'
        self._word = rf"(?!{_NULL})(?!['{{])([{safe}]+)"
        self.known: tuple[Layout, ...] = ()
        self._seen: BoundedDict[str, bool] = BoundedDict(_MOST_SEEN)

    def learn(self, body: str, fields: Fields) -> None:
        """Learn the layout of a body, if it has one; fields: its own, parsed, which the layout must give too."""
        names: dict[str, str] = {}
        pattern = ""
        for section in body.split(ENRICHED):
            if not PLAIN.fullmatch(section):
                return
            for word in section.split(" "):
                name, _, raw = word.partition("=")
                form = self._form(name, raw)
                if form is None or name in names or len(names) >= _MOST_FIELDS:
                    return
                names[name] = form[1]
                pattern += f"{re.escape(name)}={form[0]} "
            pattern = pattern[:-1] + ENRICHED
        if self._worth_learning(pattern):
            self._seen[pattern] = self._add(Layout(pattern[:-1] + r"\Z", names), body, fields)

    def _worth_learning(self, pattern: str) -> bool:
        """Return whether a layout was seen before and is not known to be of no use."""
        if pattern in self._seen:
            return self._seen[pattern]
        self._seen.keep(pattern, True)
        return False

    def _add(self, layout: Layout, body: str, fields: Fields) -> bool:
        """Add a layout, if it gives of this body what the general way gave; return whether it does."""
        found = layout.match(body)
        useful = found is not None and list(layout.fields(found.groups()).items()) == list(fields.items())
        if useful:
            self.known = (layout, *self.known[: _MOST_LAYOUTS - 1])
        return useful

    def _form(self, name: str, raw: str) -> tuple[str, str] | None:
        """Pattern for values of a name that look like this one, and how they are written."""
        kind = self._kinds.of(name)
        if key_of(name) != name or name == "avc":
            return None
        if raw in NULLS:
            return _NULL, "null"
        if kind in _NUMBERS:
            return _NUMBERS[kind], kind
        if raw[0] == '"':
            return self._text, "string"
        return (self._word, "string") if kind == "string" else None


class LayoutsByType:
    """The layouts of all types but those with a form of their own: command lines."""

    def __init__(self, kinds: Callable[[str], Kinds], safe: str) -> None:
        self._kinds = kinds
        self._safe = safe
        self._types: BoundedDict[str, Layouts] = BoundedDict(_MOST_TYPES)

    @property
    def count(self) -> int:
        """Types of records that are known."""
        return len(self._types)

    def find(self, name: str, body: str) -> Found | None:
        """The layout of a body of the named type, and the values in it; None if it has no known one."""
        layouts = self._types.get(name)
        if layouts is not None:
            for layout in layouts.known:
                found = layout.match(body)
                if found is not None:
                    return layout, found.groups()
        return None

    def learn(self, name: str, body: str, fields: Fields) -> None:
        """Take an example of what is usual: a body of the named type and its fields."""
        if name not in ("PROCTITLE", "EXECVE"):
            layouts = self._types.get(name)
            if layouts is None:
                layouts = self._types.keep(name, Layouts(self._kinds(name), self._safe))
            layouts.learn(body, fields)


def _decoded(kind: str, value: str) -> Value:
    if kind == "decimal":
        return int(value)
    if kind == "null":
        return None
    return f"0x{value}" if kind == "hex" else f"0o{value}" if kind == "octal" else value

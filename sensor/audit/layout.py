"""The few layouts in which the kernel writes a type of record, learned from the records themselves.

    item=0 name="/usr/bin/bash" inode=260104 dev=fe:00 mode=0100755 ouid=0 …     a record, parsed field by field once
    item=N name="TEXT" inode=N dev=WORD mode=OCTAL ouid=N …                      its layout: names, and how values look
    "0" "/usr/bin/bash" "260104" "fe:00" "100755" "0" …                          the values of any record that has it

The values of a layout are found by its shape (sensor.audit.shape), so a record never seen before costs 3 µs where field
by field it costs 20. A shape admits only values that are what they look like: plain numbers, and text without a blank
(behind one, msg=' has a meaning of its own). All else is no matter of layouts and is parsed the general
way, with the same result. A shape may take a millisecond to make, so a layout is learned
when it comes a second time, and one that holds nothing but what has to be decoded, never.
"""

from __future__ import annotations

from typing import Callable

from sensor.audit.fields import NULLS, PLAIN, Fields, Kinds, Value, key_of
from sensor.audit.shape import DECIMAL, HEXADECIMAL, NULL, OCTAL, QUOTED, WORD, Shape, Values
from sensor.audit.spellings import ENRICHED
from sensor.cache import BoundedDict

_MOST_FIELDS = 48
_MOST_LAYOUTS = 8
_MOST_SEEN = 256
_MOST_TYPES = 64
_NUMBERS = {"decimal": DECIMAL, "hex": HEXADECIMAL, "octal": OCTAL}


class Layout:
    """One layout.

    shape: of the bodies that have it.
    names: name of each field → how it is written: decimal, hex, octal, string or null; only null has no value.
    places: name → where its value is.
    texts: for the form: what it writes before, between and behind values, with a place for each of these; none before
        it is made.
    """

    __slots__ = ("names", "places", "shape", "texts")

    def __init__(self, shape: Shape, names: dict[str, str]) -> None:
        self.shape = shape
        self.names = names
        self.places = {
            name: place for place, name in enumerate([name for name, kind in names.items() if kind != "null"])
        }
        self.texts: list[str] = []

    def value(self, name: str, values: Values) -> str:
        """One of the values; "" if the name has none."""
        place = self.places.get(name)
        return "" if place is None else values[place]

    def fields(self, values: Values) -> Fields:
        """What parsing field by field gives."""
        fields: Fields = {}
        place = 0
        for name, kind in self.names.items():
            if kind == "null":
                fields[name] = None
            else:
                fields[name] = _decoded(kind, values[place])
                place += 1
        if "key" in self.places:
            fields["KEYS"] = [self.value("key", values)]
        return fields


Found = tuple[Layout, Values]
"""The layout of a body, and the values in it."""


class Layouts:
    """The layouts of one type of record; the one learned last is tried first.

    known: all of them.
    strings: `transform.strings`, which decides what is plain text.
    """

    def __init__(self, kinds: Kinds, strings: str) -> None:
        self._kinds = kinds
        self._strings = strings
        self.known: tuple[Layout, ...] = ()
        self._seen: BoundedDict[str, bool] = BoundedDict(_MOST_SEEN)

    def learn(self, body: str, fields: Fields) -> None:
        """Learn the layout of a body, if it has one; fields: its own, parsed, which the layout must give too."""
        names: dict[str, str] = {}
        befores: list[str] = []
        forms: list[int] = []
        separator = ""
        for section in body.split(ENRICHED):
            if not PLAIN.fullmatch(section):
                return
            for word in section.split(" "):
                name, _, raw = word.partition("=")
                form = self._form(name, raw)
                if form is None or name in names or len(names) >= _MOST_FIELDS:
                    return
                names[name] = form[1]
                befores.append(f"{separator}{name}=")
                forms.append(form[0])
                separator = " "
            separator = ENRICHED
        key = f"{befores}{forms}"
        if self._worth_learning(key):
            self._seen[key] = self._add(Layout(Shape(befores, forms, self._strings), names), body, fields)

    def _worth_learning(self, key: str) -> bool:
        """Return whether a layout was seen before and is not known to be of no use."""
        if key in self._seen:
            return self._seen[key]
        self._seen.keep(key, True)
        return False

    def _add(self, layout: Layout, body: str, fields: Fields) -> bool:
        """Add a layout, if it gives of this body what the general way gave; return whether it does."""
        values = layout.shape.values(body)
        useful = values is not None and list(layout.fields(values).items()) == list(fields.items())
        if useful:
            self.known = (layout, *self.known[: _MOST_LAYOUTS - 1])
        return useful

    def _form(self, name: str, raw: str) -> tuple[int, str] | None:
        """The form of values of a name that look like this one, and how they are written."""
        kind = self._kinds.of(name)
        if key_of(name) != name or name == "avc":
            return None
        if raw in NULLS:
            return NULL, "null"
        if kind in _NUMBERS:
            return _NUMBERS[kind], kind
        if raw[0] == '"':
            return QUOTED, "string"
        return (WORD, "string") if kind == "string" else None


class LayoutsByType:
    """The layouts of all types but those with a form of their own: command lines, addresses."""

    def __init__(self, kinds: Callable[[str], Kinds], strings: str) -> None:
        self._kinds = kinds
        self._strings = strings
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
                values = layout.shape.values(body)
                if values is not None:
                    return layout, values
        return None

    def learn(self, name: str, body: str, fields: Fields) -> None:
        """Take an example of what is usual: a body of the named type and its fields."""
        if name not in ("PROCTITLE", "EXECVE", "SOCKADDR"):
            layouts = self._types.get(name)
            if layouts is None:
                layouts = self._types.keep(name, Layouts(self._kinds(name), self._strings))
            layouts.learn(body, fields)


def _decoded(kind: str, value: str) -> Value:
    if kind == "decimal":
        return int(value)
    return f"0x{value}" if kind == "hex" else f"0o{value}" if kind == "octal" else value

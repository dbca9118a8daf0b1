"""The few forms in which the kernel writes a type of record, learned from the records themselves.

    item=0 name="/usr/bin/bash" inode=260104 dev=fe:00 mode=0100755 ouid=0 …     a record, parsed field by field once
    item=N name="TEXT" inode=N dev=WORD mode=OCTAL ouid=N …                      its shape: names, and how values look
    "item":N,"name":"TEXT","inode":N,"dev":"WORD","mode":"0oOCTAL","ouid":N …    the JSON of every record of the shape

A shape is one regular expression and one template, so a record never seen before costs
3 µs where field by field it costs 20. An expression admits only values that need no
rewriting: plain numbers, and text that is the same in JSON and has no blank (behind one,
msg=' has a meaning of its own). All else is no matter of shapes and is parsed the general
way, with the same result. An expression takes a millisecond to make, so a form is learned
when it comes a second time, and one that says nothing but what has to be rewritten, never.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sensor.audit.fields import ENRICHED, NULLS, PLAIN, Kinds, key_of
from sensor.cache import BoundedDict

_MOST_FIELDS = 48
_MOST_SHAPES = 8
_MOST_SEEN = 256
_END = rf"(?= |{ENRICHED}|\Z)"
_NUMBER = "(-?[1-9][0-9]{0,17}|0)"
_NULL = rf"(?:\?|\(null\)){_END}"
_DIGITS = {
    "hex": (rf"(?=[0-9a-f]{{1,16}}{_END})0*([1-9a-f][0-9a-f]*|0)", '"0x%s"'),
    "octal": (rf"(?=[0-7]{{1,22}}{_END})0*([1-7][0-7]*|0)", '"0o%s"'),
}


class Shape(NamedTuple):
    """One form: what its records match, their JSON, where each captured value stands, and where the key."""

    pattern: re.Pattern[str]
    template: str
    places: dict[str, int]
    key: int | None

    def value(self, name: str, values: tuple[str, ...]) -> str:
        """One of the captured values; "" if the name has none."""
        place = self.places.get(name)
        return "" if place is None else values[place]

    def render(self, body: str) -> tuple[str, tuple[str, ...]] | None:
        """JSON members of a body, and the values in it as written; None if it has another shape."""
        found = self.pattern.match(body)
        if found is None:
            return None
        values = found.groups()
        text = self.template % values
        return (text if self.key is None else f'{text},"KEYS":["{values[self.key]}"]'), values


class Shapes:
    """The shapes of one type of record.

    safe: the characters, besides the blank, that are the same in JSON, for a regular expression's brackets.
    """

    def __init__(self, kinds: Kinds, safe: str) -> None:
        self._kinds = kinds
        self._text = f'"([{safe}]*)"'
        self._word = rf"(?!{_NULL})(?!['{{])([{safe}]+)"
        self._shapes: tuple[Shape, ...] = ()
        self._seen: BoundedDict[str, bool] = BoundedDict(_MOST_SEEN)

    def render(self, body: str) -> tuple[str, Shape, tuple[str, ...]] | None:
        """JSON members of a body, its shape, and the values in it as written; None if it has no known shape."""
        for shape in self._shapes:
            found = shape.render(body)
            if found is not None:
                return found[0], shape, found[1]
        return None

    def learn(self, body: str, text: str) -> None:
        """Learn the shape of a body, if it has one; text: its JSON members, which the shape must give too."""
        forms: dict[str, tuple[str, str]] = {}
        pattern = ""
        for section in body.split(ENRICHED):
            if not PLAIN.fullmatch(section):
                return
            for word in section.split(" "):
                name, _, raw = word.partition("=")
                form = self._form(name, raw)
                if form is None or name in forms or len(forms) >= _MOST_FIELDS:
                    return
                forms[name] = form
                pattern += f"{re.escape(name)}={form[0]} "
            pattern = pattern[:-1] + ENRICHED
        if self._worth_learning(pattern):
            self._seen[pattern] = self._compile(pattern, forms, body, text)

    def _worth_learning(self, pattern: str) -> bool:
        """Tell whether a form was seen before and is not known to be of no use."""
        if pattern in self._seen:
            return self._seen[pattern]
        self._seen.keep(pattern, True)
        return False

    def _compile(self, pattern: str, forms: dict[str, tuple[str, str]], body: str, text: str) -> bool:
        """Add a shape, if it gives of this body what the general way gave; tell whether it does."""
        names = [name for name, form in forms.items() if "%s" in form[1]]
        template = ",".join([f'"{name}":{form[1]}' for name, form in forms.items()])
        places = {name: place for place, name in enumerate(names)}
        shape = Shape(re.compile(pattern[:-1] + r"\Z"), template, places, places.get("key"))
        useful = (shape.render(body) or ("",))[0] == text
        if useful:
            self._shapes = (shape, *self._shapes[: _MOST_SHAPES - 1])
        return useful

    def _form(self, name: str, raw: str) -> tuple[str, str] | None:
        """Pattern and template for values of a name that look like this one."""
        kind = self._kinds.of(name)
        if key_of(name) != name or name == "avc":
            return None
        if raw in NULLS:
            return _NULL, "null"
        if kind == "decimal":
            return _NUMBER, "%s"
        if kind in _DIGITS:
            return _DIGITS[kind]
        if raw[0] == '"':
            return self._text, '"%s"'
        return (self._word, '"%s"') if kind == "string" else None

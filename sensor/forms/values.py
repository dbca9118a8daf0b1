"""Values to JSON text.

A str holds one byte per character; so does the JSON that comes out. In the unicode
style a text that is not UTF-8 has its exact bytes beside it, in hexadecimal:
{"name":"/tmp/\\ufffd","name_hex":"2f746d702fff"}.
"""

from __future__ import annotations

from typing import Callable, Final

from sensor.audit.fields import Fields, Value
from sensor.audit.naming import Naming
from sensor.audit.number import Number
from sensor.cache import BoundedDict
from sensor.forms.distinct import DistinctKeys
from sensor.forms.text import Quote, bad_bytes, quote_percent, quote_unicode

_REMEMBERED = 4096
_LONGEST: Final = 64

Render = Callable[[Fields], str]
"""Fields → the members of a JSON object, without its braces."""


class Style:
    """How JSON is written.

    strings: of `transform.strings`.
    naming: of added members.
    distinct: what keys become, of records and of added objects; None where they stay.
    renderer: writes fields of records; render: its method; plain: writes any others, by the keys they have.
    """

    def __init__(
        self, strings: str = "percent", naming: Naming | None = None, distinct: DistinctKeys | None = None
    ) -> None:
        self.strings = strings
        self._percent = strings == "percent"
        self.naming = naming or Naming()
        self.distinct = distinct
        self.plain: Render = Renderer(strings).render
        self.renderer = Renderer(strings, distinct)
        self.render: Render = self.renderer.render
        self._keys: BoundedDict[str, str] = BoundedDict(_REMEMBERED)
        self._added: BoundedDict[str, str] = BoundedDict(_REMEMBERED)

    def quote(self, text: str) -> str:
        """A JSON string."""
        return quote_percent(text) if self._percent else quote_unicode(text)  # half of a call through a variable

    def members(self, fields: Fields) -> str:
        """The members of an object, each with a comma before it; no text has its bytes beside it."""
        keys = self._keys
        text = ""
        for name, value in fields.items():
            key = keys.get(name) or self._key(name)
            text += key + self.value(value)
        return text

    def added(self, fields: Fields) -> str:
        """Members that were added, by the names they get, each with a comma before it."""
        keys = self._added
        text = ""
        for name, value in fields.items():
            key = keys.get(name) or keys.keep(name, f',"{self.naming.key(name)}":')
            if self.distinct is not None:
                value = self.distinct.added(name, value)
            text += key + self.value(value)
        return text

    def value(self, value: Value) -> str:
        """A value."""
        if isinstance(value, str) and type(value) is str:
            return self.quote(value)
        if isinstance(value, dict):
            return f"{{{self.members(value)[1:]}}}"
        if isinstance(value, list):
            return f"[{','.join([self.value(element) for element in value])}]"
        return write(value, self.quote)

    def _key(self, name: str) -> str:
        return self._keys.keep(name, f",{self.quote(name)}:")


class Renderer:
    """Writes fields; the texts of names and of short values are remembered, for most come again and again.

    strings: of `transform.strings`; distinct: what keys become.
    """

    def __init__(self, strings: str, distinct: DistinctKeys | None = None) -> None:
        self._percent = strings == "percent"
        self._quoter = quoter(strings)
        self._distinct = distinct
        self._keys: BoundedDict[str, str] = BoundedDict(_REMEMBERED)
        self._quoted: BoundedDict[str, str] = BoundedDict(_REMEMBERED)

    def render(self, fields: Fields) -> str:
        """The members of an object."""
        if not self._percent and _has_bad_bytes(fields):
            fields = _with_bytes(fields)
        if self._distinct is not None:
            fields = self._distinct.fields(fields)
        return self._members(fields)

    def member(self, name: str, value: Value) -> str:
        """One member, with a comma before it."""
        if not self._percent or self._distinct is not None:
            return f",{self.render({name: value})}"
        return f"{self._keys.get(name) or self._key(name)}{self._value(value)}"

    def text(self, value: str) -> str:
        """A text."""
        return self._quoted.get(value) or self._short(value) if len(value) <= _LONGEST else self._quote(value)

    def _quote(self, value: str) -> str:
        return quote_percent(value) if self._percent else quote_unicode(value)

    def _members(self, fields: Fields) -> str:
        keys = self._keys
        parts: list[str] = []
        for name, value in fields.items():
            parts.append(keys.get(name) or self._key(name))
            parts.append(self.text(value) if isinstance(value, str) and type(value) is str else self._value(value))
        return "".join(parts)[1:]

    def _value(self, value: Value) -> str:
        if isinstance(value, str) and type(value) is str:
            return self.text(value)
        if isinstance(value, dict):
            return f"{{{self._members(value)}}}"
        if isinstance(value, list):
            return f"[{','.join([self._value(element) for element in value])}]"
        return write(value, self._quoter)

    def _key(self, name: str) -> str:
        return self._keys.keep(name, f",{self._quote(name)}:")

    def _short(self, value: str) -> str:
        quoted = self._quoted  # its `keep` costs as much as the quoting
        if len(quoted) >= _REMEMBERED:
            quoted.clear()
        quoted[value] = written = self._quote(value)
        return written


def quoter(strings: str) -> Quote:
    """The string quoter for one value of `transform.strings`."""
    return quote_percent if strings == "percent" else quote_unicode


def write(value: Value, quote: Quote) -> str:
    """A value as JSON."""
    if isinstance(value, str):
        return value if type(value) is Number else quote(value)
    if value is None:
        return "null"
    if type(value) is int:
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join([write(element, quote) for element in value]) + "]"
    if isinstance(value, dict):
        return "{" + ",".join([_member(quote, name, inner) for name, inner in value.items()]) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _member(quote: Quote, name: str, value: Value) -> str:
    return f"{quote(name)}:{write(value, quote)}"


def _has_bad_bytes(fields: Fields) -> bool:
    """Return whether a text in them is no UTF-8, as hardly any is."""
    for value in fields.values():
        if isinstance(value, str):
            if not value.isascii() and bad_bytes(value):
                return True
        elif isinstance(value, dict):
            if _has_bad_bytes(value):
                return True
        elif isinstance(value, list):
            for element in value:
                if isinstance(element, str) and not element.isascii() and bad_bytes(element):
                    return True
    return False


def _with_bytes(fields: Fields) -> Fields:
    out: Fields = {}
    for name, value in fields.items():
        out[name] = _with_bytes(value) if isinstance(value, dict) else value
        exact: Value = None
        if isinstance(value, str):
            exact = _hex(value)
        elif isinstance(value, list) and any(map(_hex, value)):
            exact = [_hex(element) for element in value]
        if exact is not None:
            suffix = "_HEX" if name.isupper() else "_hex"
            beside = name + suffix
            while beside in fields or beside in out:
                beside += suffix
            out[beside] = exact
    return out


def _hex(value: Value) -> str | None:
    return value.encode("latin-1").hex() if isinstance(value, str) and bad_bytes(value) else None

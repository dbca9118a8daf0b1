"""Decoded fields to JSON text.

A str holds one byte per character; so does the JSON that comes out. In the unicode
style a text that is not UTF-8 has its exact bytes beside it, in hexadecimal:
{"name":"/tmp/\\ufffd","name_hex":"2f746d702fff"}.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, Callable, NamedTuple

from sensor.audit.fields import Fields, Value
from sensor.audit.text import Quote, bad_bytes, quote_percent, quote_unicode

_REMEMBERED = 4096
_LONGEST = 64
_SMALL = frozenset({int, type(None)})

Render = Callable[[Fields], str]
"""Fields → the members of a JSON object, without its braces."""


class Style(NamedTuple):
    """How what the stages add is written.

    quote: text to a JSON string.
    prefix: what `enrich.prefix` puts before the names of enriched keys; "" leaves them in capitals.
    """

    quote: Quote
    prefix: str = ""

    def key(self, name: str) -> str:
        """The key of an added member, which is called `name` where there is no prefix."""
        return self.prefix + name.lower() if self.prefix else name


def renderer(strings: str) -> Render:
    """The renderer for one value of `transform.strings`."""
    quote = quoter(strings)
    remembered: Callable[[str, Any], str] = lru_cache(_REMEMBERED)(partial(_member, quote))

    def render(fields: Fields) -> str:
        return ",".join(
            [
                remembered(name, value)
                if value.__class__ in _SMALL or (isinstance(value, str) and len(value) <= _LONGEST)
                else _member(quote, name, value)
                for name, value in fields.items()
            ]
        )

    return render if strings == "percent" else lambda fields: render(_with_bytes(fields))


def quoter(strings: str) -> Quote:
    """The string quoter for one value of `transform.strings`."""
    return quote_percent if strings == "percent" else quote_unicode


def _member(quote: Quote, name: str, value: Value) -> str:
    return f"{quote(name)}:{_value(value, quote)}"


def _value(value: Value, quote: Quote) -> str:
    if isinstance(value, str):
        return quote(value)
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join([_value(element, quote) for element in value]) + "]"
    return "{" + ",".join([_member(quote, name, inner) for name, inner in value.items()]) + "}"


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

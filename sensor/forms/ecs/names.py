"""Names that every store takes: no two in one object that differ in case only, and nothing that is empty.

{"arch":"x86_64","Arch":"b64","argv":[]}  →  {"arch":"x86_64","Arch_2":"b64"}

SQL engines, and Windows' and macOS' file systems below some, take `pid` and `PID` for one name.
"""

from __future__ import annotations

from typing import Final

from sensor.audit.fields import Fields, Value

_NOTHING: frozenset[str] = frozenset()
_SMALL: Final[set[str]] = set()
_MOST_NAMES = 1024
_LONGEST_NAME = 64
"""Names known to be in small letters, how many are remembered, and how long: nearly all come again and again."""
_EMPTY: tuple[Value, ...] = (None, [], {})


def tidy(fields: Fields, taken: frozenset[str] = _NOTHING) -> Fields:
    """The same without what is empty, and with a number behind a name that differs from another in case only.

    taken: names in small letters that stand before them in the same object. Names in small letters stay what they are,
        if they are not among these; of others the first does. Objects within are treated alike.
    """
    if taken.isdisjoint(fields) and _is_tidy(fields):
        return fields
    seen = {*taken}
    small = {name for name in fields if name == name.lower()}
    numbers: dict[str, int] = {}  # by name in small letters, the first that may be free: in linear time
    out: Fields = {}
    for name, value in fields.items():
        kept = _tidy(value)
        if kept in _EMPTY:
            continue
        free, folded = name, name.lower()
        number = first = numbers.get(folded, 2)
        while free.lower() in seen or (free.lower() in small and free != folded):
            free, number = f"{name}_{number}", number + 1
        if number > first:
            numbers[folded] = number
        seen.add(free.lower())
        out[free] = kept
    return out


def _is_tidy(fields: Fields) -> bool:
    """Return whether there are only names in small letters, and nothing is empty."""
    for name, value in fields.items():
        if value is None or not (name in _SMALL or _is_small(name)):
            return False
        if isinstance(value, dict):
            if not value or not _is_tidy(value):
                return False
        elif isinstance(value, list):
            if not value:
                return False
            for element in value:
                if isinstance(element, dict) and not _is_tidy(element):
                    return False
    return True


def _is_small(name: str) -> bool:
    if not name.islower():
        return False
    if len(_SMALL) < _MOST_NAMES and len(name) <= _LONGEST_NAME:
        _SMALL.add(name)
    return True


def merged(first: Fields, second: Fields) -> Fields:
    """Both in one; of a name that is in both the second holds, of two objects all members."""
    out = {**first, **second}
    for name, value in first.items():
        other = second.get(name)
        if isinstance(value, dict) and isinstance(other, dict):
            out[name] = merged(value, other)
    return out


def _tidy(value: Value) -> Value:
    if isinstance(value, dict):
        return tidy(value)
    if isinstance(value, list):
        return [tidy(element) if isinstance(element, dict) else element for element in value]
    return value

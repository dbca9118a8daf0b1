"""Names that every store takes: no two in one object that differ in case only, and nothing that is empty.

{"arch":"x86_64","Arch":"b64","argv":[]}  →  {"arch":"x86_64","Arch_2":"b64"}

SQL engines, and Windows' and macOS' file systems below some, take `pid` and `PID` for one name.
"""

from __future__ import annotations

from sensor.audit.fields import Fields, Value

_NOTHING: frozenset[str] = frozenset()
_EMPTY: tuple[Value, ...] = (None, [], {})


def tidy(fields: Fields, taken: frozenset[str] = _NOTHING) -> Fields:
    """The same without what is empty, and with a number behind a name that differs from another in case only.

    taken: names in small letters that stand before them in the same object. Names in small letters stay what they are,
        if they are not among these; of others the first does. Objects within are treated alike.
    """
    if _is_plain(fields) and taken.isdisjoint(fields):
        return _without_empty(fields)
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


def _is_plain(fields: Fields) -> bool:
    """Return whether there are no objects, and only names in small letters."""
    for name, value in fields.items():
        if isinstance(value, dict) or not name.islower():
            return False
        if isinstance(value, list):
            for element in value:
                if isinstance(element, dict):
                    return False
    return True


def _without_empty(fields: Fields) -> Fields:
    """Plain fields that have a value; they are not copied if all have."""
    for value in fields.values():
        if value is None or (isinstance(value, list) and not value):
            return {name: kept for name, kept in fields.items() if kept is not None and kept != []}
    return fields


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

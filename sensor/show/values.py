"""Values out of JSON that may be of any shape: text, number, object, or what stands in for one that is not there.

A log may have been written by anybody who could write to its place, so each value is looked at before it is used.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

from sensor.show.event import Ended

Object = dict[str, Any]


def text(value: Any) -> str:
    """A text, or a number as one; empty for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def number(value: Any) -> int | None:
    """A whole number, also one that was written as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


def obj(value: Any) -> Object:
    """An object; of a list its first; an empty one for anything else."""
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Object]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: Any) -> tuple[str, ...]:
    """The texts and numbers of a list; a single one counts as a list of it."""
    return tuple(map(text, value)) if isinstance(value, list) else (text(value),) if text(value) else ()


def ended(code: Any, signal: Any, duration: Any) -> Ended:
    """The end of a process; what is no number is not known."""
    is_number = isinstance(duration, (int, float)) and not isinstance(duration, bool)
    return number(code), number(signal), float(duration) if is_number else None


def decoded(value: str) -> str:
    """Text with LAUREL's percent encoding undone."""
    return unquote_to_bytes(value).decode("utf-8", "surrogateescape") if "%" in value else value

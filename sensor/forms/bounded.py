"""Lines no longer than a shipper takes (`auditlog.max_line`): any form, with what is too much left out.

    {"ID":"…","SYSCALL":{…},"EXECVE":{"argc":3000,"ARGV":["a","b", … 30 kB]},"PATH":[{…},{…}]}
    {"ID":"…","SYSCALL":{…},"EXECVE":{"argc":3000,"ARGV":["a","b"]},"PATH":[{…},{…}],
     "SENSOR":{"shortened":{"bytes":31022,"members":["EXECVE.ARGV"]}}}

Texts and lists are cut to one length, the largest that does: of a list the first elements stay, of a text its
beginning, never part of a character nor of a percent escape. If that is not enough members go, last those that show
which event it is, who did it and with what result. It takes time in proportion to the line.
"""

from __future__ import annotations

import re
from typing import Union

from sensor.audit.event import Event, Notice
from sensor.audit.fields import Value
from sensor.forms import Form
from sensor.forms.text import quote_unicode
from sensor.jsonl import loads

_IDENTITY = """
id node time type arch syscall success exit ppid pid auid uid euid gid egid ses comm exe guid event_id start_time
session_guid subj acct res op reason raw
@timestamp version kind action outcome code category module dataset entity_id name executable sequence message_type
result activity_id category_uid class_uid type_uid severity_id status_id event_code logged_time cpid hostname type_id
vendor_name uid path ip direction_id load_type_id profiles activity_name
"""
_OF_IDENTITY = frozenset(_IDENTITY.split())
"""Keys, in small letters and without the prefix of added ones, whose values show which event it is, by whom."""
_MOST_OF_ONE = 96
_MOST_LEFT_OUT = 256
_MOST_NAMES = 8
_LONGEST_NAME = 64
_LEAST = 16
"""Bytes below which a part of a text or an object means nothing."""
_SHORTEST_CUT = 64
"""Bytes below which texts and lists are not cut as long as there are members that may go."""
_ESCAPE_CUT = re.compile("(?:%ef(?:%bb)?)?(?:%[0-9a-f]?)?\\Z")
"""The end of a text whose last percent escape may have been cut; U+FEFF is the one character of several."""
_SIGN = "shortened"

Inner = Union[None, dict[str, "_Part"], list["_Part"]]


class _Part:
    """A value of a line, measured.

    text: as it is written, of a value without parts; size: bytes of the whole; needed: those that stay before others.
    """

    __slots__ = ("inner", "needed", "size", "text", "value")

    def __init__(self, value: Value, inner: Inner, text: str, size: int, needed: int) -> None:
        self.value = value
        self.inner = inner
        self.text = text
        self.size = size
        self.needed = needed


class Shortener:
    """Shortens lines.

    limit: bytes of a line, its newline not counted.
    sign: the object of the top level that lists what was left out.
    prefix: of added keys.
    """

    def __init__(self, limit: int, sign: str, prefix: str = "") -> None:
        self.limit = limit
        self._sign = sign
        self._prefix = prefix

    def __call__(self, line: str) -> str:
        """A line that is too long, shortened."""
        whole = self._measured(loads(line.encode("latin-1")), False)
        assert isinstance(whole.inner, dict)
        left_out: dict[str, None] = {}
        room = self.limit - _MOST_LEFT_OUT
        longest = _longest(whole, room)
        if longest >= _SHORTEST_CUT:
            texts = self._cut_members(whole.inner, longest, "", left_out)
        else:
            texts = self._fitting_members(whole.inner, room, "", left_out)
        kept = texts.pop(self._sign, "{}")[1:-1]
        comma = "," if kept else ""
        sign = f'"{_SIGN}":{{"bytes":{len(line)},"members":[{_names(left_out)}]}}'
        return _joined({**texts, self._sign: f"{{{kept}{comma}{sign}}}"})

    def _measured(self, value: Value, identity: bool) -> _Part:
        """A value and its parts; identity: its key is one of those that show who it was."""
        if isinstance(value, dict):
            parts = {name: self._measured(inner, self._identifies(name)) for name, inner in value.items()}
            sizes = [len(_quoted(name)) + 2 for name in parts]
            size = 1 + sum(sizes) + sum([part.size for part in parts.values()])
            needs = [cost + part.needed for cost, part in zip(sizes, parts.values()) if part.needed]
            return _Part(None, parts, "", max(size, 2), 1 + sum(needs) if needs else 0)
        if isinstance(value, list):
            elements = [self._measured(inner, False) for inner in value]
            size = max(1 + sum([part.size + 1 for part in elements]), 2)
            first = elements[0].needed + 2 if elements and isinstance(value[0], dict) else 0
            return _Part(None, elements, "", size, size if identity and size <= _MOST_OF_ONE else first)
        text = _scalar(value)
        return _Part(value, None, text, len(text), min(len(text), _MOST_OF_ONE) if identity else 0)

    def _identifies(self, name: str) -> bool:
        small = name.lower()
        if self._prefix and small.startswith(self._prefix):
            small = small[len(self._prefix) :]
        return small in _OF_IDENTITY

    def _whole(self, part: _Part) -> str:
        if isinstance(part.inner, dict):
            return "{" + ",".join([f"{_quoted(name)}:{self._whole(inner)}" for name, inner in part.inner.items()]) + "}"
        if isinstance(part.inner, list):
            return "[" + ",".join([self._whole(inner) for inner in part.inner]) + "]"
        return part.text

    def _cut(self, part: _Part, longest: int, path: str, left_out: dict[str, None]) -> str:
        """A value whose texts and lists are no longer than that."""
        if isinstance(part.inner, dict):
            return _joined(self._cut_members(part.inner, longest, path, left_out))
        return self._part(part, longest, path, left_out) if part.inner is not None or part.text[0] == '"' else part.text

    def _cut_members(
        self, parts: dict[str, _Part], longest: int, path: str, left_out: dict[str, None]
    ) -> dict[str, str]:
        """The members of an object, likewise."""
        return {name: self._cut(part, longest, _below(path, name), left_out) for name, part in parts.items()}

    def _part(self, part: _Part, room: int, name: str, left_out: dict[str, None]) -> str:
        """A value in so many bytes; "" if nothing of it fits."""
        if part.size <= room:
            return self._whole(part)
        if isinstance(part.inner, dict):
            if room < _LEAST:
                return _leave_out(name, left_out)
            return _joined(self._fitting_members(part.inner, room, name, left_out))
        _leave_out(name, left_out)
        if isinstance(part.inner, list):
            return self._list(part.inner, room, name, left_out) if room >= _LEAST else ""
        if isinstance(part.value, str) and room >= _LEAST:
            return _beginning(part.value, room, name.endswith(("_hex", "_HEX")))
        return ""

    def _fitting_members(
        self, parts: dict[str, _Part], room: int, path: str, left_out: dict[str, None]
    ) -> dict[str, str]:
        """The members of an object that fit in so many bytes together, with braces."""
        costs = [len(_quoted(name)) + 2 for name in parts]
        level = _level([(part.needed, part.size) for part in parts.values()], room - 1 - sum(costs))
        members: dict[str, str] = {}
        left = room - 1
        for cost, (name, part) in zip(costs, parts.items()):
            where = _below(path, name)
            share = min(max(part.needed, level), left - cost)
            text = self._part(part, share, where, left_out)
            if text:
                members[name] = text
                left -= cost + len(text)
            elif part.size > share:
                _leave_out(where, left_out)
        return members

    def _list(self, parts: list[_Part], room: int, path: str, left_out: dict[str, None]) -> str:
        elements = []
        left = room - 1
        for part in parts:
            text = self._part(part, left - 1, path, left_out)
            if text:
                elements.append(text)
                left -= 1 + len(text)
            if part.size > len(text):
                break
        return "[" + ",".join(elements) + "]"


class Bounded(Form):
    """A form whose lines are shortened where they are too long, and counted.

    counts: bound → times it was hit.
    """

    def __init__(self, form: Form, shorten: Shortener, counts: dict[str, int]) -> None:
        self._form = form
        self._limit = shorten.limit
        self._shortened = shorten
        self._counts = counts

    def event(self, event: Event) -> str:
        """Write an event."""
        line = self._form.event(event)
        return line if len(line) <= self._limit else self._shorten(line)

    def plainly(self, event: Event) -> str:
        """Write an event for which `event` has failed."""
        line = self._form.plainly(event)
        return line if len(line) <= self._limit else self._shorten(line)

    def error(self, reason: str, raw: str, notes: list[str]) -> str:
        """Write a line that is no audit record."""
        line = self._form.error(reason, raw, notes)
        return line if len(line) <= self._limit else self._shorten(line)

    def notice(self, notice: Notice) -> str:
        """Write a line of the sensor's own."""
        line = self._form.notice(notice)
        return line if len(line) <= self._limit else self._shorten(line)

    def forget(self) -> None:
        """The meaning of the records' fields has changed."""
        self._form.forget()

    def _shorten(self, line: str) -> str:
        self._counts["max_line"] = self._counts.get("max_line", 0) + 1
        return self._shortened(line)


def _longest(whole: _Part, room: int) -> int:
    """The length to which texts and lists must be cut, so that all is in so many bytes; 0 if they are not to blame."""
    low, high = 0, room
    while low < high:
        longest = (low + high + 1) // 2
        if _size(whole, longest) <= room:
            low = longest
        else:
            high = longest - 1
    return low


def _size(part: _Part, longest: int) -> int:
    """Bytes of a value whose texts and lists are cut to that length."""
    if isinstance(part.inner, dict):
        saved = [inner.size - _size(inner, longest) for inner in part.inner.values()]
        return part.size - sum(saved)
    return min(part.size, longest) if part.inner is not None or part.text[0] == '"' else part.size


def _joined(members: dict[str, str]) -> str:
    return "{" + ",".join([f"{_quoted(name)}:{text}" for name, text in members.items()]) + "}"


def _below(path: str, name: str) -> str:
    """What a member of an object is called, from the top on."""
    return (f"{path}.{name}" if path else name)[:_LONGEST_NAME]


def _level(parts: list[tuple[int, int]], room: int) -> int:
    """The most that every part can have, each of which needs some bytes and is of a size, in so many bytes together."""
    low, high = 0, max(room, 0)
    while low < high:
        level = (low + high + 1) // 2
        if sum([max(needed, min(size, level)) for needed, size in parts]) <= room:
            low = level
        else:
            high = level - 1
    return low


def _leave_out(name: str, left_out: dict[str, None]) -> str:
    if len(left_out) < _MOST_NAMES and not any(name.startswith(f"{known}.") for known in left_out):
        left_out[name] = None
    return ""


def _names(left_out: dict[str, None]) -> str:
    """The names of what was left out, as many as there is room for."""
    texts: list[str] = []
    left = _MOST_LEFT_OUT - 100
    for name in left_out:
        text = _quoted(name)
        left -= len(text) + 1
        if left < 0:
            break
        texts.append(text)
    return ",".join(texts)


def _beginning(text: str, room: int, is_hex: bool) -> str:
    """As much of a text as can be written in so many bytes."""
    low, high = 0, min(len(text), room)
    while low < high:
        middle = (low + high + 1) // 2
        if len(_quoted(text[:middle])) <= room:
            low = middle
        else:
            high = middle - 1
    return _quoted(_ESCAPE_CUT.sub("", text[: low - low % 2 if is_hex else low]))


def _scalar(value: Value) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _quoted(text: str) -> str:
    """A text as it stands in a line, one character per byte."""
    return quote_unicode(text.encode("utf-8", "replace").decode("latin-1"))

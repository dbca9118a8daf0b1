"""Keys that differ in more than case (`transform.keys: distinct`), for engines to which `uid` is `UID`.

    "uid":0,"UID":"root","KEYS":["etc"]               "uid":0,"x_uid":"root","KEYS":["etc"]
    "msg":{"Op":"a","op":"b","text":"c"}              "msg":{"x_op":"a","op":"b","text_2":"c"}
    "ENV":{"http_proxy":"a","HTTP_PROXY":"b"}         "x_env":["http_proxy=a","HTTP_PROXY=b"]

What a key becomes depends on itself alone, so it is the same in every event: one with capitals, whether the sensor or
auditd wrote it, begins with the prefix of added keys and goes on in small letters; ARGV, ARGV_STR, KEYS and TEXT stay,
and fields of records that are called so in small letters get `_2`, as do those like `Pid` beside which the sensor's own
`PID` stands. Two fields of one record that differ in case only,
which no program is known to write, are counted besides: name, name_2, name_3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sensor.audit.fields import OURS, Fields, Value
from sensor.cache import BoundedDict

PREFIX = "x_"
"""What added keys begin with where `enrich.prefix` is not set."""
_STAYING = re.compile(r"(?:ARGV|ARGV_STR|KEYS|TEXT)(?:_[0-9]+)*(?:_HEX)*")
_REMEMBERED = 4096


class DistinctKeys:
    """Renames keys.

    prefix: of added keys.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._folded = prefix.lower()
        self._known: BoundedDict[str, str] = BoundedDict(_REMEMBERED)

    def key(self, name: str) -> str:
        """What a key of a record becomes."""
        return self._known.get(name) or self._known.keep(name, self._renamed(name))

    def all(self, names: Iterable[str]) -> list[str]:
        """What the keys of one object become, each another."""
        return _counted([self.key(name) for name in names])

    def fields(self, fields: Fields) -> Fields:
        """The fields of a record by their new keys, and so the objects in it."""
        values = [self.fields(value) if isinstance(value, dict) else value for value in fields.values()]
        return dict(zip(self.all(fields), values))

    def added(self, name: str, value: Value) -> Value:
        """The value of an added member; in objects whose keys others choose, those alike but for case are counted."""
        if name == "ENV" and isinstance(value, dict):
            return [f"{variable}={text}" for variable, text in value.items()]
        return _open(value)

    def _renamed(self, name: str) -> str:
        small = name.lower()
        if name.startswith(self._prefix) or _STAYING.fullmatch(name):
            return name
        if small.startswith(self._folded) or (small == name and _STAYING.fullmatch(name.upper())):
            return f"{name}_2"
        if name == small:
            return name
        is_ours = name.upper() in OURS and not _STAYING.fullmatch(name.upper())
        return f"{self._prefix}{small}_2" if is_ours and name not in OURS else self._prefix + small


def _open(value: Value) -> Value:
    if isinstance(value, dict):
        return dict(zip(_counted([*value]), map(_open, value.values())))
    return [_open(element) for element in value] if isinstance(value, list) else value


def _counted(names: list[str]) -> list[str]:
    """The same names; one that an earlier one resembles but for case gets a number behind it."""
    folded = {name.lower() for name in names}
    if len(folded) == len(names):
        return names
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    out: list[str] = []
    for name in names:
        small = name.lower()
        if small in taken:
            number = numbers.get(small, 2)
            while f"{small}_{number}" in folded:
                number += 1
            numbers[small] = number + 1
            name = f"{name}_{number}"
            folded.add(name.lower())
        taken.add(name.lower())
        out.append(name)
    return out

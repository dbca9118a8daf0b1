"""Two logs of one feed, event by event and field by field.

A difference names the event, the path to the field (`PATH[1].cap_frootid`), and both values; ABSENT stands for a
field one side lacks. Nothing is normalised: a string that looks like a number is not that number. A key that
`enrich.prefix` changes is compared under its own name; where only one side changes it, that is a difference as well.
Each
of LABELS is a difference of its own, and so is their order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

LABELS = "SYSCALL.LABELS"


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()


@dataclass(frozen=True)
class Difference:
    """One field that two programs show differently.

    Attributes:
        id: of the event.
        path: record type, then keys; list positions in brackets; empty for a whole event.
        theirs: what LAUREL has.
        ours: what we have.
    """

    id: str
    path: str
    theirs: Any
    ours: Any


def differences(theirs: Iterable[bytes], ours: Iterable[bytes], prefix: str = "") -> Iterator[Difference]:
    """Compare two logs of JSON lines, whose added keys may begin with a prefix."""
    left, right = by_id(theirs), by_id(ours)
    for id in [*left, *(id for id in right if id not in left)]:
        if id not in left or id not in right:
            yield Difference(id, "", left.get(id, ABSENT), right.get(id, ABSENT))
            continue
        yield from _Comparison(id, prefix).compare("", left[id], right[id])


def by_id(lines: Iterable[bytes]) -> dict[str, Any]:
    """Event id (with the node before it) → event; a second line of one id is `ID#2`, a line without id is `line N`."""
    events: dict[str, Any] = {}
    for number, line in enumerate(lines):
        event = json.loads(line)
        id = f"{event.get('NODE', '')} {event['ID']}".strip() if event.get("ID") else f"line {number}"
        seen = 1
        name = id
        while name in events:
            seen += 1
            name = f"{id}#{seen}"
        events[name] = event
    return events


@dataclass(frozen=True)
class _Comparison:
    """Compares the two forms of one event."""

    id: str
    prefix: str

    def compare(self, path: str, theirs: Any, ours: Any) -> Iterator[Difference]:
        if isinstance(theirs, dict) and isinstance(ours, dict):
            yield from self._objects(f"{path}." if path else "", theirs, ours)
        elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
            for index, pair in enumerate(zip(theirs, ours)):
                yield from self.compare(f"{path}[{index}]", *pair)
        elif theirs != ours or type(theirs) is not type(ours):
            yield Difference(self.id, path, theirs, ours)

    def _objects(self, path: str, theirs: dict[str, Any], ours: dict[str, Any]) -> Iterator[Difference]:
        left, right = ({self._plain(key): key for key in names} for names in (theirs, ours))
        for name in [*left, *(name for name in right if name not in left)]:
            if name in left and name in right and left[name] != right[name]:
                yield Difference(self.id, f"{path}{name}", left[name], right[name])
            pair = (side.get(keys.get(name), ABSENT) for side, keys in ((theirs, left), (ours, right)))
            compare = self._labels if f"{path}{name}" == LABELS else self.compare
            yield from compare(f"{path}{name}", *pair)

    def _labels(self, path: str, theirs: Any, ours: Any) -> Iterator[Difference]:
        left, right = ([] if side is ABSENT else side for side in (theirs, ours))
        for label in left:
            if label not in right:
                yield Difference(self.id, f"{path}.{label}", label, ABSENT)
        for label in right:
            if label not in left:
                yield Difference(self.id, f"{path}.{label}", ABSENT, label)
        common = [[label for label in side if label in left and label in right] for side in (left, right)]
        if common[0] != common[1]:
            yield Difference(self.id, path, *common)

    def _plain(self, key: str) -> str:
        return key[len(self.prefix) :].upper() if self.prefix and key.startswith(self.prefix) else key

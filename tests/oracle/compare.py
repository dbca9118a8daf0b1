"""Two logs of one feed, event by event and field by field.

A difference names the event, the path to the field (`PATH[1].cap_frootid`), and both values; ABSENT stands for a
field one side lacks. Nothing is normalised: a string that looks like a number is not that number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


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


def differences(theirs: Iterable[bytes], ours: Iterable[bytes]) -> Iterator[Difference]:
    """Compare two logs of JSON lines."""
    left, right = by_id(theirs), by_id(ours)
    for id in [*left, *(id for id in right if id not in left)]:
        if id not in left or id not in right:
            yield Difference(id, "", left.get(id, ABSENT), right.get(id, ABSENT))
            continue
        yield from _compare(id, "", left[id], right[id])


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


def _compare(id: str, path: str, theirs: Any, ours: Any) -> Iterator[Difference]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        prefix = f"{path}." if path else ""
        for key in [*theirs, *(key for key in ours if key not in theirs)]:
            yield from _compare(id, f"{prefix}{key}", theirs.get(key, ABSENT), ours.get(key, ABSENT))
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for index, pair in enumerate(zip(theirs, ours)):
            yield from _compare(id, f"{path}[{index}]", *pair)
    elif theirs != ours or type(theirs) is not type(ours):
        yield Difference(id, path, theirs, ours)

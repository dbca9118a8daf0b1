"""Leaving records of some types out of all events.

    drop_records: [PROCTITLE]       "SYSCALL":{…},"CWD":{…},"PATH":[…]

Comes after all that reads records.
"""

from __future__ import annotations

from collections.abc import Sequence

from sensor.audit.event import DROP, KEEP, Event, Verdict

RULE = "drop_records"


class RecordDropper:
    """The stage.

    types: names of record types; one that ends in `*` stands for all that begin so.
    filtered: counts by rule; an event that has no records left is counted there.
    """

    def __init__(self, types: Sequence[str], filtered: dict[str, int]) -> None:
        self._types = frozenset([name for name in types if not name.endswith("*")])
        self._beginnings = tuple([name[:-1] for name in types if name.endswith("*")])
        self._counts = filtered

    def stage(self, event: Event) -> Verdict:
        """Leave records out of an event; drop it if none is left."""
        event.leave_out([name for name in event.records if name in self._types or name.startswith(self._beginnings)])
        if not event.records:
            self._counts[RULE] = self._counts.get(RULE, 0) + 1
        return KEEP if event.records else DROP

"""Which of a record's values transforms depend on, so that what they add is worked out once for all that share these.

item=0 name="/etc/passwd" inode=12 dev=fd:01 mode=0100644 ouid=0 ogid=0 …     a record
100644 0 0                                                                    what a thousand files have in common
"""

from __future__ import annotations

import operator
from typing import Callable, Union

from sensor.audit.layout import Layout
from sensor.audit.shape import Values
from sensor.cache import BoundedDict

_ENTRIES = 1024

Concerns = Callable[[str, str], bool]
"""Type of a record, name of a field → whether any transform looks at it, or writes it."""
Picked = Union[str, tuple[str, ...], None]
Shared = tuple[str, Layout, Picked]
"""Type, layout, and the values on which transforms depend: what they add is the same for all that have the same."""


class Picks:
    """Finds these values.

    concerns: about which fields the transforms care.
    """

    def __init__(self, concerns: Concerns, entries: int = _ENTRIES) -> None:
        self._concerns = concerns
        self._known: BoundedDict[tuple[str, Layout], Callable[[Values], Picked]] = BoundedDict(entries)

    def shared(self, name: str, layout: Layout, values: Values) -> Shared:
        """What a record of the type called `name` shares with those to which the same is added."""
        pick = self._known.get((name, layout)) or self._pick(name, layout)
        return name, layout, pick(values)

    def _pick(self, name: str, layout: Layout) -> Callable[[Values], Picked]:
        """What takes the values that matter to transforms out of a layout's."""
        places = [place for field, place in layout.places.items() if self._concerns(name, field)]
        return self._known.keep((name, layout), operator.itemgetter(*places) if places else _nothing)


def _nothing(_: Values) -> None:
    return None

"""What transforms add to records in their usual form, remembered by the few values it hangs on.

    item=0 name="/etc/passwd" inode=12 dev=fd:01 mode=0100644 ouid=0 ogid=0 …     a record never seen before,
    "item":0,"name":"/etc/passwd",…,"mode":"0o100644","ouid":0,"ogid":0,…         its shape's JSON (sensor.audit.shape),
    100644 0 0  →  ,"MODE":"-rw-r--r--","OUID":"root","OGID":"root"               and what a thousand files share

Transforms look at few fields, and say at which; their values are few. So the first record with
certain values goes the general way, and what it has more than its shape's JSON is added to all others.
Where a transform changes what was there, there is nothing to add, and the general way remains.
"""

from __future__ import annotations

import operator
from typing import Any, Callable

from sensor.audit.shape import Shape
from sensor.audit.usual import UsualForms
from sensor.cache import BoundedDict

_ENTRIES = 4096

Concerns = Callable[[str, str], bool]
"""Type of a record, name of a field → whether any transform looks at it, or writes it."""


class Additions:
    """Renders usual records, transforms included.

    forms: renders them without.
    concerns: about which fields the transforms care.
    plain: type and body → JSON members, the general way but without transforms.
    """

    def __init__(self, forms: UsualForms, concerns: Concerns, plain: Callable[[str, str], str]) -> None:
        self.known: BoundedDict[tuple[str, str, Any], str] = BoundedDict(_ENTRIES)
        self._forms = forms
        self._concerns = concerns
        self._plain = plain
        self._picks: BoundedDict[tuple[str, str], Callable[[tuple[str, ...]], Any]] = BoundedDict(_ENTRIES)

    def render(self, name: str, body: str) -> str | None:
        """JSON members of a body of the named type; None if it is not usual, or its values are new."""
        found = self.find(name, body)
        return found[0] if found is not None else None

    def find(self, name: str, body: str) -> tuple[str, Shape, tuple[str, ...]] | None:
        """The same, with the body's shape and the values in it as written."""
        found = self._forms.find(name, body)
        if found is None:
            return None
        text, shape, values = found
        added = self.known.get(self._key(name, shape, values))
        return None if added is None else (text + added, shape, values)

    def learn(self, name: str, body: str, text: str) -> None:
        """Take an example: a body of the named type and its JSON members, transforms included."""
        found = self._forms.find(name, body)
        if found is None:
            self._forms.learn(name, body, self._plain(name, body))
        elif text == found[0] or text.startswith(f"{found[0]},"):
            self.known.keep(self._key(name, found[1], found[2]), text[len(found[0]) :])

    def _key(self, name: str, shape: Shape, values: tuple[str, ...]) -> tuple[str, str, Any]:
        pick = self._picks.get((name, shape.template)) or self._pick(name, shape)
        return name, shape.template, pick(values)

    def _pick(self, name: str, shape: Shape) -> Callable[[tuple[str, ...]], Any]:
        """What takes the values that matter out of a shape's."""
        places = [place for field, place in shape.places.items() if self._concerns(name, field)]
        return self._picks.keep((name, shape.template), operator.itemgetter(*places) if places else _nothing)


def _nothing(_: tuple[str, ...]) -> None:
    return None

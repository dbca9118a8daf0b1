"""A dictionary with a bound, for what is remembered so that it need not be worked out again.

    known: BoundedDict[str, Names] = BoundedDict(1024)
    names = known.get(id) or known.keep(id, look_up(id))

What is remembered here can always be worked out again, so a full dictionary is simply emptied: no look-up pays for
order, and what is hot is back within a moment.
"""

from __future__ import annotations

from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class BoundedDict(dict[Key, Value]):
    """A dictionary of at most `limit` entries, as far as they come in by its methods."""

    __slots__ = ("limit",)

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def keep(self, key: Key, value: Value) -> Value:
        """Remember a value and return it; what was there is forgotten first if there is no room."""
        if len(self) >= self.limit and key not in self:
            self.clear()
        self[key] = value
        return value

    def keep_newest(self, key: Key, value: Value) -> Value:
        """Remember a value and return it; the entries that were made first give way, one by one."""
        while len(self) >= self.limit and key not in self:
            del self[next(iter(self))]
        self[key] = value
        return value

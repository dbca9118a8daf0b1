"""How the keys are called that the sensor adds (`enrich.prefix`).

UID_GROUPS          with the prefix `x_`: x_uid_groups
"""

from __future__ import annotations


class Naming:
    """Names of added keys; prefix: "" leaves them in capitals."""

    __slots__ = ("prefix",)

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix

    def key(self, name: str) -> str:
        """The key of an added member, which is called `name` where there is no prefix."""
        return self.prefix + name.lower() if self.prefix else name

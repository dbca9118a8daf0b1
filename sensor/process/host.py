"""Whose events these are: the host that this is, in the boot that it is in.

web01, booted 1700000000.52 → "1699999999.520:"  <  "1700000001.004:17"     an event of this boot
"""

from __future__ import annotations

from typing import Final

NEVER: Final = "~"
"""Greater than any event id."""
_CLOCK_WAS_SET: Final = 1e9
_DIGITS: Final = 10
"""2001: a clock before that counts from 1970, as one without a battery does; and its times have fewer digits."""


class Host:
    """The host and boot whose /proc this is.

    names: what a `node=` may call it.
    boot_id: the 16 bytes of the boot's UUID.
    boot_time: its boot in seconds since 1970, to a clock tick, by the clock as it was last set.
    booted: the second before it in the form of an event id, so that the two compare as text; NEVER where the events are
        of no known host or boot.
    """

    __slots__ = ("boot_id", "boot_time", "booted", "names")

    def __init__(self, names: frozenset[str], boot_id: bytes, boot_time: float, booted: str) -> None:
        self.names = names
        self.boot_id = boot_id
        self.boot_time = boot_time
        self.booted = booted

    def is_this(self, node: str, event_id: str) -> bool:
        """Return whether an event is of this host in this boot; node: its host in the stream, or "".

        Only of such events does the host still know more: processes, files, users, sessions.
        """
        if event_id < self.booted and (self.booted == NEVER or event_id.find(".") >= _DIGITS):
            return False
        return not node or node in self.names

    def calibrate(self, boot_time: float) -> None:
        """The clock was set: events that it stamped before, or stamps from now on, are all of this boot."""
        self.boot_time = round(boot_time, 2)
        self.booted = min(self.booted, booted(boot_time))


def booted(boot_time: float) -> str:
    """What a Host has as `booted`; all events are of a boot at a time when the clock was not set yet."""
    return f"{boot_time - 1:.3f}:" if boot_time > _CLOCK_WAS_SET else ""

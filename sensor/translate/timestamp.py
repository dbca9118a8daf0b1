"""The time of an event as a date.

"ID":"1626611363.720:348501"     "TIME":"2021-07-18T12:29:23.720Z"
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from sensor.audit.render import Style
from sensor.event import Event

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST = 253402300799


class IsoTime:
    """The stage that adds TIME; an id later than the year 9999, which no date can say, gets none."""

    def __init__(self, style: Style) -> None:
        self._key = style.key("TIME")
        self._second = ""
        self._start: str | None = None

    def stage(self, event: Event) -> bool:
        """Add the time; drops none."""
        second, _, rest = event.id.partition(".")
        if second != self._second:
            self._second, self._start = second, self._start_of(int(second))
        if self._start is not None:
            event.top += f'{self._start}{rest[:3]}Z"'
        return True

    def _start_of(self, second: int) -> str | None:
        """The JSON member up to the fractions of a second since 1970."""
        if second > _LAST:
            return None
        return f',"{self._key}":"{(_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")}.'

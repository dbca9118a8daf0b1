"""RFC 5424 messages of events, for the kinds that speak syslog.

<110>1 2023-11-14T22:13:20.123Z web01 host-sensor - audit - {"ID":"1700000000.123:4567",…}
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from sensor.options import OptionError, option
from sensor.ship.batch import Batch, event_milliseconds
from sensor.ship.kinds import Common

FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp"),
    *("audit", "alert", "clock", *(f"local{number}" for number in range(8))),
)
INFORMATIONAL = 6


@dataclass(frozen=True)
class Options:
    """Syslog (RFC 5424), also for relp."""

    facility: str = option("audit", "Facility of the messages.", FACILITIES)
    app_name: str = option("host-sensor", "Application name of the messages.")
    framing: str = option(
        "count",
        "How messages are separated over TCP: by a `count` of bytes before each (RFC 5425 wants it with TLS), or by a"
        " `newline` after each.",
        ("count", "newline"),
    )
    settle: float = option(
        1.0,
        "How long the far end's kernel must have had messages, with the connection still standing, until they count as"
        " delivered.",
        (),
        0,
        "seconds",
    )

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[!-~]{1,48}", self.app_name):
            raise OptionError("app_name", "expected 1 to 48 printable ASCII characters without blanks")


class Messages:
    """Makes messages of lines."""

    def __init__(self, options: Options, common: Common) -> None:
        priority = FACILITIES.index(options.facility) * 8 + INFORMATIONAL
        host = re.sub(r"[^!-~]", "?", common.host)[:255] or "-"
        self._before = f"<{priority}>1 ".encode()
        self._after = f" {host} {options.app_name} - audit - ".encode()
        self._second = (-1, b"")

    def of(self, batch: Batch) -> list[bytes]:
        """A message for each line."""
        return [b"%b%b%b%b" % (self._before, self._stamp(line), self._after, line) for line in batch.lines]

    def _stamp(self, line: bytes) -> bytes:
        milliseconds = event_milliseconds(line)
        if milliseconds is None:
            milliseconds = int(time.time() * 1000)
        second, rest = divmod(milliseconds, 1000)
        if second != self._second[0]:
            self._second = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)).encode("ascii")
        return b"%b.%03dZ" % (self._second[1], rest)

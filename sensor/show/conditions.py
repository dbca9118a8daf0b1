"""Which events are shown: conditions as ausearch(8) has them, all of which must hold.

    --key exec --uid alice --since "10 min ago" --success no --path /etc/shadow

Times are local: `2026-11-28 10:05:00`, `10:05`, `now`, `today`, `yesterday`, `recent` (ten minutes ago), `boot`,
`90 s ago`, or seconds since 1970.
"""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sensor.show.event import LogEvent

_AGO = re.compile(r"(\d+) ?(s|sec|m|min|h|hours?|d|days?)(?: ago)?$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
_TODAY = ("%H:%M:%S", "%H:%M")


@dataclass(frozen=True)
class Conditions:
    """None and empty ask for nothing. `exe`, `path` and `key` match whole; a path that ends in / all below it.

    number: of the user that `uid` names on this host, for events that have numbers only.
    """

    key: str | None = None
    uid: str | None = None
    pid: int | None = None
    guid: str | None = None
    exe: str | None = None
    path: str | None = None
    syscall: str | None = None
    session: str | None = None
    success: bool | None = None
    since: float | None = None
    until: float | None = None
    number: int | None = None

    def may_match(self, line: bytes) -> bool:
        """False where a line cannot match for certain, which is cheaper than to read it: GUIDs are never encoded."""
        return self.guid is None or self.guid.encode() in line

    def match(self, event: LogEvent) -> bool:
        """Whether the event is asked for."""
        return self._of_time(event.time) and self._of_process(event) and self._of_deed(event)

    def _of_time(self, moment: float) -> bool:
        return (self.since is None or moment >= self.since) and (self.until is None or moment <= self.until)

    def _of_process(self, event: LogEvent) -> bool:
        process, parent = event.process, event.parent
        return (
            (self.guid is None or self.guid in (process.guid, parent.guid, event.session_guid))
            and (self.pid is None or self.pid in (process.pid, parent.pid))
            and (self.exe is None or _is_path(self.exe, process.exe) or self.exe == process.comm)
            and (self.uid is None or self._is_user(event))
            and (self.session is None or self.session in (event.session_guid, str(event.session)))
        )

    def _is_user(self, event: LogEvent) -> bool:
        assert self.uid is not None
        if self.uid.isdigit():
            return int(self.uid) in event.numbers
        if self.uid in (event.user, event.login):
            return True
        return self.number in event.numbers and not any(map(_is_name, (event.user, event.login)))

    def _of_deed(self, event: LogEvent) -> bool:
        return (
            (self.key is None or self.key in event.keys)
            and (self.syscall is None or self.syscall == event.kind)
            and (self.success is None or self.success is event.success)
            and (self.path is None or any(_is_path(self.path, path) for path in event.paths))
        )


def _is_name(user: str) -> bool:
    return bool(user) and user != "unset" and not user.isdigit()


def _is_path(wanted: str, path: str) -> bool:
    return path.startswith(wanted) if wanted.endswith("/") else path == wanted


def moment(text: str, now: float, booted: float) -> float:
    """A time as people write it, in seconds since 1970; ValueError for anything else."""
    today = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    named = {
        "now": now,
        "today": today.timestamp(),
        "yesterday": (today - timedelta(days=1)).timestamp(),
        "recent": now - 600,
        "boot": booted,
    }
    if text in named:
        return named[text]
    ago = _AGO.match(text)
    if ago:
        return _finite(now - float(ago[1]) * _SECONDS[ago[2][0]])
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).timestamp()
        except (ValueError, OverflowError):  # the latter for the year 1
            pass
    for form in _TODAY:
        try:
            clock = time.strptime(text, form)
        except ValueError:
            continue
        return today.replace(hour=clock.tm_hour, minute=clock.tm_min, second=clock.tm_sec).timestamp()
    return _finite(float(text))


def _finite(seconds: float) -> float:
    if not math.isfinite(seconds):
        raise ValueError(f"could not convert {seconds}")
    return seconds

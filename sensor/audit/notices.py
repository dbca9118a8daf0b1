"""What the sensor reports of itself in the stream, one class for each kind: SENSOR events.

    {"ID":"1795354566.589:sensor-1","SENSOR":{"event":"start","version":"1.0.0","compiled":false,…}}
    {"ID":"1795354601.204:sensor-2","SENSOR":{"event":"loss","place":"output","reason":"ENOSPC","unit":"lines",
      "count":812,"total":812,"since":"2026-11-22T13:36:12.104Z","earlier":false}}

A form has the values by their names (`SensorNotice.contents`) or, laid out as members of an object, in `members`.
Text is as everywhere: one character for each byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from sensor.audit.event import Notice
from sensor.audit.fields import Fields


@dataclass(frozen=True)
class Start:
    """The sensor has begun."""

    pid: int
    version: str
    python: str
    compiled: bool
    config_sha256: str
    """Of the bytes of the configuration file and of its fragments, one after the other, in hexadecimal."""
    boot_id: str
    """As /proc/sys/kernel/random/boot_id shows it."""
    kernel: str
    """Its release, as uname(2) has it."""
    auditd: str | None
    """Its version; None where the sensor was not started by it."""
    probe: str
    """attached; absent: none is loaded; off: none is looked for."""
    before: str | None
    """How the sensor before ended: a key of sensor.stats.ENDS; None where nothing is known of one."""
    mistakes: list[str]
    """Of the configuration, which is used without them."""

    def members(self) -> Fields:
        """The members of SENSOR."""
        return {
            "event": "start",
            "pid": self.pid,
            "version": self.version,
            "python": self.python,
            "compiled": self.compiled,
            "config_sha256": self.config_sha256,
            "boot_id": self.boot_id,
            "kernel": self.kernel,
            "auditd": self.auditd,
            "probe": self.probe,
            "before": self.before,
            "mistakes": [*self.mistakes],
        }


@dataclass(frozen=True)
class Stop:
    """The sensor ends; the counts are those of its whole run."""

    reason: str
    """end: of the input; signal; timeout: not all that was read could be worked on."""
    lines: int
    """Read, of audit text."""
    events: int
    written: int
    """Lines in the log, this one not among them."""
    lost: int
    """Lines of input and of output that were given up."""

    def members(self) -> Fields:
        """The members of SENSOR."""
        return {
            "event": "stop",
            "reason": self.reason,
            "lines": self.lines,
            "events": self.events,
            "written": self.written,
            "lost": self.lost,
        }


@dataclass(frozen=True)
class Reload:
    """The configuration was read again."""

    accepted: bool
    config_sha256: str
    """Of what was read, as in Start."""
    mistakes: list[str]

    def members(self) -> Fields:
        """The members of SENSOR."""
        return {
            "event": "reload",
            "accepted": self.accepted,
            "config_sha256": self.config_sha256,
            "mistakes": [*self.mistakes],
        }


@dataclass(frozen=True)
class Loss:
    """Something went missing that should not; `place` and `reason` are those of sensor.tables.losses."""

    place: str
    reason: str
    unit: str
    """What is counted: records, lines, events, execs, processes, bytes, times."""
    count: int
    """Since the last event of this place and reason."""
    total: int
    """Since the sensor started."""
    since: str
    """When it was not yet so, as an RFC 3339 date in UTC: it happened between then and the time in ID."""
    earlier: bool
    """It happened to the sensor before this one, which could not report it."""

    def members(self) -> Fields:
        """The members of SENSOR."""
        return {
            "event": "loss",
            "place": self.place,
            "reason": self.reason,
            "unit": self.unit,
            "count": self.count,
            "total": self.total,
            "since": self.since,
            "earlier": self.earlier,
        }


Contents = Union[Start, Stop, Reload, Loss]


class SensorNotice(Notice):
    """A SENSOR event.

    id: "SECONDS.MILLISECONDS:sensor-N".
    """

    __slots__ = ("contents",)

    def __init__(self, id: str, contents: Contents) -> None:
        super().__init__(id, "SENSOR", contents.members(), {})
        self.contents = contents

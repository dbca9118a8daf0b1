"""The stage that adds SUMMARY (sensor.summary.summary) to events.

    "SUMMARY":{"event":{…},"user":{…},"process":{"pid":│3148│,"parent":{"pid":│3103│},"name":"cat",…},"file":{…},…}

All of it but the process ids hangs on what repeats of an event, and is remembered there.
"""

from __future__ import annotations

from typing import NamedTuple

from sensor.audit.render import Render, Style
from sensor.event import Event
from sensor.summary.summary import Summaries, is_at_cwd, process_text, summary_text

_PARTS = "summary"


class _Parts(NamedTuple):
    """A summary between which the process ids belong.

    directories: which arguments of the call must be the current directory for it to hold.
    """

    start: str
    middle: str
    end: str
    directories: tuple[int, ...]


class Summary:
    """The stage that adds SUMMARY."""

    def __init__(self, style: Style, render: Render) -> None:
        self._summaries = Summaries(style, render)
        self._start = f',"{style.key("SUMMARY")}":{{"event":{{'

    def stage(self, event: Event) -> bool:
        """Add the summary; drops none."""
        syscall = event.syscall
        parts: _Parts | None = event.template.marks.get(_PARTS)
        if parts is not None and (not parts.directories or is_at_cwd(syscall.args, parts.directories)):
            event.top += f"{parts.start}{syscall.pid}{parts.middle}{syscall.ppid}{parts.end}"
        elif event.records:
            self._learn(event)
        return True

    def _learn(self, event: Event) -> None:
        """Add the summary, and remember it if all that is new in the next such event are the process ids."""
        who, upon = self._summaries.of(event)
        start = f"{self._start}{who.event}}}{who.users}"
        end = f'{upon.top},"auditd":{{"summary":{{{summary_text(who, upon)}}}}}}}'
        event.top += f"{start}{process_text(event, who)}{end}"
        if who.main == "SYSCALL" and event.syscall.pid:
            directories = who.directories if _has_relative_names(event) else ()
            if is_at_cwd(event.syscall.args, directories):
                before, behind = f'{start},"process":{{"pid":', f"}}{who.process}}}{end}"
                event.template.marks[_PARTS] = _Parts(before, ',"parent":{"pid":', behind, directories)


def _has_relative_names(event: Event) -> bool:
    names = [record.fields.get("name") for record in event.records.get("PATH", ())]
    return any(isinstance(name, str) and not name.startswith("/") for name in names)

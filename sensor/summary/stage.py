"""The stage that adds SUMMARY (sensor.summary.summary) to events.

    "SUMMARY":{"event":{…},"user":{…},"process":{"pid":│3148│,"parent":{"pid":│3103│},"name":"cat",…},"file":{…},…}

All of it but the process ids hangs on what repeats of an event, and is remembered there.
"""

from __future__ import annotations

from typing import NamedTuple

from sensor.audit.render import Render, Style
from sensor.cache import BoundedDict
from sensor.event import Event
from sensor.process.roots import HOST
from sensor.summary.summary import Summaries, Upon, Who, is_at_cwd, process_text, summary_text

_MADE = "summary"
_ENTRIES = 2048


class _Made(NamedTuple):
    """The texts between which the process ids belong.

    directories: which arguments of the call must be the current directory for it to hold.
    """

    start: str
    middle: str
    end: str
    upon: Upon
    directories: tuple[int, ...]


class Summary:
    """The stage that adds SUMMARY."""

    def __init__(self, style: Style, render: Render) -> None:
        self._summaries = Summaries(style, render)
        self._start = f',"{style.key("SUMMARY")}":{{"event":{{'
        self._texts: BoundedDict[Who, tuple[str, str, str]] = BoundedDict(_ENTRIES)

    def stage(self, event: Event) -> bool:
        """Add the summary; drops none."""
        syscall = event.syscall
        made: _Made | None = event.template.marks.get(_MADE)
        if made is not None and (not made.directories or is_at_cwd(syscall.args, made.directories)):
            start, middle, end, upon, _ = made
            event.top += (
                f'{start}{syscall.pid},"parent":{{"pid":{syscall.ppid}{middle}{upon.top}{end}{upon.object}}}}}}}'
            )
        elif event.records:
            self._learn(event)
        if event.process is not None and event.process.root not in (None, HOST) and event.records:
            event.top = f'{event.top[:-1]},"labels":{{"root":"other"}}}}'  # what it names is not what the host calls so
        return True

    def _learn(self, event: Event) -> None:
        """Add the summary, and remember it if all that is new in the next such event are the process ids."""
        who, upon = self._summaries.of(event)
        event.top += (
            f"{self._start}{who.event}}}{who.users}{process_text(event, who)}{upon.top}"
            f',"auditd":{{"summary":{{{summary_text(who, upon)}}}}}}}'
        )
        if who.main == "SYSCALL" and event.syscall.pid and who.summary:
            directories = who.directories if upon.relative else ()
            if not directories or is_at_cwd(event.syscall.args, directories):
                texts = self._texts.get(who) or self._keep(who)
                event.template.marks[_MADE] = _Made(*texts, upon, directories)

    def _keep(self, who: Who) -> tuple[str, str, str]:
        """What is before the pid, behind the ppid, and before the object."""
        start = f'{self._start}{who.event}}}{who.users},"process":{{"pid":'
        return self._texts.keep(who, (start, f"}}{who.process}}}", f',"auditd":{{"summary":{{{who.summary[1:]}'))

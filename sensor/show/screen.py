"""Events for a terminal: a line with what happened, and below it by whom, from which program, in which session.

    10:05:03.123  execve  ls -l /tmp                                                     [exec]
                  who      alice, logged in as alice
                  program  /usr/bin/ls, process 3148  ea5cfe47-5f1e-8d76-a4da-3fbba83a0626
                  parent   /usr/bin/bash, process 3103  684768c7-19bb-8b9e-b765-3e5bb0069afb
                  session  3  a7381f43-3dce-8659-b280-c2aeaad1f6c2

Names are chosen by the processes watched: each text passes `displayable`, so that none of them moves the cursor.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sensor.show.event import LogEvent, LogProcess
from sensor.terminal import Screen, displayable, shortened

_BOLD, _DIM, _RED = "1", "2", "31;1"
_INDENT = 14


def lines(event: LogEvent, screen: Screen) -> Iterator[str]:
    """The lines of one event, an empty one behind them."""
    failed = event.success is False
    keys = f"  [{', '.join(event.keys)}]" if event.keys else ""
    head = f"{clock(event.time)}  {displayable(event.kind, screen)}"
    deed = shortened(displayable(what(event), screen), max(screen.width - len(head) - 4 - len(keys), 20), screen)
    yield f"{head}  {paint(deed, _RED if failed else _BOLD, screen)}{displayable(keys, screen)}".rstrip()
    for name, text in _details(event):
        room = max(screen.width - _INDENT - 9, 20)
        yield f"{'':{_INDENT}}{name:8} {shortened(displayable(text, screen), room, screen)}"
    yield ""


def clock(moment: float) -> str:
    """A local time with milliseconds; the day, too, is in `day`."""
    try:
        return datetime.fromtimestamp(moment).strftime("%H:%M:%S.%f")[:12]
    except (ValueError, OverflowError, OSError):
        return f"{moment:.3f}"


def day(moment: float) -> str:
    """The day of a time: "2026-11-28"."""
    try:
        return datetime.fromtimestamp(moment).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return ""


def what(event: LogEvent) -> str:
    """The deed: a command line, an address, or files."""
    if event.ended is not None:
        code, signal, seconds = event.ended
        end = f"killed by signal {signal}" if signal else f"exit {code}" if code is not None else "ended"
        return f"{event.process.name} {end}" + (f" after {seconds:.3f} s" if seconds is not None else "")
    if event.is_exec or not (event.paths or event.address):
        return " ".join(event.words) or event.process.name
    return " ".join(filter(None, [event.address, *event.paths]))


def paint(text: str, colour: str, screen: Screen) -> str:
    """A text in a colour, where the screen has them."""
    return f"\x1b[{colour}m{text}\x1b[0m" if screen.color and text else text


def _details(event: LogEvent) -> Iterator[tuple[str, str]]:
    if event.node:
        yield "host", event.node
    if event.result:
        yield "failed", event.result
    if event.user or event.login:
        login = "" if event.login in ("", "unset") else f", logged in as {event.login}"
        yield "who", f"{event.user or 'unknown'}{login}"
    if event.process.name or event.process.pid is not None:
        yield "program", _process(event.process)
    if event.parent.pid is not None:
        yield "parent", _process(event.parent)
    if event.session is not None:
        yield "session", f"{event.session}  {event.session_guid}".rstrip()


def _process(process: LogProcess) -> str:
    name = f"{process.name}, " if process.name else ""
    return f"{name}process {process.pid}  {process.guid or 'no GUID'}"

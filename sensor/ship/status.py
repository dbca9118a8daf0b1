"""`host-sensor ship --status`: how far each destination is, as lines for people.

central: tcp to logs.example:6514, running, connected
    acknowledged  1,234,567 events, up to 1700000000.123:4567
    behind        25,301 events, 20.0 MB in 3 files, the oldest from 2 h 3 min ago
    cursor        9f3a61c2… at 1689
    last failure  4 min ago: logs.example:6514: Connection refused
"""

from __future__ import annotations

import fcntl
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sensor import slots
from sensor.errors import ShipError
from sensor.jsonl import loads
from sensor.ship.build import state_folder
from sensor.ship.lag import DeliveryLag, measure
from sensor.ship.options import Destination

_WITHOUT_WAITING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_BYTES = 1 << 16


@dataclass(frozen=True)
class State:
    """What is known of a destination from its files."""

    config: Destination
    running: bool
    connected: bool
    lag: DeliveryLag
    cursor: dict[str, Any]
    problem: str  # what is wrong with the cursor
    seen: dict[str, Any]  # the program's own last state

    @property
    def well(self) -> bool:
        """It runs, and is connected or has nothing to send."""
        return self.running and (self.connected or not self.lag.size) and not self.problem


def examine(name: str, config: Destination, count: bool = True) -> State:
    """Look at a destination's files; counting the events that it lacks reads them."""
    folder = state_folder(name, config)
    cursor, problem = _cursor(os.path.join(folder, "cursor"))
    seen = _seen(os.path.join(folder, "status.json"))
    running = _is_locked(os.path.join(folder, "cursor"))
    lag = measure(config.log, str(cursor.get("file", "")), int(cursor.get("offset", 0)), count)
    return State(config, running, running and bool(seen.get("connected")), lag, cursor, problem, seen)


def status(name: str, config: Destination) -> tuple[list[str], bool]:
    """Lines on one destination, and whether all is well with it."""
    state = examine(name, config)
    cursor, seen, lag = state.cursor, state.seen, state.lag
    words = ["running" if state.running else "NOT RUNNING"]
    if state.running:
        words.append("connected" if state.connected else "not connected")
    to = seen.get("address") if state.running else ", ".join(config.to)
    lines = [f"{name}: {config.kind} to {to or '-'}, {', '.join(words)}"]
    lines.append(f"    acknowledged  {cursor.get('number', 0):,} events, up to {cursor.get('id') or 'none'}")
    lines.append(f"    behind        {_behind(lag)}")
    lines.append(f"    cursor        {state.problem or _place(cursor, lag.is_there)}")
    refused, missed = seen.get("refused", 0), seen.get("missed_files", 0)
    if refused or missed:
        lines.append(f"    since start   {refused:,} events refused, {missed:,} files missed")
    if seen.get("error"):
        lines.append(f"    last failure  {ago(seen.get('error_at', 0.0))} ago: {seen['error']}")
    return lines, state.well


def ago(moment: float) -> str:
    """The time since `moment` (seconds since 1970), in its two largest units: 2 h 3 min."""
    seconds = max(0, int(time.time() - moment))
    for size, unit, smaller, below in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {unit}{f' {rest} {below}' if rest else ''}"
    return f"{seconds} s"


def _behind(lag: DeliveryLag) -> str:
    if not lag.size:
        return "nothing"
    since = f", the oldest from {ago(lag.oldest)} ago" if lag.oldest else ""
    return f"{lag.events or 0:,} events, {lag.size / 1e6:,.1f} MB in {lag.files} file{'s'[: lag.files != 1]}{since}"


def _place(cursor: dict[str, Any], is_there: bool) -> str:
    if not cursor:
        return "none yet"
    return f"{cursor.get('file')} at {cursor.get('offset')}{'' if is_there else ': this file is GONE'}"


def _cursor(path: str) -> tuple[dict[str, Any], str]:
    """The cursor, and what is wrong with it."""
    try:
        value = slots.read(path)
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        return {}, f"{path}: {error.strerror}"
    found = _typed(value, {"offset": int, "number": int}, ("file", "id"))
    return (found, "") if found else ({}, f"{path} is damaged")


def _is_locked(path: str) -> bool:
    """Whether a process ships with this cursor: it holds the lock (flock(2))."""
    try:
        with open(os.open(path, _WITHOUT_WAITING), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _seen(path: str) -> dict[str, Any]:
    """What the program wrote last; what another wrote there may have any type, and is left out."""
    try:
        with open(os.open(path, _WITHOUT_WAITING), "rb") as file:
            value = loads(file.read(_MOST_BYTES))
    except (OSError, ValueError):
        return {}
    return _typed(
        value, {"connected": int, "refused": int, "missed_files": int, "error_at": float}, ("address", "error")
    )


def _typed(value: object, numbers: dict[str, type[int | float]], texts: tuple[str, ...]) -> dict[str, Any]:
    """The members of an object that are the numbers and texts that they should be."""
    found: dict[str, Any] = {}
    for name, member in value.items() if isinstance(value, dict) else ():
        if name in texts and isinstance(member, str):
            found[name] = member
        elif name in numbers and isinstance(member, (int, float)) and math.isfinite(member):
            found[name] = numbers[name](member)
    return found


def names(folder: str) -> Iterator[tuple[str, str]]:
    """Name and path of every destination that is configured; raises ShipError where that may not be seen."""
    try:
        entries = sorted(os.listdir(folder))
    except PermissionError as error:
        raise ShipError(f"{folder}: {error.strerror}") from None
    except OSError:
        return
    for entry in entries:
        if entry.endswith(".yaml") and not entry.startswith("."):
            yield entry[: -len(".yaml")], os.path.join(folder, entry)

"""Destinations of `host-sensor ship`: configured without mistakes, running, connected, not far behind."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator

from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.doctor.host import HostView
from sensor.errors import ShipError
from sensor.retention import STATES
from sensor.ship.build import make_kind, state_folder
from sensor.ship.options import Destination
from sensor.ship.program import FOLDER, load
from sensor.ship.status import ago, examine, names

_BEHIND = 900.0  # seconds


def check_ship(host: HostView) -> Iterator[Finding]:
    """Every destination that is configured, and what is left of those that were."""
    if host.is_hidden(FOLDER):
        yield Finding(NOTE, "ship.configuration", f"{FOLDER} cannot be read", "run doctor as root")
        return
    configured = dict(names(host.path(FOLDER)))
    for name, path in configured.items():
        config, mistakes = load(path)
        problem = f"{name}: {mistakes[0].message}" if mistakes else _lacks(name, config)
        if problem:
            advice = f"host-sensor ship --check {name} shows every mistake"
            yield Finding(FAILURE, "ship.configuration", problem, advice)
        else:
            state = host.path(state_folder(name, config))
            yield _destination(name, dataclasses.replace(config, log=host.path(config.log), state=state))
    for name in _left_behind(host, set(configured)):
        advice = f"systemctl clean --what=state host-sensor-ship@{name}"
        text = f"{name} is not configured any more, and old files of the log may be kept for it"
        yield Finding(WARNING, "ship.left_behind", text, advice)


def _lacks(name: str, config: Destination) -> str:
    """What a configuration without mistakes lacks to work, such as a library; "" if it lacks nothing."""
    try:
        make_kind(name, config)
    except ShipError as error:
        return str(error)
    return ""


def _destination(name: str, config: Destination) -> Finding:
    state = examine(name, config, count=False)
    if state.problem:
        return Finding(WARNING, "ship.cursor", f"{name}: {state.problem}", "everything is sent again; see the journal")
    if not state.running:
        advice = f"systemctl enable --now host-sensor-ship@{name}"
        return Finding(WARNING, "ship.running", f"{name} does not run", advice)
    oldest = state.lag.oldest
    if oldest is not None and time.time() - oldest > _BEHIND:
        failure = state.seen.get("error") or "no failure is known"
        text = f"{name} lacks events from up to {ago(oldest)} ago: {failure}"
        return Finding(WARNING, "ship.behind", text, f"host-sensor ship --check {name}")
    if state.seen.get("refused"):
        advice = f"look into {os.path.join(STATES, name, config.dead_letters.file)}"
        return Finding(WARNING, "ship.refused", f"{name} refused {state.seen['refused']} events for good", advice)
    return Finding(OK, "ship.delivery", f"{name} has everything up to {state.cursor.get('id') or 'the beginning'}")


def _left_behind(host: HostView, configured: set[str]) -> list[str]:
    """Names that have a cursor and no configuration."""
    folder = host.path(STATES)
    try:
        found = os.listdir(folder)
    except OSError:
        return []
    return sorted(name for name in found if name not in configured and os.path.exists(f"{folder}/{name}/cursor"))

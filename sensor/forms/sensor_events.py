"""SENSOR events in the words of the Elastic Common Schema.

    {"event":{"kind":"event","category":["host"],"type":["info"],"action":"sensor-loss","outcome":"failure",
       "start":"2026-11-22T13:36:12.104Z","reason":"ENOSPC",…},"agent":{"type":"host-sensor"},
     "host_sensor":{"sensor":{"event":"loss","place":"output",…}}}

All of it is under host_sensor.sensor by its own names; what ECS has a word for stands there, too.
"""

from __future__ import annotations

from sensor.audit.fields import Fields
from sensor.audit.notices import Loss, Reload, Start, Stop, Told

_AGENT = "host-sensor"


def sensor_event(told: Told) -> tuple[Fields, Fields, Fields]:
    """What is said: members of `event`, of the top level, and of `host_sensor`."""
    event: Fields = {"category": ["host"]}
    agent: Fields = {"type": _AGENT}
    top: Fields = {"agent": agent}
    if isinstance(told, Start):
        event.update({"type": ["start"], "action": "sensor-start", "outcome": "success"})
        agent["version"] = told.version
        top["host"] = {"boot": {"id": told.boot_id}, "os": {"kernel": told.kernel, "type": "linux"}}
        top["process"] = {"pid": told.pid}
        _errors(top, told.mistakes)
    elif isinstance(told, Stop):
        event.update({"type": ["end"], "action": "sensor-stop", "outcome": "success", "reason": told.reason})
    elif isinstance(told, Reload):
        kind, outcome = ("change", "success") if told.accepted else ("info", "failure")
        event.update({"category": ["configuration"], "type": [kind], "action": "sensor-reload", "outcome": outcome})
        _errors(top, told.mistakes)
    elif isinstance(told, Loss):
        event.update({"type": ["info"], "action": "sensor-loss", "outcome": "failure", "reason": told.reason})
        event["start"] = told.since
    return event, top, {"sensor": told.members()}


def _errors(top: Fields, mistakes: list[str]) -> None:
    if mistakes:
        top["error"] = {"message": "; ".join(mistakes)}

"""SENSOR events in the words of the Elastic Common Schema.

    {"event":{"kind":"event","category":["host"],"type":["info"],"action":"sensor-loss","outcome":"failure",
       "start":"2026-11-22T13:36:12.104Z","reason":"ENOSPC",…},"agent":{"type":"host-sensor"},
     "host_sensor":{"sensor":{"event":"loss","place":"output",…}}}

All of it is under host_sensor.sensor by its own names; what ECS has a word for stands there, too.
"""

from __future__ import annotations

from sensor.audit.fields import Fields
from sensor.audit.notices import Contents, Loss, Reload, Start, Stop

_AGENT = "host-sensor"


def sensor_event(contents: Contents) -> tuple[Fields, Fields, Fields]:
    """What is reported: members of `event`, of the top level, and of `host_sensor`."""
    event: Fields = {"category": ["host"]}
    agent: Fields = {"type": _AGENT}
    top: Fields = {"agent": agent}
    if isinstance(contents, Start):
        event.update({"type": ["start"], "action": "sensor-start", "outcome": "success"})
        agent["version"] = contents.version
        top["host"] = {"boot": {"id": contents.boot_id}, "os": {"kernel": contents.kernel, "type": "linux"}}
        top["process"] = {"pid": contents.pid}
        _errors(top, contents.mistakes)
    elif isinstance(contents, Stop):
        event.update({"type": ["end"], "action": "sensor-stop", "outcome": "success", "reason": contents.reason})
    elif isinstance(contents, Reload):
        kind, outcome = ("change", "success") if contents.accepted else ("info", "failure")
        event.update({"category": ["configuration"], "type": [kind], "action": "sensor-reload", "outcome": outcome})
        _errors(top, contents.mistakes)
    elif isinstance(contents, Loss):
        event.update({"type": ["info"], "action": "sensor-loss", "outcome": "failure", "reason": contents.reason})
        event["start"] = contents.since
    return event, top, {"sensor": contents.members()}


def _errors(top: Fields, mistakes: list[str]) -> None:
    if mistakes:
        top["error"] = {"message": "; ".join(mistakes)}

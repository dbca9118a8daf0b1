"""SENSOR events as LogEvents, whatever the form of the log: what the sensor reports of itself.

13:36:07.589  sensor loss    812 lines, output ENOSPC, since 2026-11-22T13:36:12.104Z
13:36:08.589  sensor reload  refused: auditlog.sise: no such key
"""

from __future__ import annotations

from sensor.show.event import LogEvent, LogProcess
from sensor.show.values import Object, decoded, number, text, texts


def read(id: str, time: float, members: Object) -> LogEvent:
    """The event; members: those of SENSOR."""
    kind = text(members.get("event"))
    accepted = members.get("accepted")
    success = {"loss": False, "reload": accepted if isinstance(accepted, bool) else None}.get(kind)
    return LogEvent(
        id=id,
        time=time,
        kind=f"sensor {kind}",
        process=LogProcess(number(members.get("pid")), comm="host-sensor" if kind == "start" else ""),
        words=tuple(_words(kind, members)),
        success=success,
        result="; ".join(map(decoded, texts(members.get("mistakes")))),
    )


def _words(kind: str, members: Object) -> list[str]:
    named = {name: text(members.get(name)) for name in members}
    if kind == "loss":
        earlier = ", by the sensor before" if members.get("earlier") is True else ""
        where = " ".join(named.get(name, "") for name in ("place", "reason"))
        return [f"{named.get('count', '')} {named.get('unit', '')}, {where}, since {named.get('since', '')}{earlier}"]
    if kind == "start":
        return [f"version {named.get('version', '')}, probe {named.get('probe', '')}"]
    if kind == "stop":
        return [f"{named.get('reason', '')}, {named.get('events', '')} events, {named.get('lost', '')} lines lost"]
    return ["accepted" if members.get("accepted") is True else "refused"] if kind == "reload" else []

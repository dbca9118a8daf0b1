"""An ECS line as a LogEvent.

{"@timestamp":"2023-11-14T22:13:20.123Z","event":{"id":"1700000000.123:4567","action":"executed"},"process":{"pid":42,…}}
"""

from __future__ import annotations

from sensor.show import sensor_event
from sensor.show.event import PROBE_KINDS, LogEvent, LogProcess
from sensor.show.values import Object, ended, number, obj, objects, text, texts

_OUTCOMES = {"success": True, "failure": False}
_PROBE_ACTIONS = {"executed": PROBE_KINDS["PROBE_EXEC"], "end": PROBE_KINDS["PROBE_EXIT"]}
"""event.action of the probe's own events, whose id has `probe-` in the place of the serial → what they are called."""


def read(document: Object) -> LogEvent:
    """The event. Raises ValueError where event.id is none."""
    event, auditd = obj(document.get("event")), obj(document.get("auditd"))
    process, user, data = obj(document.get("process")), obj(document.get("user")), obj(auditd.get("data"))
    id = text(event.get("id"))
    own = obj(document.get("host_sensor"))
    sensor = obj(own.get("sensor"))
    if sensor:
        return sensor_event.read(id, float(id.partition(":")[0]), sensor)
    login, session = obj(user.get("audit")), number(auditd.get("session"))
    paths = [text(path.get("name")) for path in objects(auditd.get("paths")) if path.get("nametype") != "PARENT"]
    file = text(obj(document.get("file")).get("path"))
    of_probe = _PROBE_ACTIONS.get(text(event.get("action")), "") if ":probe-" in id else ""
    is_end = of_probe == PROBE_KINDS["PROBE_EXIT"]
    return LogEvent(
        id=id,
        time=float(id.partition(":")[0]),
        node=text(obj(document.get("host")).get("name")),
        kind=of_probe or text(data.get("syscall")) or text(event.get("action")),
        keys=texts(document.get("tags")),
        process=_process(process),
        parent=_process(obj(process.get("parent"))),
        user=text(user.get("name")) or text(user.get("id")),
        login=text(login.get("name")) or text(login.get("id")),
        numbers=tuple(
            n for value in (user, obj(user.get("effective")), login) if (n := number(value.get("id"))) is not None
        ),
        session=session,
        session_guid=text(own.get("session_guid")),
        words=texts(process.get("args")),
        paths=tuple(paths) or ((file,) if file else ()),
        address=_address(obj(document.get("destination"))),
        success=_OUTCOMES.get(text(event.get("outcome"))),
        is_exec=of_probe == PROBE_KINDS["PROBE_EXEC"] or text(data.get("syscall")) in {"execve", "execveat"},
        ended=ended(process.get("exit_code"), own.get("signal"), own.get("duration")) if is_end else None,
    )


def _process(process: Object) -> LogProcess:
    return LogProcess(
        number(process.get("pid")),
        text(process.get("entity_id")),
        text(process.get("executable")),
        text(process.get("name")),
    )


def _address(place: Object) -> str:
    if place.get("ip"):
        return f"{text(place.get('ip'))} port {text(place.get('port'))}"
    return text(place.get("path"))

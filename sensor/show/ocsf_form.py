"""An OCSF line as a LogEvent.

{"class_uid":1001,"metadata":{"uid":"1700000000.123:4567",…},"actor":{"process":{"pid":42,…},…},"file":{…},…}
"""

from __future__ import annotations

from sensor.show import sensor_event
from sensor.show.event import PROBE_KINDS, LogEvent, LogProcess
from sensor.show.values import Object, ended, number, obj, objects, text, texts

_STATUS = {1: True, 2: False}
_EXECS = frozenset({"execve", "execveat"})


def read(document: Object) -> LogEvent:
    """The event. Raises ValueError where metadata.uid is none."""
    metadata, actor, unmapped = obj(document.get("metadata")), obj(document.get("actor")), obj(document.get("unmapped"))
    data, user = obj(unmapped.get("data")), obj(unmapped.get("user"))
    session = obj(actor.get("session") or document.get("session"))
    id = text(metadata.get("uid"))
    own = obj(unmapped.get("host_sensor"))
    sensor = obj(own.get("sensor"))
    if sensor:
        return sensor_event.read(id, float(id.partition(":")[0]), sensor)
    call, of_probe = text(data.get("syscall")), PROBE_KINDS.get(text(metadata.get("event_code")), "")
    is_exec = call in _EXECS or of_probe == PROBE_KINDS["PROBE_EXEC"]
    is_end = of_probe == PROBE_KINDS["PROBE_EXIT"]
    process = obj(document.get("process")) if is_exec or is_end else obj(actor.get("process"))
    user = user or obj(own.get("user"))
    login = obj(user.get("audit"))
    paths = [text(path.get("name")) for path in objects(unmapped.get("paths")) if path.get("nametype") != "PARENT"]
    file = text(obj(document.get("file")).get("path"))
    device = text(obj(document.get("device")).get("hostname"))
    status = document.get("status_id")
    return LogEvent(
        id=id,
        time=float(id.partition(":")[0]),
        node=device if device != "unknown" else "",
        kind=of_probe or call or text(document.get("activity_name")) or text(metadata.get("event_code")),
        keys=texts(metadata.get("labels")),
        process=_process(process),
        parent=_process(obj(process.get("parent_process"))),
        user=text(user.get("name")) or text(user.get("id")),
        login=text(login.get("name")) or text(login.get("id")),
        numbers=tuple(
            n for value in (user, obj(user.get("effective")), login) if (n := number(value.get("id"))) is not None
        ),
        session=number(session.get("uid")),
        session_guid=text(session.get("uuid")),
        words=texts(obj(unmapped.get("process")).get("args")),
        paths=tuple(paths) or ((file,) if file else ()),
        address=_address(obj(document.get("dst_endpoint") or document.get("src_endpoint"))),
        success=_STATUS.get(status) if isinstance(status, int) else None,
        result=text(document.get("status_code")),
        is_exec=is_exec,
        ended=ended(document.get("exit_code"), own.get("signal"), own.get("duration")) if is_end else None,
    )


def _process(process: Object) -> LogProcess:
    return LogProcess(
        number(process.get("pid")),
        text(process.get("cpid")),
        text(obj(process.get("file")).get("path")),
        text(process.get("name")),
    )


def _address(end: Object) -> str:
    if end.get("ip"):
        return f"{text(end.get('ip'))} port {text(end.get('port'))}"
    return text(end.get("name"))

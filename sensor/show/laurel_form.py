"""LAUREL's form of a line as a LogEvent: an object for SYSCALL and the like, lists for other record types.

{"ID":"1700000000.123:4567","SYSCALL":{"pid":42,"exe":"/usr/bin/ls","PID":{"GUID":"…"},…},"PATH":[{"name":"/tmp"}]}
"""

from __future__ import annotations

import errno
import os

from sensor.show import sensor_event
from sensor.show.event import NOBODY, PROBE_KINDS, LogEvent, LogProcess
from sensor.show.values import Object, decoded, ended, number, obj, objects, text, texts
from sensor.tables import syscalls

_EXECS = frozenset({"execve", "execveat"})
_UNSET = 4294967295
_MAX_ERRNO = 4095  # include/linux/err.h; strerror(3) takes no number beyond an int's
_ACCOUNTS = ("acct", "id", "uid")


def read(document: Object, prefix: str = "") -> LogEvent:
    """The event; `prefix` is `enrich.prefix`. Raises ValueError where there is no ID."""
    id = text(document.get("ID"))
    time = float(id.partition(":")[0])
    sensor = obj(document.get("SENSOR"))
    if "event" in sensor:
        return sensor_event.read(id, time, sensor)
    call = obj(document.get("SYSCALL") or document.get("URINGOP"))
    for name, kind in PROBE_KINDS.items():
        if name in document:
            return _of_probe(id, time, kind, document[name], prefix)
    if call:
        return _of_call(id, time, document, call, prefix)
    return _of_message(id, time, document, prefix)


def added(record: Object, key: str, prefix: str) -> object:
    """A key that the sensor adds, under the name that the prefix gives it."""
    return record.get(prefix + key.lower() if prefix else key)


def _process(record: Object, key: str, prefix: str, names: Object) -> LogProcess:
    """The process in pid= or ppid=; `names` may know its exe and comm."""
    known = obj(added(record, key, prefix))
    exe, comm = (text(names.get(name)) or text(known.get(name)) for name in ("exe", "comm"))
    return LogProcess(number(record.get(key.lower())), text(known.get("GUID")), decoded(exe), decoded(comm))


def _parent(record: Object, prefix: str) -> LogProcess:
    """The process in ppid=; SPAWNED_BY has its name where it is the same one."""
    spawner = obj(added(record, "SPAWNED_BY", prefix))
    return _process(record, "PPID", prefix, spawner if spawner.get("pid") == record.get("ppid") else {})


def _of_call(id: str, time: float, document: Object, call: Object, prefix: str) -> LogEvent:
    name = _call_name(call, prefix)
    paths = [path for path in objects(document.get("PATH")) if path.get("nametype") != "PARENT"]
    words = texts(obj(document.get("EXECVE")).get("ARGV")) or texts(obj(document.get("PROCTITLE")).get("ARGV"))
    outcome = call.get("success")
    success = {"yes": True, "no": False}.get(text(outcome))
    return LogEvent(
        id=id,
        time=time,
        node=text(document.get("NODE")),
        kind=name,
        keys=texts(call.get("KEYS")) or texts(call.get("key")),
        process=_process(call, "PID", prefix, call),
        parent=_parent(call, prefix),
        user=_name(call, "uid", prefix),
        login=_name(call, "auid", prefix),
        numbers=tuple(n for key in ("uid", "euid", "auid") if (n := number(call.get(key))) is not None),
        session=_session(call),
        session_guid=text(added(call, "SESSION_GUID", prefix)),
        words=tuple(map(decoded, words)),
        paths=tuple(decoded(text(path.get("name"))) for path in paths),
        address=_address(document, prefix),
        success=success,
        result="" if success is not False else _error(call.get("exit")),
        is_exec=name in _EXECS,
    )


def _call_name(call: Object, prefix: str) -> str:
    named = text(call.get("SYSCALL")) or text(added(call, "SYSCALL", prefix))
    code, arch = number(call.get("syscall")), text(call.get("arch"))
    if named or code is None:
        return named or text(call.get("uring_op"))
    try:
        return syscalls.name(int(arch, 16), code) or str(code)
    except ValueError:
        return str(code)


def _name(record: Object, key: str, prefix: str) -> str:
    """A user's name where one was added, by auditd or by the sensor; else the number; "unset" without a login."""
    name = text(record.get(key.upper())) or text(added(record, key.upper(), prefix))
    value = number(record.get(key))
    return name or ("unset" if value == _UNSET else text(value))


def _session(record: Object) -> int | None:
    session = number(record.get("ses"))
    return None if session == _UNSET else session


def _error(code: object) -> str:
    """The meaning of exit=-13, or the text that stands for it."""
    value = code if isinstance(code, int) else 0
    if not -_MAX_ERRNO <= value < 0:
        return text(code)
    return f"{errno.errorcode.get(-value, value)}: {os.strerror(-value)}"


def _address(document: Object, prefix: str) -> str:
    socket = obj(document.get("SOCKADDR"))
    place = obj(socket.get("SADDR") or added(socket, "SADDR", prefix)) or socket
    if place.get("addr"):
        return f"{text(place.get('addr'))} port {text(place.get('port'))}"
    return decoded(text(place.get("path")))


def _of_message(id: str, time: float, document: Object, prefix: str) -> LogEvent:
    """An event of records alone, as user space writes them: the first record shows what it is."""
    kind, record = next(
        ((key, obj(value)) for key, value in document.items() if isinstance(value, (dict, list))), ("", {})
    )
    if not kind and "PARSE_ERROR" in document:
        return LogEvent(id, time, "PARSE_ERROR", result=text(document.get("PARSE_ERROR")))
    message = obj(record.get("msg"))
    outcome = text(message.get("res")) or text(record.get("res"))
    account = next((decoded(text(message[key])) for key in _ACCOUNTS if text(message.get(key))), "")
    return LogEvent(
        id=id,
        time=time,
        node=text(document.get("NODE")),
        kind=kind,
        keys=texts(record.get("KEYS")),
        process=_process(record, "PID", prefix, message if message.get("exe") else record),
        user=account or _name(record, "uid", prefix),
        login=_name(record, "auid", prefix),
        numbers=tuple(n for key in ("uid", "auid") if (n := number(record.get(key))) is not None),
        session=_session(record),
        session_guid=text(added(record, "SESSION_GUID", prefix)),
        words=tuple(decoded(word) for word in (text(message.get("op")), text(message.get("cmd"))) if word),
        address=text(message.get("addr")),
        success={"success": True, "1": True, "yes": True, "failed": False, "0": False, "no": False}.get(outcome),
    )


def _of_probe(id: str, time: float, kind: str, value: object, prefix: str) -> LogEvent:
    record = obj(value)
    end = None
    if kind == PROBE_KINDS["PROBE_EXIT"]:
        end = ended(record.get("exit_code"), record.get("signal"), record.get("duration"))
    return LogEvent(
        id=id,
        time=time,
        kind=kind,
        process=_process(record, "PID", prefix, record),
        parent=_parent(record, prefix) if record.get("ppid") is not None else NOBODY,
        login=_name(record, "auid", prefix),
        numbers=tuple(n for n in (number(record.get("auid")),) if n is not None),
        session=_session(record),
        success=True,
        is_exec=end is None,
        ended=end,
    )

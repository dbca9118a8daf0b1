"""Every kind of line in LAUREL's form, and lines of any other shape."""

from __future__ import annotations

from typing import Any

import pytest

from sensor.show.event import LogProcess
from sensor.show.laurel_form import read
from tests.show.lines import LS, SESSION, SHELL, START, call, ended, execve


def test_an_exec() -> None:
    event = read(execve(101, LS, 1.0, "ls", "a%20b", "%c3%a4"))
    assert (event.id, event.time, event.kind, event.is_exec) == (f"{START + 1}.000:1000", START + 1.0, "execve", True)
    assert event.words == ("ls", "a b", "ä")
    assert event.process == LogProcess(101, LS, "/usr/bin/ls", "ls")
    assert event.parent == LogProcess(100, SHELL, "/usr/bin/bash")
    assert (event.user, event.login, event.numbers) == ("alice", "alice", (1000, 1000, 1000))
    assert (event.session, event.session_guid, event.keys, event.success) == (3, SESSION, ("exec",), True)


@pytest.mark.parametrize(
    ("event", "attribute", "expected"),
    [
        (
            call(1, LS, 0, syscall=257, PATH=[{"name": "/etc", "nametype": "PARENT"}, {"name": "/etc/%c3%a4"}]),
            "paths",
            ("/etc/ä",),
        ),
        (call(1, LS, 0, SYSCALL="openat"), "kind", "openat"),
        (call(1, LS, 0, syscall=99999), "kind", "99999"),
        (call(1, LS, 0, arch="none"), "kind", "59"),
        (call(1, LS, 0, success="no", exit=-13), "result", "EACCES: Permission denied"),
        (call(1, LS, 0, success="no", exit=-13), "success", False),
        (call(1, LS, 0, success=None), "success", None),
        (call(1, LS, 0, auid=4294967295, AUID=None), "login", "unset"),
        (call(1, LS, 0, ses=4294967295), "session", None),
        (call(1, LS, 0, SPAWNED_BY={"pid": 7, "exe": "/x"}), "parent", LogProcess(100, SHELL)),
        (call(1, LS, 0, SOCKADDR=[{"SADDR": {"addr": "192.0.2.1", "port": 53}}]), "address", "192.0.2.1 port 53"),
        (call(1, LS, 0, SOCKADDR=[{"path": "/run/x"}]), "address", "/run/x"),
        ({**call(1, LS, 0), "NODE": "web01"}, "node", "web01"),
    ],
)
def test_a_value(event: dict[str, Any], attribute: str, expected: object) -> None:
    assert getattr(read(event), attribute) == expected


def test_a_message_of_user_space() -> None:
    record = {
        "pid": 5,
        "uid": 0,
        "auid": 1000,
        "ses": 3,
        "msg": {"op": "login", "acct": "bob", "addr": "192.0.2.4", "res": "failed"},
    }
    event = read({"ID": "1.000:1", "NODE": "web01", "USER_LOGIN": record})
    assert (event.kind, event.node, event.user, event.words) == ("USER_LOGIN", "web01", "bob", ("login",))
    assert (event.address, event.success, event.process.pid, event.numbers) == ("192.0.2.4", False, 5, (0, 1000))


@pytest.mark.parametrize(
    ("code", "signal", "expected"), [(0, None, (0, None, 0.5)), (7, None, (7, None, 0.5)), (None, 9, (None, 9, 0.5))]
)
def test_an_exit(code: int | None, signal: int | None, expected: tuple[int | None, int | None, float]) -> None:
    event = read(ended(101, LS, 1.0, code, signal))
    assert (event.ended, event.process.guid, event.is_exec) == (expected, LS, False)


def test_keys_with_a_prefix() -> None:
    record = {"pid": 1, "x_pid": {"GUID": LS}, "x_session_guid": SESSION}
    event = read({"ID": "1.000:1", "SYSCALL": record}, "x_")
    assert (event.process.guid, event.session_guid) == (LS, SESSION)


def test_a_line_that_could_not_be_parsed() -> None:
    assert read({"ID": "1.000:1", "PARSE_ERROR": "no header"}).result == "no header"


@pytest.mark.parametrize("document", [{}, {"ID": None, "PARSE_ERROR": "x"}, {"ID": "x:1"}])
def test_no_time_is_an_error(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        read(document)


@pytest.mark.parametrize(
    "value",
    [None, 1, 1.5, True, "text", [], [1], [[]], {}, {"a": 1}, [{"ARGV": 1}], {"ARGV": [None, {}]}, "%", "%ff%zz"],
)
@pytest.mark.parametrize(
    "key",
    ["SYSCALL", "EXECVE", "PATH", "SOCKADDR", "PROCTITLE", "NODE", "USER_LOGIN", "PROBE_EXIT", "PROBE_EXEC", "URINGOP"],
)
def test_values_of_any_shape(key: str, value: object) -> None:
    read({**call(1, LS, 0), key: value})
    read({"ID": "1.000:1", key: value})


@pytest.mark.parametrize("value", [None, 1.5, [], {}, {"pid": []}, "text", -1, 1 << 70])
@pytest.mark.parametrize(
    "key", ["pid", "ppid", "PID", "PPID", "SPAWNED_BY", "exit", "syscall", "arch", "uid", "KEYS", "ses", "comm"]
)
def test_fields_of_any_shape(key: str, value: object) -> None:
    event = call(1, LS, 0)
    event["SYSCALL"][key] = value
    read(event)

"""Lines in ECS, and lines of any other shape."""

from __future__ import annotations

from typing import Any

import pytest

from sensor.show.ecs_form import read
from sensor.show.event import LogProcess

LINE: dict[str, Any] = {
    "@timestamp": "2023-11-14T22:13:20.123Z",
    "event": {"id": "1700000000.123:7", "action": "connected-to", "outcome": "failure"},
    "host": {"name": "web01"},
    "user": {"id": "1000", "name": "alice", "effective": {"id": "0"}, "audit": {"id": "1001", "name": "bob"}},
    "process": {
        "pid": 42,
        "entity_id": "g",
        "executable": "/bin/nc",
        "name": "nc",
        "args": ["nc", "a b"],
        "parent": {"pid": 1},
        "session_leader": {"pid": 40, "entity_id": "leader"},
    },
    "host_sensor": {"session_guid": "s"},
    "destination": {"ip": "192.0.2.1", "port": 53},
    "tags": ["net"],
    "auditd": {
        "session": "3",
        "data": {"syscall": "connect"},
        "paths": [{"name": "/a", "nametype": "PARENT"}, {"name": "/a/b"}],
    },
}


def test_a_line() -> None:
    event = read(LINE)
    assert (event.id, event.time, event.kind, event.node, event.keys) == (
        "1700000000.123:7",
        1700000000.123,
        "connect",
        "web01",
        ("net",),
    )
    assert event.process == LogProcess(42, "g", "/bin/nc", "nc")
    assert (event.parent.pid, event.session_guid) == (1, "s")
    assert (event.user, event.login, event.numbers, event.session) == ("alice", "bob", (1000, 0, 1001), 3)
    assert (event.words, event.paths, event.address, event.success) == (
        ("nc", "a b"),
        ("/a/b",),
        "192.0.2.1 port 53",
        False,
    )


@pytest.mark.parametrize("value", [None, 1, "text", [], [1], {}, True])
@pytest.mark.parametrize("key", [key for key in LINE if key != "event"])
def test_values_of_any_shape(key: str, value: object) -> None:
    assert read({**LINE, key: value}).id == "1700000000.123:7"


@pytest.mark.parametrize("event", [None, {}, {"id": None}, {"id": "x"}, []])
def test_no_time_is_an_error(event: object) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        read({**LINE, "event": event})

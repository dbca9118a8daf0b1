"""What stages added, in OCSF words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sensor.audit.event import Addition
from sensor.audit.naming import Naming
from sensor.forms.ocsf.identity import Identities, container_of, milliseconds, process_of
from sensor.forms.values import Style

GUID, PARENT = "b770a0ed-0000-4000-8000-000000000001", "b770a0ed-0000-4000-8000-000000000002"


def identities(entries: int = 10) -> Identities:
    return Identities(Style("unicode", Naming()), entries)


def read(text: str) -> Any:
    return json.loads(f"{{{text[1:]}}}")


def test_a_process_and_its_parent() -> None:
    added: dict[str, Any] = {
        "PID": {"GUID": GUID, "EVENT_ID": "1.000:1"},
        "PPID": {"GUID": PARENT},
        "SPAWNED_BY": {"pid": 7, "comm": "sh", "exe": "/bin/sh"},
        "EXE_HASH": "9f",
        "SESSION_GUID": GUID,
        "CMDLINE": ["a", "b"],
    }
    found = identities().of([Addition(added)])
    assert read(found.process) == {"cpid": GUID, "uid": GUID}
    assert read(found.parent) == {"cpid": PARENT, "uid": PARENT}
    assert read(found.spawner) == {"name": "sh", "file": {"name": "sh", "path": "/bin/sh", "type_id": 1}}
    assert (found.guid, found.parent_guid, found.spawner_pid) == (GUID, PARENT, 7)
    assert read(found.hashes) == {"hashes": [{"algorithm_id": 3, "value": "9f"}]}
    assert read(found.line) == {"cmd_line": "a b"}
    assert read(found.session) == {"uuid": GUID}
    assert read(found.own)["process"] == {"exec_event_id": "1.000:1"}
    assert not found.contained


def test_a_container() -> None:
    container = {"id": "3f", "runtime": "docker", "name": "web", "image": "nginx", "pod": "p", "pod_uid": "u"}
    found = identities().of([Addition({"PID": {"GUID": GUID, "container": container}})])
    assert found.contained
    image = {"name": "nginx", "uid": "nginx"}
    expected = {"uid": "3f", "name": "web", "runtime": "docker", "image": image, "orchestrator": "kubernetes"}
    assert read(found.process)["container"] == expected
    assert read(found.own)["orchestrator"]["resource"] == {"type": "pod", "name": "p", "id": "u"}


def test_nothing() -> None:
    found = identities().of([])
    assert (found.process, found.parent, found.own, found.hashes, found.session) == ("", "", "", "", "")
    assert container_of({"container": {"runtime": "docker"}}) == {}


def test_the_same_additions_are_translated_once() -> None:
    known, addition = identities(), Addition({"PID": {"GUID": GUID}})
    assert known.of([addition]) is known.of([addition])


@pytest.mark.parametrize(
    ("date", "expected"),
    [("1970-01-01T00:00:01.500Z", 1500), ("2023-11-14T22:13:20Z", 1700000000000), (None, None), (5, None)],
)
def test_times(date: Any, expected: int | None) -> None:
    assert milliseconds(date) == expected


def test_an_environment() -> None:
    members = process_of({"env_vars": ["A=b=c", "D"], "start": "1970-01-01T00:00:01.000Z"})
    assert members == {
        "created_time": 1000,
        "environment_variables": [{"name": "A", "value": "b=c"}, {"name": "D", "value": ""}],
    }

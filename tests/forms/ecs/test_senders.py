"""Messages of user space: what stages found out about who sent them stands where that of any other process does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sensor.forms.ecs.form import Ecs
from sensor.forms.values import Style
from tests.summary.events import call, events
from tests.support.ecs_schema import VERSIONS, violations

SAID = 'USER_AUTH pid=7 uid=0 auid=1 ses=1 msg=\'op=x acct="bob" exe="/usr/sbin/sshd" res=success\''
SILENT = "USER_CMD pid=7 uid=0 auid=1 ses=1 msg='cmd=6C73 res=success'"
OWN_PARENT = "DAEMON_START op=start pid=7 ppid=3 res=success"
SSHD = {"GUID": "g", "GUID_SOURCE": "proc", "comm": "sshd", "exe": "/usr/sbin/sshd", "ppid": 5}
OTHER = {**SSHD, "comm": "perl", "exe": "/usr/bin/perl"}
CONTAINER = {**SSHD, "container": {"id": "c", "runtime": "docker", "source": "observed"}, "systemd_service": []}
CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    # record, what a stage added as PID, process, host_sensor
    (
        SAID,
        SSHD,
        {"name": "sshd", "executable": "/usr/sbin/sshd", "parent": {"pid": 5}},
        {"process": {"entity_id_source": "proc"}},
    ),
    (
        SAID,
        OTHER,
        {"name": "perl", "executable": "/usr/sbin/sshd", "parent": {"pid": 5}},
        {"process": {"entity_id_source": "proc", "executable": "/usr/bin/perl"}},
    ),
    (
        SILENT,
        OTHER,
        {"name": "perl", "executable": "/usr/bin/perl", "parent": {"pid": 5}},
        {"process": {"entity_id_source": "proc"}},
    ),
    (
        OWN_PARENT,
        SSHD,
        {"name": "sshd", "executable": "/usr/sbin/sshd", "parent": {"pid": 3}},
        {"process": {"entity_id_source": "proc", "ppid": 5}},
    ),
    (
        SILENT,
        {**SSHD, "comm": None, "exe": None, "ppid": 0},
        {"parent": {"pid": 0}},
        {"process": {"entity_id_source": "proc"}},
    ),
    (
        SAID,
        CONTAINER,
        {"name": "sshd", "executable": "/usr/sbin/sshd", "parent": {"pid": 5}},
        {"process": {"entity_id_source": "proc"}, "container": {"source": "observed"}},
    ),
]


@pytest.mark.parametrize(("record", "identity", "process", "own"), CASES)
def test_who_sent_it(record: str, identity: dict[str, Any], process: dict[str, Any], own: dict[str, Any]) -> None:
    (event,) = events(record)
    name = next(iter(event.records))
    event.replace(name, 0, event.records[name][0].extended({"PID": identity}))
    found = json.loads(Ecs(Style("unicode")).event(event).encode("latin-1"))
    assert found["process"] == {"pid": 7, "entity_id": "g", **process}
    assert found["host_sensor"] == own
    assert [fault for version in VERSIONS for fault in violations(found, version)] == []
    if "container" in identity:
        assert found["container"] == {"id": "c", "runtime": "docker"}


def test_the_container_of_a_process_that_is_acted_upon() -> None:
    (event,) = events(call(62), 'OBJ_PID opid=7 ocomm="x"')
    event.replace("OBJ_PID", 0, event.records["OBJ_PID"][0].extended({"OPID": {"GUID": "g"}, "PID": CONTAINER}))
    found = json.loads(Ecs(Style("unicode")).event(event).encode("latin-1"))
    (target,) = found["host_sensor"]["obj_pid"]
    assert target["container"] == {"id": "c", "runtime": "docker", "source": "observed"}
    assert "container" not in found

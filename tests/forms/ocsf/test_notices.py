"""Lines of the sensor's own: the probe's, and what the sensor says of itself."""

from __future__ import annotations

import json
from typing import Any

from sensor.audit.event import Notice
from sensor.audit.naming import Naming
from sensor.audit.notices import Loss, Reload, SensorNotice, Stop
from sensor.forms.ocsf import Ocsf
from sensor.forms.values import Style
from tests.forms.ocsf_schema import VERSIONS, mistakes

GUID = "b770a0ed-0000-4000-8000-000000000001"


def written(notice: Notice) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Ocsf(Style("unicode", Naming())).notice(notice).encode("latin-1"))
    for version in VERSIONS:
        assert mistakes(version, document) == []
    return document


def test_an_exec_that_the_probe_saw() -> None:
    members: Any = {"pid": 9, "ppid": 8, "auid": 1000, "ses": 3, "comm": "sh", "cgroup": 5, "reported": False}
    added: Any = {"PID": {"GUID": GUID}, "SPAWNED_BY": {"pid": 8, "comm": "init"}}
    document = written(Notice("1700000000.001:probe-1", "PROBE_EXEC", members, added))
    assert (document["class_uid"], document["activity_id"]) == (1007, 1)
    assert document["process"] == {"pid": 9, "cpid": GUID, "uid": GUID, "name": "sh", "parent_process": {"pid": 8}}
    assert document["actor"] == {"process": {"pid": 8}, "session": {"uid": "3"}}
    assert document["metadata"]["uid"] == "1700000000.001:probe-1"
    assert "sequence" not in document["metadata"]
    assert document["unmapped"]["host_sensor"]["user"] == {"audit": {"id": "1000"}}


def test_an_end_that_the_probe_saw() -> None:
    members: Any = {"pid": 9, "ppid": 8, "auid": 4294967295, "ses": 4294967295, "comm": "sh", "exit_code": 3}
    document = written(Notice("1700000000.001:probe-2", "PROBE_EXIT", members, {}))
    assert (document["class_uid"], document["activity_id"], document["exit_code"]) == (1007, 2, 3)
    assert document["actor"]["process"]["pid"] == 9


def test_sensor_events_have_a_severity_and_a_status() -> None:
    loss = Loss("output", "ENOSPC", "lines", 5, 7, "2026-01-01T00:00:00.000Z", False)
    for contents, severity, status in (
        (loss, 3, 2),
        (Reload(False, "ab", ["x: no such key"]), 2, 2),
        (Reload(True, "ab", []), 1, 1),
        (Stop("end", 1, 2, 3, 0), 1, 1),
    ):
        document = written(SensorNotice("1700000000.001:sensor-1", contents))
        assert (document["class_uid"], document["severity_id"], document["status_id"]) == (0, severity, status)
        assert document["activity_name"] == f"sensor-{contents.members()['event']}"
        assert document["unmapped"]["host_sensor"]["sensor"]["event"] == contents.members()["event"]


def test_what_a_filter_held_back() -> None:
    document = written(Notice(None, "", {}, {"SUPPRESSED": {"flood": 3}}))
    assert document["activity_name"] == "suppressed"
    assert document["unmapped"]["host_sensor"] == {"suppressed": {"flood": 3}}

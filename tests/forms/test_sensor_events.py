"""SENSOR events in ECS: the values by their own names, and the words that ECS has for them."""

from __future__ import annotations

import json

import pytest

from sensor.audit.naming import Naming
from sensor.audit.notices import Contents, Loss, Reload, SensorNotice, Start, Stop
from sensor.forms.ecs.form import Ecs
from sensor.forms.values import Style

START = Start(7, "1.0.0", "3.11.2", False, "ab" * 32, "2899dae4", "6.1.0", None, "absent", None, [])
AGENT = {"type": "host-sensor"}
HOST = {"boot": {"id": "2899dae4"}, "os": {"kernel": "6.1.0", "type": "linux"}}


@pytest.mark.parametrize(
    ("contents", "event", "more"),
    [
        (
            START,
            {"category": ["host"], "type": ["start"], "action": "sensor-start", "outcome": "success"},
            {"agent": {**AGENT, "version": "1.0.0"}, "host": HOST, "process": {"pid": 7}},
        ),
        (
            Stop("signal", 10, 5, 5, 0),
            {
                "category": ["host"],
                "type": ["end"],
                "action": "sensor-stop",
                "outcome": "success",
                "reason": "signal",
            },
            {"agent": AGENT},
        ),
        (
            Reload(True, "cd", []),
            {"category": ["configuration"], "type": ["change"], "action": "sensor-reload", "outcome": "success"},
            {"agent": AGENT},
        ),
        (
            Reload(False, "cd", ["a: b", 'c: "d"']),
            {"category": ["configuration"], "type": ["info"], "action": "sensor-reload", "outcome": "failure"},
            {"agent": AGENT, "error": {"message": 'a: b; c: "d"'}},
        ),
        (
            Loss("output", "ENOSPC", "lines", 3, 9, "2026-11-22T13:36:12.104Z", True),
            {
                "category": ["host"],
                "type": ["info"],
                "action": "sensor-loss",
                "outcome": "failure",
                "reason": "ENOSPC",
                "start": "2026-11-22T13:36:12.104Z",
            },
            {"agent": AGENT},
        ),
    ],
)
def test_a_document(contents: Contents, event: dict, more: dict) -> None:
    notice = SensorNotice("1795354566.589:sensor-4", contents)
    document = json.loads(Ecs(Style("unicode", Naming(""))).notice(notice))
    own = {name: value for name, value in notice.members.items() if value not in (None, [])}
    sensor = document.pop("host_sensor")["sensor"]
    assert {name: value for name, value in sensor.items() if value is not None} == own
    id = {"id": "1795354566.589:sensor-4", "kind": "event", "module": "auditd", "dataset": "auditd_manager.auditd"}
    assert document.pop("event") == {**id, **event}
    assert (document.pop("data_stream")["type"], document.pop("service")) == ("logs", {"type": "auditd"})
    assert document == {"@timestamp": "2026-11-22T13:36:06.589Z", "ecs": {"version": "8.17.0"}, **more}

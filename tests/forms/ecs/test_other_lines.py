"""Lines that are no events of the audit stream: what could not be read, what the probe or the sensor has to say."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import pytest

from sensor.audit.event import Event, Notice, Template
from sensor.forms.ecs.form import Ecs
from sensor.forms.values import Style
from tests.forms.ecs.test_form import EVENT, ORIGIN, convert


@pytest.mark.parametrize("notes", [[], ["truncated_line"]])
def test_what_is_no_record_is_an_event_too(notes: list[str]) -> None:
    ecs = Ecs(Style())
    ecs.event(Event("12.345:1", "", Template({}), None))
    found = json.loads(ecs.error("header", "x", notes))
    assert found == {
        "@timestamp": "1970-01-01T00:00:12.000Z",
        "event": {"kind": "pipeline_error", "original": "x", **EVENT},
        "ecs": {"version": "8.17.0"},
        **ORIGIN,
        "error": {"type": "header", "message": "the line is no audit record"},
        **({"host_sensor": {"notes": notes}} if notes else {}),
    }
    before = time.time()
    (found,) = convert(b"what is this\n")
    assert found["event"]["original"] == "what is this"
    assert before - 1 <= datetime.fromisoformat(found["@timestamp"].replace("Z", "+00:00")).timestamp() <= time.time()


def test_what_the_probe_shows_of_a_process() -> None:
    facts = {"pid": 3, "ppid": 2, "comm": "ls", "auid": 1000, "ses": 4294967295, "cgroup": 5, "exit_code": 0}
    members: dict[str, Any] = {**facts, "signal": None, "duration": 0.5}
    added: dict[str, Any] = {"PID": {"GUID": "g", "GUID_SOURCE": "probe"}, "PPID": {"GUID": "h"}}
    assert json.loads(Ecs(Style()).notice(Notice("1.500:probe-1", "PROBE_EXIT", members, added))) == {
        "@timestamp": "1970-01-01T00:00:01.500Z",
        "event": {
            "kind": "event",
            "id": "1.500:probe-1",
            **EVENT,
            "category": ["process"],
            "type": ["end"],
            "action": "end",
            "outcome": "success",
        },
        "ecs": {"version": "8.17.0"},
        **ORIGIN,
        "process": {"pid": 3, "parent": {"pid": 2, "entity_id": "h"}, "name": "ls", "exit_code": 0, "entity_id": "g"},
        "user": {"audit": {"id": "1000"}},
        "host_sensor": {"cgroup": 5, "duration": 0.5, "process": {"entity_id_source": "probe"}},
    }


def test_what_the_sensor_has_to_show_has_a_name() -> None:
    ecs = Ecs(Style())
    ecs.event(Event("12.345:1", "", Template({}), None))
    assert json.loads(ecs.notice(Notice(None, "", {}, {"LOSS_REPORT": {"lost": 5}}))) == {
        "@timestamp": "1970-01-01T00:00:12.000Z",
        "event": {"kind": "event", "action": "loss-report", "category": ["host"], "type": ["info"], **EVENT},
        "ecs": {"version": "8.17.0"},
        **ORIGIN,
        "host_sensor": {"loss_report": {"lost": 5}},
    }

"""Logs that are not there, silent, without names, closed to their readers, or short of room."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from sensor.audit.naming import Naming
from sensor.config import Config, Enrich
from sensor.doctor.host import CommandResult
from sensor.doctor.log import check_log, file_of, guid_source, newest, time_of
from sensor.outputs import Options
from tests.doctor.examined import ExaminedHost, levels, wrong

PATH = "/var/log/host-sensor/audit.jsonl"


def event(age: float, source: str | None = "probe") -> dict[str, Any]:
    process = {"GUID": "g", "GUID_SOURCE": source} if source else {}
    return {"ID": f"{time.time() - age:.3f}:1", "SYSCALL": {"pid": 1, "PID": process}}


def write(host: ExaminedHost, *events: dict[str, Any]) -> None:
    host.write(PATH, "".join(f"{json.dumps(event)}\n" for event in events))
    Path(host.path("/var/log/host-sensor")).chmod(0o750)


def test_a_healthy_log(host: ExaminedHost) -> None:
    write(host, *(event(100000 - 1000 * number) for number in range(100)))
    assert levels(check_log(host, Config())) == {"log.events": "ok", "log.identities": "ok", "log.retention": "ok"}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], {"log.events": "warning"}),
        ([event(90000), event(80000)], {"log.events": "warning"}),
        ([event(3000), event(2), event(1, None)], {"log.identities": "warning"}),
        ([event(3000, "proc"), event(1, "proc")], {}),
    ],
)
def test_what_is_in_it(host: ExaminedHost, events: list[dict[str, Any]], expected: dict[str, str]) -> None:
    write(host, *events)
    assert {
        name: level for name, level in wrong(check_log(host, Config())).items() if name != "log.retention"
    } == expected


OTHER_FORMS = {
    "ecs": {
        "@timestamp": "2026-11-28T08:00:00.000Z",
        "event": {"id": "TIME:1"},
        "auditd": {"message_type": "syscall"},
        "host_sensor": {"process": {"entity_id_source": "probe"}},
    },
    "ocsf": {
        "class_uid": 1007,
        "metadata": {"uid": "TIME:1", "event_code": "SYSCALL"},
        "unmapped": {"host_sensor": {"process": {"entity_id_source": "probe"}}},
    },
    "laurel, with a prefix": {"ID": "TIME:1", "SYSCALL": {"x_pid": {"GUID_SOURCE": "probe"}}},
}


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_a_log_in_another_form(host: ExaminedHost, form: str) -> None:
    text, now = json.dumps(OTHER_FORMS[form]), time.time()
    write(host, *(json.loads(text.replace("TIME", f"{now - age:.3f}")) for age in (90, 60, 1)))
    config = Config(enrich=Enrich(prefix="x_" if "prefix" in form else None))
    findings = {finding.name: finding for finding in check_log(host, config)}
    assert findings["log.events"].level == "ok"
    assert findings["log.identities"].text.startswith("of 3 newest system call events 3 have a GUID from the probe")
    assert "log.retention" in findings


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_a_call_without_a_guid_in_another_form(form: str) -> None:
    text = (
        json.dumps(OTHER_FORMS[form]).replace('"entity_id_source": "probe"', "").replace('"GUID_SOURCE": "probe"', "")
    )
    assert guid_source(json.loads(text), Naming("x_" if "prefix" in form else "")) is None


@pytest.mark.parametrize(
    "document",
    [
        {"ID": "1.000:1", "USER_LOGIN": [{}]},
        {"ID": None, "PARSE_ERROR": {}},
        {"@timestamp": "", "event": {"id": "1.000:1"}, "auditd": {"message_type": "user_login"}},
        {"class_uid": 3002, "metadata": {"uid": "1.000:1", "event_code": "USER_LOGIN"}},
        {"SYSCALL": "text", "auditd": "text", "metadata": []},
    ],
)
def test_what_is_no_system_call_counts_for_no_source(document: dict[str, Any]) -> None:
    with pytest.raises(LookupError):
        guid_source(document, Naming())


def test_a_line_without_a_time_at_the_end(host: ExaminedHost) -> None:
    write(host, event(3000), event(5), {"ID": None, "PARSE_ERROR": {"reason": "header", "raw": "x"}})
    assert levels(check_log(host, Config()))["log.events"] == "ok"


def test_lines_of_which_none_has_a_time(host: ExaminedHost) -> None:
    write(host, {"ID": None, "PARSE_ERROR": {}}, {"message": "of another program"})
    assert wrong(check_log(host, Config())) == {"log.events": "warning"}


def test_a_fifo_is_not_waited_for_and_keeps_its_lines(host: ExaminedHost) -> None:
    write(host)
    host.remove(PATH)
    os.mkfifo(host.path(PATH))
    assert levels(check_log(host, Config())) == {"log.file": "note"}
    reader = os.open(host.path(PATH), os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(host.path(PATH), os.O_WRONLY | os.O_NONBLOCK)
    os.write(writer, b"line\n")
    assert newest(host, PATH) == []
    assert os.read(reader, 10) == b"line\n"
    for descriptor in (reader, writer):
        os.close(descriptor)


def test_no_log(host: ExaminedHost) -> None:
    assert wrong(check_log(host, Config())) == {"log.file": "failure"}


@pytest.mark.parametrize("file", ["-", "| /bin/cat", "unix:/run/x"])
def test_events_that_go_elsewhere(host: ExaminedHost, file: str) -> None:
    config = Config(auditlog=Options(file=file))
    assert file_of(config) is None
    assert wrong(check_log(host, config)) == {"log.file": "note"}


def test_a_rate_that_fills_the_log_within_a_day(host: ExaminedHost) -> None:
    write(host, *(event(100 - number) for number in range(100)))
    assert wrong(check_log(host, Config(auditlog=Options(size=10000)))) == {"log.retention": "note"}


@pytest.mark.parametrize(
    ("options", "acl", "expected"),
    [
        (Options(read_groups=("staff",)), "user::rwx\ngroup::r-x\nother::---\n", {"log.readers": "warning"}),
        (Options(read_groups=("staff",)), "user::rwx\ngroup:staff:--x\n", {}),
        (Options(read_other=True), "user::rwx\n", {"log.readers": "warning"}),
        (Options(), "user::rwx\n", {}),
    ],
)
def test_readers_who_cannot_enter(host: ExaminedHost, options: Options, acl: str, expected: dict[str, str]) -> None:
    write(host, event(100000), event(1))
    host.commands[f"getfacl -cp {host.path('/var/log/host-sensor')}"] = CommandResult(0, acl)
    assert wrong(check_log(host, Config(auditlog=options))) == expected


def test_lines_that_are_no_events_are_left_out(host: ExaminedHost) -> None:
    host.write(PATH, 'cut"}\n[1]\n{"ID":"1.000:1"}\n\xff\n{"ID":null}\n')
    assert newest(host, PATH) == [{"ID": "1.000:1"}, {"ID": None}]
    assert [time_of(event) for event in newest(host, PATH)] == [1.0, None]

"""Events wholly in ECS: complete, valid, and the same as SUMMARY where that speaks."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensor import __version__
from sensor.audit.event import Event, Template
from sensor.build import build
from sensor.config import Config
from sensor.forms.ecs.form import Ecs
from sensor.forms.text import quote_unicode
from sensor.forms.values import Style
from sensor.process.guid import process_guid
from sensor.process.procfs import ProcFS
from sensor.stats import Stats
from sensor.summary.facts import datum_of, own_fields
from tests.summary.events import PLAIN, call, events, text
from tests.support.forms import Passing
from tests.test_data import LOGS, content
from tests.test_golden import refuse, unique

EVENT = {"module": "auditd", "dataset": "auditd_manager.auditd"}
AGENT = {"type": "host-sensor"}
STREAM = {"type": "logs", "dataset": "auditd_manager.auditd", "namespace": "default"}
ORIGIN = {"agent": AGENT, "data_stream": STREAM, "service": {"type": "auditd"}}
SADDR = "SOCKADDR saddr=02000050A9FEA9FE0000000000000000"


def convert(feed: bytes, **options: Any) -> list[dict[str, Any]]:
    config = replace(Config(), output="ecs", **options)
    pipeline = build(config, Stats(), live=False).pipeline
    lines = pipeline.feed(feed, 0.0) + pipeline.close()
    return [json.loads(line.encode("latin-1"), object_pairs_hook=unique, parse_constant=refuse) for line in lines]


def document(*records: str) -> dict[str, Any]:
    (found,) = convert(text(*records))
    return found


WHOLE_FEED = """
    SYSCALL arch=c000003e syscall=59 success=yes exit=0 a0=5 a1=7f a2=10 a3=4 items=2 ppid=30 pid=31 auid=1000 uid=1000\
 gid=1000 euid=0 suid=0 fsuid=0 egid=1000 sgid=1000 fsgid=1000 tty=pts0 ses=3 comm="su" exe="/usr/bin/su"\
 subj=unconfined key="exec"
    EXECVE argc=2 a0="su" a1="-"
    CWD cwd="/root"
    PATH item=0 name="/usr/bin/su" inode=5 dev=fd:01 mode=0104755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL
    PROCTITLE proctitle=7375002D
    EOE"""
WHOLE = {
    "@timestamp": "2017-04-21T05:38:27.096Z",
    "ecs": {"version": "8.17.0"},
    "event": {
        "kind": "event",
        "category": ["process"],
        "type": ["start"],
        "action": "executed",
        "outcome": "success",
        "id": "1492753107.096:9004",
        **EVENT,
    },
    "host": {"name": "web01", "hostname": "web01", "os": {"type": "linux"}},
    **ORIGIN,
    "agent": {"type": "host-sensor", "version": __version__},
    "related": {"user": ["0", "1000"], "hosts": ["web01"]},
    "tags": ["exec"],
    "user": {
        "id": "1000",
        "group": {"id": "1000"},
        "audit": {"id": "1000"},
        "effective": {"id": "0"},
        "saved": {"id": "0"},
        "filesystem": {"id": "0"},
        "selinux": {"user": "unconfined"},
    },
    "process": {
        "pid": 31,
        "parent": {"pid": 30},
        "name": "su",
        "executable": "/usr/bin/su",
        "args": ["su", "-"],
        "args_count": 2,
        "command_line": "su -",
        "working_directory": "/root",
        "title": "su -",
        "entry_leader": {
            "pid": 31,
            "name": "su",
            "executable": "/usr/bin/su",
            "args": ["su", "-"],
            "command_line": "su -",
            "same_as_process": True,
        },
    },
    "file": {
        "path": "/usr/bin/su",
        "name": "su",
        "directory": "/usr/bin",
        "inode": "5",
        "device": "fd:01",
        "mode": "4755",
        "type": "file",
        "uid": "0",
        "gid": "0",
    },
    "auditd": {
        "message_type": "syscall",
        "result": "success",
        "session": "3",
        "sequence": 9004,
        "summary": {
            "actor": {"primary": "1000", "secondary": "1000"},
            "how": "/usr/bin/su",
            "object": {"type": "file", "primary": "/usr/bin/su"},
        },
        "data": {
            "tty": "pts0",
            "arch": "x86_64",
            "syscall": "execve",
            "exit": "0",
            "a0": "5",
            "a1": "7f",
            "a2": "10",
            "a3": "4",
        },
        "paths": [
            {
                "item": "0",
                "name": "/usr/bin/su",
                "inode": "5",
                "dev": "fd:01",
                "mode": "0104755",
                "ouid": "0",
                "ogid": "0",
                "rdev": "00:00",
                "nametype": "NORMAL",
            }
        ],
    },
    "host_sensor": {"process": {"exec_event_id": "1492753107.096:9004"}},
}


def test_a_whole_event() -> None:
    types = re.compile(r"\n    ([A-Z]+) ?")
    lines = types.sub("\nnode=web01 type=\\1 msg=audit(1492753107.096:9004): ", WHOLE_FEED).lstrip()
    (found,) = convert(lines.encode() + b"\n")
    assert found == WHOLE


def test_the_error_has_its_name() -> None:
    assert document(call(2, "success=no exit=-13"))["auditd"]["data"]["exit"] == "EACCES"
    assert document(call(60, ""))["auditd"]["data"].get("exit") is None
    assert document(call(2, "success=yes exit=-13"))["auditd"]["data"]["exit"] == "-13"


def test_more_records_of_a_call_add_their_fields() -> None:
    data = document(call(42), SADDR, "CAPSET pid=7 cap_pi=0", SADDR.replace("50", "51"))["auditd"]["data"]
    assert (data["socket"]["port"], data["socket_2"]["port"]) == ("80", "81")
    assert (data["capset_pid"], data["cap_pi"]) == ("7", "0x0")


def test_arguments_that_are_none_are_quoted() -> None:
    data = document(call(2).replace("a0=0", 'a0="x').replace(" items=0", ""))["auditd"]["data"]
    assert json.dumps(data)


def test_a_message_of_user_space() -> None:
    found = document("USER_LOGIN pid=7 uid=0 auid=1 ses=1 msg='op=login acct=\"bob\" addr=10.0.0.1 res=failed'")
    assert found["source"] == {"address": "10.0.0.1", "ip": "10.0.0.1"}
    assert found["auditd"]["data"] == {"op": "login", "acct": "bob", "uid": "0"}
    assert found["auditd"]["result"] == "fail"
    assert found["process"] == {"pid": 7}


def test_what_stages_added_to_other_records() -> None:
    (event,) = events(call(62), 'OBJ_PID opid=7 ocomm="x"', 'EXECVE argc=1 a0="x"')
    event.replace("OBJ_PID", 0, event.records["OBJ_PID"][0].extended({"OPID": {"GUID": "g"}}))
    event.replace("EXECVE", 0, event.records["EXECVE"][0].extended({"ENV": {"LD_PRELOAD": "/x.so"}}))
    line = json.loads(Ecs(Style()).event(event).encode("latin-1"))
    assert line["process"]["env_vars"] == ["LD_PRELOAD=/x.so"]
    assert line["host_sensor"]["obj_pid"] == [{"opid": {"entity_id": "g"}}]


def test_a_living_process_has_its_identity_and_its_place() -> None:
    config = Config()
    sensor = build(replace(config, output="ecs", probe=replace(config.probe, use=False)), Stats(), live=True)
    now = f"{time.time():.3f}:7"
    record = call(2).replace("1.000:1", now).replace("ppid=30 pid=31", f"ppid={os.getppid()} pid={os.getpid()}")
    sensor.pipeline.feed(f"{record.replace('/usr/bin/cat', os.readlink('/proc/self/exe'))}\n".encode(), 0.0)
    (line,) = sensor.pipeline.close()
    found = json.loads(line.encode("latin-1"))
    proc = ProcFS()
    seen = proc.entry(os.getpid())
    assert seen is not None
    assert found["process"]["entity_id"] == process_guid(proc.boot_id(), seen.namespace, seen.start, seen.tgid)
    assert found["process"]["parent"]["entity_id"] != found["process"]["entity_id"]
    assert found["process"]["start"].endswith("Z")
    assert found["host_sensor"]["process"]["entity_id_source"] == "proc"


def test_a_late_record_shows_so() -> None:
    ecs = Ecs(Style())
    event = Event("1.000:1", "", Template({}), None)
    event.note("late")
    assert json.loads(ecs.event(event)) == {
        "@timestamp": "1970-01-01T00:00:01.000Z",
        "ecs": {"version": "8.17.0"},
        "event": {"id": "1.000:1", **EVENT},
        **ORIGIN,
        "host_sensor": {"notes": ["late"]},
    }


def test_a_time_that_no_date_can_show() -> None:
    assert "@timestamp" not in json.loads(Ecs(Style()).event(Event("999999999999.000:1", "", Template({}), None)))


def test_what_has_no_ecs_words_goes_by_its_own_names() -> None:
    (event,) = events(call(2), 'CWD cwd="/"')
    event.note("stage_failed")
    found = json.loads(Ecs(Style()).plainly(event))
    assert found["host_sensor"]["notes"] == ["stage_failed"]
    assert found["host_sensor"]["syscall"]["comm"] == "cat"
    assert found["host_sensor"]["cwd"] == [{"cwd": "/"}]
    assert found["event"]["id"] == "1.000:1"


def test_what_is_remembered_is_bounded_and_changes_nothing() -> None:
    few, many = Ecs(Style(), entries=8), Ecs(Style())
    for number in [*range(30), *range(30)]:
        (event,) = events(call(2, f"success=no exit=-{number}"), f'CWD cwd="/{number}"')
        assert few.event(event) == many.event(event)
        assert max(few.remembered) <= 8
    assert max(many.remembered) > 8


# ------------------------------------------------------------------------------------------------- all recorded feeds
MOST = 400_000


def start(path: Path) -> bytes:
    """The beginning of a feed, whole lines."""
    return content(path)[:MOST].rpartition(b"\n")[0]


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif value is not None:
        yield str(value)


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_every_feed_becomes_valid_documents(path: Path) -> None:
    feed = start(path)
    config = Config()
    plain = build(config, Stats(), live=False).pipeline
    lines = plain.feed(feed, 0.0) + plain.close()
    documents = convert(feed)
    assert len(documents) == len(lines)
    for found, line in zip(documents, lines):
        assert found["event"].get("id") == json.loads(line.encode("latin-1"))["ID"]
        assert "stage_failed" not in found.get("host_sensor", {}).get("notes", ())


def everything(prefix: str | None) -> dict[str, Any]:
    """Every option on that changes what is written, for recorded logs."""
    config = Config()
    translate = replace(
        config.translate, universal=True, user_db=True, arguments=True, summary=True, time="iso", type=True
    )
    enrich = replace(config.enrich, prefix=prefix, ppid_verbose=True, cmdline=True, parent_info=True, ancestors=3)
    return {"translate": translate, "enrich": enrich, "transform": replace(config.transform, strings="unicode")}


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
@pytest.mark.parametrize("prefix", [None, "x_"])
def test_every_option_at_once_gives_valid_documents(path: Path, prefix: str | None) -> None:
    for found in convert(start(path)[:100_000].rpartition(b"\n")[0], **everything(prefix)):
        assert "stage_failed" not in found.get("host_sensor", {}).get("notes", ())
        assert not {key for key in found if key.isupper() or key.startswith("x_")}


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_summary_is_a_part_of_the_document(path: Path) -> None:
    feed = start(path)
    plain = replace(Config().transform, strings="unicode")
    config = replace(Config(), transform=plain, translate=replace(Config().translate, summary=True))
    pipeline = build(config, Stats(), live=False).pipeline
    lines = [json.loads(line.encode("latin-1")) for line in pipeline.feed(feed, 0.0) + pipeline.close()]
    for found, line in zip(convert(feed), lines):
        if "PARSE_ERROR" not in line:
            assert is_part(line["SUMMARY"], found), line["ID"]


def is_part(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return all(key in whole and is_part(value, whole[key]) for key, value in part.items())
    return bool(part == whole)


NOT_SAID = {"items", "success", "res", "result", "saddr", "subj", "key", "old-key", "comm_text"}


@pytest.mark.parametrize("path", [path for path in LOGS if path.suffix != ".audit"], ids=lambda path: path.name)
def test_nothing_that_a_record_shows_is_left_out(path: Path) -> None:
    events: list[Event] = []

    class Keep(Passing):
        """ECS; keeps the events."""

        def event(self, event: Event) -> str:
            events.append(event)
            return self.form.event(event)

    config = replace(Config(), output="ecs")
    pipeline = build(config, Stats(), live=False, wrap=lambda form, laurel: Keep(form)).pipeline
    lines = pipeline.feed(start(path), 0.0) + pipeline.close()
    documents = {found["event"].get("id"): found for found in (json.loads(line.encode("latin-1")) for line in lines)}
    for event in events:
        printed = set(strings(documents[event.id]))
        for name, group in event.records.items():
            for record in group if name not in ("SYSCALL", "SOCKADDR", "EXECVE", "PROCTITLE", "PATH") else ():
                for field, value in own_fields(record.fields, PLAIN):
                    datum = datum_of(field, value, record.fields)
                    if field in NOT_SAID or datum in (None, "unset", []):
                        continue
                    words = datum if isinstance(datum, list) else [datum]
                    missing = [
                        word for word in words if json.loads(quote_unicode(word).encode("latin-1")) not in printed
                    ]
                    assert not missing, (event.id, name, field)

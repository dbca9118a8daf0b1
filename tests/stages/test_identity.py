"""PID, PPID, SPAWNED_BY, SESSION_GUID and the like: of this host, of others, and of before its boot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sensor.process.guid import process_guid, session_guid
from tests.support.fake_host import BOOTED, NOW, FakeHost, event, exec_event, syscall
from tests.support.pipelines import make_pipeline

NAMESPACE = 4026531836
BASH = "/usr/bin/bash"


@pytest.fixture
def host(tmp_path):
    host = FakeHost(tmp_path)
    host.process(1, 0, "/sbin/init", start=100)
    host.process(100, 1, BASH, start=5000)
    return host


def guid(host: FakeHost, pid: int, ticks: int) -> str:
    return process_guid(host.proc.boot_id(), NAMESPACE, ticks, pid)


def was_there(host: FakeHost, pid: int, ticks: int) -> dict[str, Any]:
    start = f"{BOOTED + ticks / 100:.3f}"
    return {"START_TIME": start, "GUID": guid(host, pid, ticks), "GUID_SOURCE": "proc"}


def run(host: FakeHost, *events: str, prefix: str = "", **options: bool) -> list[dict[str, Any]]:
    return host.run([host.identity(prefix=prefix, **options)], *events, prefix=prefix)


def test_a_process_that_was_there_has_a_start_and_a_guid(host):
    (line,) = run(host, event(syscall(100, 1, BASH)))
    output = line["SYSCALL"]
    assert output["PID"] == was_there(host, 100, 5000)
    assert output["PPID"] == was_there(host, 1, 100)
    assert output["SPAWNED_BY"] == {**was_there(host, 1, 100), "pid": 1, "comm": "init", "exe": "/sbin/init"}
    assert output["SESSION_GUID"] == session_guid(host.proc.boot_id(), 3)


def test_a_process_that_nobody_saw_start_has_no_guid(host):
    (line,) = run(host, event(syscall(200, 150, "/usr/bin/ls")))
    assert line["SYSCALL"]["PID"] == {"EVENT_ID": line["ID"]}
    assert "PPID" not in line["SYSCALL"]
    assert "SPAWNED_BY" not in line["SYSCALL"]


def test_an_exec_begins_a_program_of_the_same_process(host):
    before, execed, after = run(
        host,
        event(syscall(100, 1, BASH)),
        exec_event(100, 1, "/usr/bin/ls", ["ls"]),
        event(syscall(100, 1, "/usr/bin/ls")),
    )
    for line in (execed, after):
        assert line["SYSCALL"]["PID"] == {
            "EVENT_ID": execed["ID"], "GUID": guid(host, 100, 5000), "GUID_SOURCE": "proc"
        }  # fmt: skip
        by = line["SYSCALL"]["SPAWNED_BY"]
        assert (by["GUID"], by["exe"]) == (before["SYSCALL"]["PID"]["GUID"], BASH)


def test_a_failed_exec_is_none(host):
    _, failed = run(
        host,
        event(syscall(100, 1, BASH)),
        exec_event(100, 1, BASH, ["nothing"], success="no"),
    )
    assert failed["SYSCALL"]["PID"] == was_there(host, 100, 5000)


def test_an_adopted_process_is_the_same(host):
    host.process(50, 1, "/usr/bin/tini", start=900)
    before, after = run(host, event(syscall(100, 50, BASH)), event(syscall(100, 1, BASH)))
    assert after["SYSCALL"]["PID"] == before["SYSCALL"]["PID"]
    assert before["SYSCALL"]["PPID"] == was_there(host, 50, 900)
    assert after["SYSCALL"]["PPID"] == was_there(host, 1, 100)
    assert after["SYSCALL"]["SPAWNED_BY"] == before["SYSCALL"]["SPAWNED_BY"]


def test_a_pid_used_again_is_another_process(host):
    run(host, event(syscall(100, 1, BASH)))
    host.process(100, 1, "/usr/bin/new", start=90000)
    (line,) = run(host, exec_event(100, 1, "/usr/bin/new", ["new"]))
    assert line["SYSCALL"]["PID"]["GUID"] == guid(host, 100, 90000)


OTHERS = [
    ("OBJ_PID opid=100 oauid=0 oses=3 ocomm=\"bash\"", "OPID"),
    ("USER_AUTH pid=100 uid=0 ses=3 msg='op=login'", "PID"),
    ("CONFIG_CHANGE audit_pid=100", "AUDIT_PID"),
]  # fmt: skip


@pytest.mark.parametrize(("record", "key"), OTHERS, ids=[key for _, key in OTHERS])
def test_every_pid_has_its_identity_beside_it(host, record, key):
    (line,) = run(host, event(record))
    (output,) = [value if isinstance(value, dict) else value[0] for name, value in line.items() if name != "ID"]
    assert output[key] == {**was_there(host, 100, 5000), "comm": "bash", "exe": BASH, "ppid": 1}
    assert ("SESSION_GUID" in output) == (" ses=" in record)


def test_in_a_list_each_record_has_its_own(host):
    (line,) = run(host, event("OBJ_PID opid=100", "OBJ_PID opid=1", "OBJ_PID opid=4000"))
    assert [entry.get("OPID", {}).get("exe") for entry in line["OBJ_PID"]] == [BASH, "/sbin/init", None]


@pytest.mark.parametrize(
    ("options", "absent"),
    [
        ({"pid": False}, {"PID", "PPID"}),
        ({"spawned_by": False}, {"SPAWNED_BY"}),
        ({"session_guid": False}, {"SESSION_GUID"}),
    ],
)
def test_what_is_switched_off_is_absent(host, options, absent):
    (line,) = run(host, event(syscall(100, 1, BASH), "OBJ_PID opid=100 ses=3"), **options)
    keys = {"PID", "PPID", "SPAWNED_BY", "SESSION_GUID"}
    assert keys & set(line["SYSCALL"]) == keys - absent
    assert ("OPID" in line["OBJ_PID"][0]) == ("PID" not in absent)


def test_the_parent_can_be_reported_at_length(host):
    (line,) = run(host, event(syscall(100, 1, BASH)), ppid_verbose=True)
    assert line["SYSCALL"]["PPID"] == {**was_there(host, 1, 100), "comm": "init", "exe": "/sbin/init", "ppid": 0}


def test_enriched_keys_can_have_a_prefix(host):
    (line,) = run(host, event(syscall(100, 1, BASH), "OBJ_PID opid=100"), prefix="x_")
    assert {"x_pid", "x_ppid", "x_spawned_by", "x_session_guid"} <= set(line["SYSCALL"])
    assert "x_opid" in line["OBJ_PID"][0]


@pytest.mark.parametrize(("ses", "known"), [("4294967295", False), ("unset", False), ("0", True)])
def test_the_unset_session_is_null(host, ses, known):
    (line,) = run(host, event(syscall(100, 1, BASH, ses=ses)))
    assert (line["SYSCALL"]["SESSION_GUID"] is not None) is known


def feed(host: FakeHost, text: str) -> list[dict[str, Any]]:
    return host.run([host.identity()], text)


def of_node(node: str, text: str) -> str:
    return "".join(f"node={node} {line}\n" for line in text.splitlines())


@pytest.mark.parametrize(("node", "local"), [("web01", True), ("web02", False)])
def test_processes_of_another_node_are_not_looked_up_here(host, node, local):
    (line,) = feed(host, of_node(node, event(syscall(100, 1, BASH))))
    assert ("GUID" in line["SYSCALL"]["PID"]) is local
    assert ("SESSION_GUID" in line["SYSCALL"]) is local
    assert line["NODE"] == node


def test_each_node_has_processes_of_its_own(host):
    one, two, again = (
        feed(host, of_node(node, event(syscall(100, 1, BASH))))[0] for node in ("web02", "web03", "web02")
    )
    assert len({line["SYSCALL"]["PID"]["EVENT_ID"] for line in (one, two, again)}) == 3


def test_events_of_before_the_boot_show_of_other_processes(host):
    (line,) = run(host, event(syscall(100, 1, BASH), time=BOOTED - 1000))
    assert "GUID" not in line["SYSCALL"]["PID"]
    assert "SESSION_GUID" not in line["SYSCALL"]


def test_each_event_without_a_guid_is_counted_by_why(host):
    texts = [event(syscall(pid, 1, BASH)) for pid in (100, 200, 200, 200, 300)]
    texts.append(event(syscall(100, 1, BASH), time=BOOTED - 1000))
    host.stats.process.unidentified["before_probe"] = 7  # by whoever else counts in it
    run(host, *texts)
    feed(host, of_node("web02", event(syscall(100, 1, BASH)) + event(syscall(101, 1, BASH))))
    counted = {why: count for why, count in host.stats.process.unidentified.items() if count}
    assert counted == {"no_probe": 4, "before_boot": 1, "other_host": 2, "before_probe": 7}


def test_a_start_is_reported_by_the_clock_as_it_is_now(host):
    here = host.proc.host(BOOTED)
    stage = host.identity(here=here)
    (before,) = host.run([stage], event(syscall(100, 1, BASH)))
    host.table.calibrate(BOOTED - 600)
    here.calibrate(BOOTED - 600)
    host.table.invalidate_derived()
    (after,) = host.run([stage], event(syscall(100, 1, BASH), time=NOW - 600))
    reported = [line["SYSCALL"]["PID"] for line in (before, after)]
    assert reported[0]["GUID"] == reported[1]["GUID"]
    assert [float(each["START_TIME"]) for each in reported] == [BOOTED + 50, BOOTED - 550]


def test_a_thread_that_leaves_is_noticed(host):
    """Where its process ends so, the next event of the pid is of another process."""
    exit = syscall(100, 1, BASH, 231).replace(" success=yes exit=0", "")
    host.run([host.identity()], event(syscall(100, 1, BASH)), text := event(exit))
    process = host.table.current(100)
    assert process.left in text
    assert process.left > process.first > ""


def test_a_record_that_has_our_keys_already_does_not_get_them_twice(host):
    text = event(
        syscall(100, 1, BASH).replace("subj=", "PID=1 PPID=2 SPAWNED_BY=3 SESSION_GUID=4 subj="),
        "USER_AUTH pid=100 ses=3 PID=x SESSION_GUID=y",
        "OBJ_PID opid=100 OPID=x",
    )
    (line,) = make_pipeline(stages=[host.identity()]).feed(text.encode(), 0.0)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    output = json.loads(line, object_pairs_hook=unique)
    assert (output["SYSCALL"]["PID_2"], output["SYSCALL"]["PID"]["GUID_SOURCE"]) == ("1", "proc")
    assert output["OBJ_PID"][0]["OPID"] == "x"


def test_where_a_process_runs_is_reported_wherever_it_is_named(host):
    host.process(42, 1, "/usr/bin/x")
    identity = host.identity(lambda process: {"place": "here"})
    first, second = host.run([identity], event("USER_ACCT pid=42 uid=0"), event(syscall(42, 1, "/usr/bin/x")))
    assert (first["USER_ACCT"]["PID"]["place"], second["SYSCALL"]["PID"]["place"]) == ("here", "here")


@pytest.mark.parametrize(("prefix", "pid", "session"), [("", "PID", "SESSION_GUID"), ("x_", "x_pid", "x_session_guid")])
def test_a_key_that_a_record_has_itself_is_not_written_twice(host, prefix, pid, session):
    host.process(42, 1, "/usr/bin/x")
    text = event(f"USER_ACCT pid=42 uid=0 ses=3 {pid}=own {session}=own")
    (line,) = make_pipeline(stages=[host.identity(prefix=prefix)], prefix=prefix).feed(text.encode(), 0.0)
    (members,) = [value for name, value in json.loads(line, object_pairs_hook=list) if name == "USER_ACCT"]
    names = [name for name, _ in members]
    assert len(names) == len(set(names))
    assert {pid, session} <= set(names)

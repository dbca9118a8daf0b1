"""An event as one flat table, whatever records it came in."""

from __future__ import annotations

from typing import Any

import pytest

from sensor.audit.naming import Naming
from sensor.summary.facts import Facts, add_record, context_parts, facts_of
from sensor.translate.main_type import main_type
from sensor.translate.universal import Universal
from tests.summary.events import PLAIN, call, events, fields


def table(*records: str, prefix: str = "") -> Facts:
    naming = Naming(prefix)
    event = events(*records, transforms=(Universal(naming).transform,))[0]
    return facts_of(event, main_type(event.records), naming)


def test_a_message_of_user_space_is_flat() -> None:
    facts = table(
        "USER_LOGIN pid=2370 uid=0 auid=1000 ses=132 subj=a_u:b_r:c_t:s0-s0:c0.c1023"
        " msg='op=login id=1000 exe=\"/usr/sbin/sshd\" hostname=? addr=10.0.0.1 terminal=pts/1 res=failed'"
    )
    assert facts.data == {
        "pid": "2370",
        "op": "login",
        "id": "1000",
        "exe": "/usr/sbin/sshd",
        "addr": "10.0.0.1",
        "terminal": "pts/1",
    }
    assert facts.ids == {"uid": "0", "auid": "1000"}
    assert (facts.result, facts.session) == ("failure", "132")
    assert facts.subject == {
        "user": "a_u",
        "role": "b_r",
        "domain": "c_t",
        "level": "s0-s0",
        "category": "c0.c1023",
    }


def test_what_a_message_shows_otherwise_than_its_record_is_kept() -> None:
    facts = table("USER_LOGIN pid=1 uid=0 auid=4294967295 msg='op=login uid=1000 pid=1 res=success'")
    assert facts.data == {"pid": "1", "op": "login", "msg_uid": "1000"}
    assert facts.ids == {"uid": "0", "auid": "unset"}


@pytest.mark.parametrize(
    ("how", "personality"),
    [
        ("success=yes exit=0", None),
        ("per=40000 success=yes exit=0", "0x40000"),
        ("per=0 success=no exit=-1", "0x0"),
        ("per=400000", "0x400000"),  # nothing returned
        ("success=yes exit=0 per=8", "0x8"),  # where no kernel writes it
    ],
)
def test_the_personality_of_a_process_is_a_fact_wherever_it_stands(how: str, personality: str | None) -> None:
    facts = table(call(135, how))
    assert (facts.data.get("per"), facts.data["syscall"]) == (personality, "personality")


def test_the_system_call_comes_first() -> None:
    facts = table(
        'AVC avc:  denied  { read open } for  pid=31 comm="dog" name="x" scontext=a:b:c:s0',
        call(257, "success=no exit=-13"),
        'AVC avc:  denied  { read } for  pid=31 comm="cow" name="y" scontext=a:b:c:s0',
    )
    assert facts.result == "failure"
    assert facts.tags == ["k"]
    output = {
        key: facts.data[key] for key in ("comm", "avc_comm", "avc_comm_2", "name", "avc_name", "denied", "syscall")
    }
    assert output == {
        "comm": "cat",
        "avc_comm": "dog",
        "avc_comm_2": "cow",
        "name": "x",
        "avc_name": "y",
        "denied": ["read", "open"],
        "syscall": "openat",
    }
    assert facts.data["arch"] == "x86_64"


def test_translations_are_no_facts_but_names_are_known() -> None:
    for prefix in ("", "x_"):
        facts = table(
            'LOGIN pid=1 uid=0 old-auid=4294967295 auid=1000 ses=1 res=1\x1dUID="root" AUID="alice"', prefix=prefix
        )
        assert facts.data == {"pid": "1"}
        assert facts.ids == {"uid": "0", "old-auid": "unset", "auid": "1000"}
        assert facts.names == {"uid": "root", "auid": "alice"}
        assert facts.result == "success"


def test_numbers_that_stand_for_calls_are_named() -> None:
    assert (
        table("SECCOMP auid=1 uid=1 gid=1 ses=1 arch=c000003e syscall=101 sig=31 code=0x0").data["syscall"] == "ptrace"
    )
    assert table("URINGOP uring_op=18 success=yes exit=0 items=0 ppid=1 pid=2").data["uring_op"] == "openat"


RESULTS = [("res=1", "success"), ("res=0", "failure"), ("op=x", "unknown"), ("res=perhaps", "unknown")]


@pytest.mark.parametrize(("body", "result"), RESULTS)
def test_the_result(body: str, result: str) -> None:
    assert table(f"CONFIG_CHANGE auid=1 {body}").result == result


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        ("arch=zz syscall=5", {"arch": "zz", "syscall": "5"}),
        ("arch=0xzz syscall=5", {"arch": "0xzz", "syscall": "5"}),
        ("arch=0x syscall=5", {"arch": "0x", "syscall": "5"}),
        ("arch=ffffffff syscall=5", {"arch": "0xffffffff", "syscall": "5"}),
        ("arch=c000003e syscall=5", {"arch": "x86_64", "syscall": "fstat"}),
        ("syscall=5", {"syscall": "5"}),
    ],
)
def test_what_should_be_a_number_may_be_any_text(fields: str, data: dict[str, str]) -> None:
    assert {name: output for name, output in table(f"ANOM_ABEND {fields} sig=11").data.items() if name != "sig"} == data


def test_find_takes_the_first_that_is_there() -> None:
    facts = table("USER_LOGIN uid=0 msg='acct=\"bob\" addr=? id=5'")
    assert facts.find(("addr", "acct", "id")) == ("acct", "bob")
    assert facts.find(("nothing", "uid")) == ("uid", "0")
    assert facts.find(("addr",)) is None


def test_a_list_is_found_as_words() -> None:
    facts = Facts()
    facts.data["denied"] = ["read", "open"]
    assert facts.find(("denied",)) == ("denied", "read open")


def test_what_is_the_same_twice_stands_once() -> None:
    facts = Facts()
    for _ in range(3):
        add_record(facts, "X", fields("CAPSET", "pid=1 cap_pi=0"), PLAIN)
    assert facts.data == {"pid": "1", "cap_pi": "0x0"}


CONTEXTS: list[tuple[str, dict[str, Any]]] = [
    ("unconfined", {"user": "unconfined"}),
    ("a:b:c", {"user": "a", "role": "b", "domain": "c"}),
    ("a:b:c:s0:c0,c1:x", {"user": "a", "role": "b", "domain": "c", "level": "s0", "category": "c0,c1:x"}),
    ("", {}),
]


@pytest.mark.parametrize(("context", "parts"), CONTEXTS)
def test_the_parts_of_a_context(context: str, parts: dict[str, Any]) -> None:
    assert context_parts(context) == parts


def test_text_that_is_no_field_stays() -> None:
    assert table("USER pid=1 uid=0 msg='hello there'").data == {"pid": "1", "TEXT": "hello there"}

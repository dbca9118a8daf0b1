"""What was done and to what: classes with all that they require."""

from __future__ import annotations

from typing import Any

import pytest

from tests.forms.ocsf.test_acting import IDS, call, one
from tests.forms.ocsf_schema import VERSIONS, mistakes

PATH = 'PATH item=0 name="/etc/x" inode=5 dev=fd:01 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype='
TARGET = 'OBJ_PID opid=42 oauid=1000 ouid=33 oses=3 obj=unconfined ocomm="sleep"'
SADDR = "SOCKADDR saddr=02000050A9FEA9FE0000000000000000"
MESSAGE = "pid=7 uid=0 auid=1000 ses=3 msg='op={} exe=\"/usr/sbin/x\" hostname=? addr=? terminal=? res=success'"


def brief(document: dict[str, Any]) -> tuple[Any, ...]:
    for version in VERSIONS:
        assert mistakes(version, document) == []
    return document["class_uid"], document["activity_id"]


def test_a_link_to_the_file_of_a_descriptor_has_one_name() -> None:
    """linkat(4, "", AT_FDCWD, "/tmp/x", AT_EMPTY_PATH): the class requires a file."""
    first = 'PATH item=0 name="" inode=7 dev=fd:01 mode=0100644 ouid=0 ogid=0 nametype=NORMAL'
    second = 'PATH item=1 name="/tmp/x" inode=7 dev=fd:01 mode=0100644 ouid=0 ogid=0 nametype=CREATE'
    document = one(call(265, args="a0=4 a1=1 a2=ffffff9c a3=2"), 'CWD cwd="/"', first, second)
    assert document["class_uid"] == 1001
    assert document["file"]["path"] == "/tmp/x"


@pytest.mark.parametrize(
    ("records", "expected", "objects"),
    [
        ([call(2), PATH + "NORMAL"], (1001, 14), {"file": "/etc/x"}),
        ([call(2), PATH + "CREATE"], (1001, 1), {"file": "/etc/x"}),
        ([call(2)], (1003, 4), {"kernel": "open"}),
        ([call(87), PATH + "DELETE"], (1001, 4), {"file": "/etc/x"}),
        ([call(42), SADDR], (4001, 1), {"dst_endpoint": "169.254.169.254"}),
        ([call(43), SADDR], (4001, 1), {"src_endpoint": "169.254.169.254"}),
        ([call(49), SADDR], (4001, 99), {"src_endpoint": "169.254.169.254"}),
        ([call(42)], (1003, 4), {"kernel": "connect"}),
        ([call(41)], (1003, 4), {"kernel": "socket"}),
        ([call(62), TARGET], (1007, 2), {"process": 42}),
        ([call(62, args="a0=2a a1=9 a2=0 a3=0")], (1007, 2), {"process": 42}),
        ([call(62, args="a0=2a a1=0 a2=0 a3=0")], (1007, 99), {"process": 42}),
        ([call(62, args="a0=ffffffffffffffff a1=9 a2=0 a3=0")], (1003, 4), {"kernel": "kill"}),
        ([call(101), TARGET], (1007, 3), {"process": 42}),
        ([call(105)], (1007, 5), {"process": 31}),
        ([call(231, args="a0=103 a1=0 a2=0 a3=0")], (1007, 2), {"process": 31, "exit_code": 3}),
        ([call(313), 'KERN_MODULE name="evil"'], (1002, 1), {"driver": "evil"}),
        ([call(313)], (1003, 4), {"kernel": "finit_module"}),
        ([call(134), PATH + "NORMAL"], (1005, 1), {"module": "/etc/x"}),
        ([call(321), "BPF prog-id=12 op=LOAD"], (1003, 1), {"kernel": "bpf program 12"}),
        ([call(44), "CONFIG_CHANGE op=set audit_enabled=1 old=1 auid=1 ses=3 res=1"], (0, 99), {}),
        (
            [call(2, False), 'AVC apparmor="DENIED" operation="open" profile="/x" name="/etc/x"', PATH + "NORMAL"],
            (1001, 14),
            {"file": "/etc/x"},
        ),
        (["SYSTEM_BOOT " + MESSAGE.format("boot")], (0, 99), {}),
    ],
)
def test_classes(records: list[str], expected: tuple[int, int], objects: dict[str, Any]) -> None:
    document = one(*records)
    assert brief(document) == expected
    for name, value in objects.items():
        found = document[name]
        inner = found.get("file", found) if isinstance(found, dict) and name in ("driver", "module") else found
        shown = [inner.get(key) for key in ("pid", "path", "name", "ip")] if isinstance(inner, dict) else [inner]
        assert value in shown


def test_a_fork_shows_the_child() -> None:
    document = one(call(57).replace("exit=0", "exit=99"))
    assert brief(document) == (1007, 1)
    assert document["process"]["pid"] == 99
    assert document["process"]["parent_process"]["pid"] == document["actor"]["process"]["pid"] == 31


def test_an_exec_is_by_the_parent() -> None:
    records = [call(59), 'EXECVE argc=2 a0="su" a1="-"', 'CWD cwd="/root"', PATH + "NORMAL"]
    document = one(*records)
    assert brief(document) == (1007, 1)
    assert document["actor"]["process"]["pid"] == document["process"]["parent_process"]["pid"] == 30
    assert (document["process"]["cmd_line"], document["process"]["working_directory"]) == ("su -", "/root")
    assert document["unmapped"]["process"]["args"] == ["su", "-"]
    failed = one(call(59, False), *records[1:])
    assert brief(failed) == (1007, 1)
    assert failed["actor"]["process"]["pid"] == 31


def test_a_renamed_file_has_two_names() -> None:
    paths = [
        f'PATH item={n} name="/{n}" inode={n} dev=fd:01 mode=0100644 ouid=0 ogid=0 nametype={kind}'
        for n, kind in enumerate(("PARENT", "PARENT", "DELETE", "CREATE"))
    ]
    document = one(call(82), *paths)
    assert brief(document) == (1001, 5)
    assert (document["file"]["path"], document["file_result"]["path"]) == ("/2", "/3")


@pytest.mark.parametrize(
    ("record", "expected", "objects"),
    [
        ("ADD_USER " + MESSAGE.format('add-user acct="bob"'), (3001, 1), {"user": {"name": "bob"}}),
        ("DEL_USER " + MESSAGE.format("delete-user id=1501"), (3001, 6), {"user": {"uid": "1501"}}),
        ("ADD_USER " + MESSAGE.format("add-user acct=31B9"), (3001, 1), {"user": {"name": "1\ufffd"}}),
        ("ADD_USER " + MESSAGE.format("add-user id=1501"), (3001, 1), {"user": {"uid": "1501"}}),
        ("ACCT_LOCK " + MESSAGE.format('lock acct="bob"'), (3001, 9), {"user": {"name": "bob"}}),
        ("ACCT_UNLOCK " + MESSAGE.format('unlock acct="bob"'), (3001, 12), {"user": {"name": "bob"}}),
        ("USER_CHAUTHTOK " + MESSAGE.format('change acct="bob"'), (3001, 3), {"user": {"name": "bob"}}),
        ("USER_MGMT " + MESSAGE.format('changing-shell acct="bob"'), (3001, 99), {"user": {"name": "bob"}}),
        (
            "USER_MGMT " + MESSAGE.format('add-user-to-group grp="wheel" acct="bob"'),
            (3006, 3),
            {"group": {"name": "wheel"}, "user": {"name": "bob"}},
        ),
        (
            "GRP_MGMT " + MESSAGE.format('delete-user-from-group grp="wheel" acct="bob"'),
            (3006, 4),
            {"group": {"name": "wheel"}, "user": {"name": "bob"}},
        ),
        ("ADD_GROUP " + MESSAGE.format('add-group acct="staff"'), (3006, 6), {"group": {"name": "staff"}}),
        ("DEL_GROUP " + MESSAGE.format("delete-group id=50"), (3006, 5), {"group": {"uid": "50"}}),
        (
            "USER_LOGIN " + MESSAGE.format('login acct="bob"').replace("addr=?", "addr=192.0.2.1"),
            (3002, 1),
            {"user": {"name": "bob"}, "service": {"name": "x"}, "src_endpoint": {"ip": "192.0.2.1"}, "is_remote": True},
        ),
        ("USER_END " + MESSAGE.format('PAM:session_close acct="bob"'), (3002, 2), {"user": {"name": "bob"}}),
        ("USER_AUTH " + MESSAGE.format('PAM:authentication acct="bob"'), (3002, 99), {"user": {"name": "bob"}}),
        ("ANOM_LOGIN_FAILURES " + MESSAGE.format('x acct="bob"'), (3002, 1), {"user": {"name": "bob"}}),
    ],
)
def test_accounts(record: str, expected: tuple[int, int], objects: dict[str, Any]) -> None:
    document = one(record)
    assert brief(document) == expected
    assert {name: document.get(name) for name in objects} == objects
    assert document["actor"]["process"]["pid"] == 7


def test_a_record_type_that_no_table_has_is_a_base_event() -> None:
    document = one("UNKNOWN[1999] a=b")
    assert brief(document) == (0, 99)
    assert document["activity_name"] == "unknown[1999]"
    assert document["unmapped"]["data"] == {"a": "b"}
    assert brief(one(call(9999, more=IDS))) == (1003, 4)

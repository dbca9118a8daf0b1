"""Who acted: process, parent, user, session, and how grave it is."""

from __future__ import annotations

from typing import Any

import pytest

from sensor.forms.ocsf.acting import session_of
from tests.converting import converted

STAMP = "msg=audit(1700000000.001:1): "
IDS = 'auid=1000 uid=1000 gid=5 euid=0 suid=0 fsuid=0 egid=5 sgid=5 fsgid=5 tty=pts0 ses=3 comm="su" exe="/bin/su"'


def one(*records: str, options: str = "") -> dict[str, Any]:
    feed = "".join(
        f"type={record.partition(' ')[0]} {STAMP}{record.partition(' ')[2]}\n" for record in (*records, "EOE ")
    )
    (document,) = converted(feed.encode("latin-1"), "output: ocsf\n" + options)
    return document


def call(number: int, success: bool = True, more: str = IDS, args: str = "a0=5 a1=9 a2=2 a3=3") -> str:
    result = "success=yes exit=0" if success else "success=no exit=-13"
    return f"SYSCALL arch=c000003e syscall={number} {result} {args} items=0 ppid=30 pid=31 {more}"


def test_a_call() -> None:
    document = one(call(101))  # ptrace, of nobody it says
    process = document["actor"]["process"]
    assert process["pid"] == 31
    assert process["name"] == "su"
    assert process["file"] == {"name": "su", "path": "/bin/su", "type_id": 1}
    assert process["user"] == {"uid": "0"}
    assert process["parent_process"] == {"pid": 30}
    assert document["actor"]["user"] == {"uid": "1000"}
    assert document["actor"]["session"] == {"uid": "3", "terminal": "pts0"}
    assert document["unmapped"]["user"]["audit"] == {"id": "1000"}
    assert document["unmapped"]["user"]["group"] == {"id": "5"}


def test_a_message_is_by_the_program_that_sends_it_for_somebody_else() -> None:
    document = one(
        'USER_LOGIN pid=7 uid=0 auid=1000 ses=3 msg=\'op=login acct="eve" exe="/usr/sbin/sshd" res=success\''
    )
    assert document["actor"]["process"]["user"] == {"uid": "0"}
    assert document["user"] == {"name": "eve"}


def test_names_come_from_what_repeats_of_the_record_and_numbers_do_not() -> None:
    assert one(call(41))["actor"]["process"]["pid"] == 31
    assert one(call(41).replace("pid=31", "pid=32"))["actor"]["process"]["pid"] == 32


@pytest.mark.parametrize(
    ("record", "severity", "status"),
    [
        (call(2), 1, 1),
        (call(2, False), 1, 2),
        ('USER_AUTH pid=7 uid=0 auid=1 ses=3 msg=\'op=PAM acct="a" exe="/x" res=failed\'', 2, 2),
        ('USER_AUTH pid=7 uid=0 auid=1 ses=3 msg=\'op=PAM acct="a" exe="/x" res=success\'', 1, 1),
        ('AVC avc:  denied  { read } for  pid=2 comm="x" scontext=a tcontext=b tclass=file permissive=0', 2, 2),
        ('AVC avc:  granted  { read } for  pid=2 comm="x" scontext=a tcontext=b tclass=file permissive=0', 1, 1),
        ('ANOM_ABEND auid=1 uid=1 gid=1 ses=3 pid=9 comm="a" exe="/a" sig=11 res=1', 3, 1),
        ("ANOM_PROMISCUOUS dev=eth0 prom=256 old_prom=0 auid=1 uid=1 gid=1 ses=3", 3, 0),
    ],
)
def test_severity_and_status(record: str, severity: int, status: int) -> None:
    document = one(record)
    assert (document["severity_id"], document["status_id"]) == (severity, status)


def test_the_error_of_a_call() -> None:
    assert one(call(2, False))["status_code"] == "EACCES"
    assert "status_code" not in one(call(2))


def test_labels_and_codes() -> None:
    metadata = one(call(41, more=IDS + " key=61016200"))["metadata"]
    assert metadata["event_code"] == "SYSCALL"
    assert metadata["labels"][0] == "a"
    assert (metadata["uid"], metadata["sequence"]) == ("1700000000.001:1", 1)


@pytest.mark.parametrize(
    ("number", "terminal", "expected"),
    [
        ("3", "pts0", {"uid": "3", "terminal": "pts0"}),
        ("3", "(none)", {"uid": "3"}),
        ("unset", "pts0", {}),
        ("", None, {}),
    ],
)
def test_sessions(number: str, terminal: str | None, expected: Any) -> None:
    assert session_of(number, terminal) == expected

"""Bodies as old kernels, old programs and careless collectors spell them mean what the usual ones mean."""

from __future__ import annotations

from typing import Any

import pytest

from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.audit.spellings import with_separator


def fields(type: str, body: str) -> dict[str, Any]:
    return dict(RecordDecoder(TransformOptions(), (), 16).parse(type, body))


USERS = 'ARCH=x86_64 SYSCALL=execve AUID="alice" UID="root"'
GLUED = [
    ("SYSCALL", 'auid=1000 key="exec"', USERS),
    ("SYSCALL", "auid=1000 key=(null)", USERS),
    ("SYSCALL", "auid=1000 key=6578656301AA", USERS),
    ("SYSCALL", "auid=1000 subj=unconfined", USERS),
    ("CONFIG_CHANGE", "op=set old=64 res=1", 'AUID="unset"'),
    ("SERVICE_START", "pid=1 msg='unit=x res=success'", 'UID="root" AUID="unset"'),
    ("ACCT_LOCK", "pid=1 msg='op=x id=20003 res=success'", 'UID="root" ID="bob"'),
    ("DAEMON_START", "op=start res=success", 'AUID="unset" UID="root"'),
    ("PATH", 'item=0 name="/x" cap_frootid=0', 'OUID="root" OGID="root"'),
    ("PATH", 'item=0 name="/x" ouid=0 nametype=NORMAL', 'OUID="root" OGID="domain users"'),
    ("PATH", 'item=0 name="/x" ouid=0 nametype=UNKNOWN', 'OUID="root"'),
    ("PATH", 'item=0 name="/x" ouid=0 objtype=PARENT', 'OUID="root"'),
    ("SOCKADDR", "saddr=0200003500000000000000000000000A", "SADDR={ saddr_fam=inet laddr=0.0.0.0 lport=53 }"),
    ("LOGIN", "pid=1 uid=0 old-auid=4294967295 auid=0 res=1", 'UID="root" OLD-AUID="unset" AUID="root"'),
    ("SYSCALL", 'auid=1000 key="a"', 'ARCH=x86_64 SYSCALL=open AUID="a b" UID="unknown(77)"'),
]


ESCAPED = ["#035", "\\035", "\\x1d", "\\x1D", "\\u001d", "\\u001D", "^]", "%1D", "%1d", "<0x1d>", "&#x1d;"]


@pytest.mark.parametrize("separator", ["", *ESCAPED, "\t", "?", "\xef\xbf\xbd", "\xe2\x90\x9d", " "])
@pytest.mark.parametrize(("type", "body", "reported"), GLUED)
def test_a_separator_that_was_lost_or_escaped(type: str, body: str, reported: str, separator: str) -> None:
    assert fields(type, f"{body}{separator}{reported}") == fields(type, f"{body}\x1d{reported}")


NOT_GLUED = [
    'key="ARCH=x86_64"',
    'comm="AUID=" exe="/x"',
    'comm="x" exe="/tmp/ARCH=x86_64 SYSCALL=open"',
    'key="a" comm="xUID=\\"root\\""',
    'a0="UID=" a1="b"',
    'name="/AUID=" ouid=0',
    'tty=pts0 key="x"',
    'GUID="x"',
    "op=xUUID=7",
    'key="x" UID="root" after=1',
    'name=NORMALUID="x"',
    "addr=?UID",
]


@pytest.mark.parametrize("body", NOT_GLUED)
def test_what_only_looks_alike_is_left_as_it_is(body: str) -> None:
    assert with_separator(body) == body


def test_looking_for_a_separator_takes_linear_time() -> None:
    """Four places are tried, however many there are."""
    body = 'xUID="a' * 100_000 + 'ID="'
    assert with_separator(body) == body


OLD_LOGINS = [
    (
        "pid=25443 uid=0 old auid=4294967295 new auid=500 old ses=4294967295 new ses=1165",
        {"pid": 25443, "uid": 0, "old-auid": 4294967295, "auid": 500, "old-ses": 4294967295, "ses": 1165},
    ),
    (
        "login pid=25444 uid=0 old auid=4294967295 new auid=500",
        {"TEXT": "login", "pid": 25444, "uid": 0, "old-auid": 4294967295, "auid": 500},
    ),
    (
        "pid=1 uid=0 subj=a:b:c old auid=1 new auid=2 old ses=3 new ses=4 res=1",
        {"pid": 1, "uid": 0, "subj": "a:b:c", "old-auid": 1, "auid": 2, "old-ses": 3, "ses": 4, "res": 1},
    ),
    (
        "pid=1 uid=0 old-auid=1 auid=2 tty=(none) old-ses=3 ses=4 res=1",
        {"pid": 1, "uid": 0, "old-auid": 1, "auid": 2, "tty": "(none)", "old-ses": 3, "ses": 4, "res": 1},
    ),
]


@pytest.mark.parametrize(("body", "expected"), OLD_LOGINS)
def test_logins_of_old_kernels(body: str, expected: dict[str, Any]) -> None:
    got = {name: int(value) if name == "res" else value for name, value in fields("LOGIN", body).items()}
    assert got == expected


WORDS = [
    (
        "CONFIG_CHANGE",
        "audit_backlog_limit=320 old=64 by auid=4294967295",
        {"audit_backlog_limit": 320, "old": 64, "TEXT": "by", "auid": 4294967295},
    ),
    ("USER", "pid=7 and more uid=0", {"pid": 7, "TEXT": "and more", "uid": 0}),
    ("PATH", "mode=0100644 x ouid=0", {"mode": "0o100644", "TEXT": "x", "ouid": 0}),
    ("USER", "pid=seven dwarfs", {"pid": None, "pid_text": "seven dwarfs"}),
    ("USER", 'pid="7 dwarfs"', {"pid": None, "pid_text": "7 dwarfs"}),
    ("USER", "op=adding user", {"op": "adding user"}),
]


@pytest.mark.parametrize(("type", "body", "expected"), WORDS)
def test_a_word_behind_a_number_is_no_part_of_it(type: str, body: str, expected: dict[str, Any]) -> None:
    assert fields(type, body) == expected


OLD_MESSAGES = [
    (
        'PAM: accounting acct=root : exe="/usr/sbin/crond" (hostname=?, addr=?, terminal=cron res=success)',
        {
            "TEXT": "PAM: accounting",
            "acct": "root",
            "exe": "/usr/sbin/crond",
            "hostname": None,
            "addr": None,
            "terminal": "cron",
            "res": "success",
        },
    ),
    (
        'acct=bob: exe="/usr/sbin/sshd" (hostname=?, addr=192.0.2.1, terminal=sshd res=failed)',
        {
            "acct": "bob",
            "exe": "/usr/sbin/sshd",
            "hostname": None,
            "addr": "192.0.2.1",
            "terminal": "sshd",
            "res": "failed",
        },
    ),
    (
        'op=add acct="bob", exe="/x": (hostname=web, addr=fe80::, terminal=pts/0, result=Success)',
        {
            "op": "add",
            "acct": "bob",
            "exe": "/x",
            "hostname": "web",
            "addr": "fe80::",
            "terminal": "pts/0",
            "result": "Success",
        },
    ),
    ('op=x acct="a:" terminal=(none) res=success', {"op": "x", "acct": "a:", "terminal": "(none)", "res": "success"}),
]


@pytest.mark.parametrize(("text", "expected"), OLD_MESSAGES)
def test_messages_of_old_programs(text: str, expected: dict[str, Any]) -> None:
    assert fields("USER_ACCT", f"user pid=1 uid=0 auid=1 msg='{text}'")["msg"] == expected


OLD_DAEMONS = [
    (
        "auditd start, ver=1.7.7, format=raw, auid=4294967295 pid=2345 res=success, auditd pid=2345",
        "auditd start, ver=1.7.7 format=raw auid=4294967295 pid=2345 res=success",
    ),
    (
        "auditd start, ver=1.2.7, format=raw, auid=4294967295 res=success, auditd pid=1",
        "auditd start, ver=1.2.7 format=raw auid=4294967295 res=success pid=1",
    ),
    (
        "auditd normal halt, sending auid=0 pid=7 subj=a:b:c res=success, auditd pid=9",
        "auditd normal halt, sending auid=0 pid=7 subj=a:b:c res=success pid=9",
    ),
]


@pytest.mark.parametrize(("old", "new"), OLD_DAEMONS)
def test_the_commas_of_auditd_1(old: str, new: str) -> None:
    assert fields("DAEMON_START", old) == fields("DAEMON_START", new)
    assert fields("DAEMON_START", old)["res"] == "success"


def test_a_message_of_an_old_dbus_daemon() -> None:
    message = (
        "pid=1 uid=81 msg='avc:  denied  { send_msg } for msgtype=x spid=1 tclass=dbus :"
        ' exe="/bin/dbus-daemon" (sauid=81, hostname=?, addr=?, terminal=?)\''
    )
    read = fields("USER_AVC", message)["msg"]
    assert (read["sauid"], read["hostname"], read["addr"], read["terminal"]) == (81, None, None, None)
    assert (read["tclass"], read["exe"], read["denied"]) == ("dbus", "/bin/dbus-daemon", ["send_msg"])

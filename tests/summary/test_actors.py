"""Users in ECS words: who, as whom, and to whom."""

from __future__ import annotations

from typing import Any

import pytest

from tests.summary.events import IDS, call, summary

ROOT = {"id": "0", "group": {"id": "0"}, "audit": {"id": "1000"}}

CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("only root", IDS, ROOT),
    ("nobody logged in", IDS.replace("auid=1000", "auid=4294967295"), {"id": "0", "group": {"id": "0"}}),
    (
        "set-user-id",
        "auid=1000 uid=1000 gid=1000 euid=0 suid=0 fsuid=0 egid=1000 sgid=1000 fsgid=1000",
        {
            "id": "1000",
            "group": {"id": "1000"},
            "audit": {"id": "1000"},
            **{place: {"id": "0"} for place in ("effective", "saved", "filesystem")},
        },
    ),
    (
        "set-group-id",
        "auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=5 sgid=5 fsgid=5",
        {**ROOT, **{place: {"group": {"id": "5"}} for place in ("effective", "saved", "filesystem")}},
    ),
]


@pytest.mark.parametrize(("name", "ids", "user"), CASES, ids=[case[0] for case in CASES])
def test_the_users_of_a_process(name: str, ids: str, user: dict[str, Any]) -> None:
    assert summary(call(1, ids=ids))["user"] == user


MESSAGES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "USER_LOGIN",
        'pid=1 uid=0 auid=4294967295 msg=\'op=login acct="bob" exe="/x" addr=? res=failed\'',
        {"effective": {"name": "bob"}},
        {},
    ),
    *[
        (
            "USER_LOGIN",
            f"pid=1 uid=0 auid=4294967295 msg='op=login acct={digits} exe=\"/x\" res=failed'",
            {"effective": {member: text}},
            {},
        )
        for digits, member, text in (("B2", "name", "%b2"), ("31B9", "name", "1%b9"), ("3137", "id", "17"))
    ],
    ("USER_LOGIN", "pid=1 uid=0 auid=1000 msg='op=login id=1000 exe=\"/x\" res=success'", {"id": "1000"}, {}),
    (
        "ADD_USER",
        'pid=1 uid=0 auid=1000 msg=\'op=add-user id=1501 exe="/x" res=success\'\x1dUID="root" AUID="al" ID="bob"',
        {
            "id": "1000",
            "name": "al",
            "effective": {"id": "0", "name": "root"},
            "target": {"id": "1501", "name": "bob"},
        },
        {},
    ),
    (
        "ADD_GROUP",
        'pid=1 uid=0 auid=1000 msg=\'op=add-group acct="staff" exe="/x" res=success\'',
        {"id": "1000", "effective": {"id": "0"}},
        {"name": "staff"},
    ),
    (
        "GRP_MGMT",
        "pid=1 uid=0 auid=1000 msg='op=x id=20 acct=\"staff\" res=success'",
        {"id": "1000", "effective": {"id": "0"}},
        {"id": "20"},
    ),
    ("LOGIN", "pid=1 uid=0 old-auid=4294967295 auid=1000 old-ses=-1 ses=1 res=1", {"effective": {"id": "1000"}}, {}),
    (
        "USER_CHAUTHTOK",
        'pid=1 uid=0 auid=1000 msg=\'op=x acct="bob" exe="/x" res=success\'',
        {"id": "1000", "effective": {"id": "0"}, "target": {"name": "bob"}},
        {},
    ),
    ("USER_CMD", 'pid=1 uid=1000 auid=1000 msg=\'cwd="/" cmd="su" res=success\'', {"id": "1000"}, {}),
    ("USER_CMD", 'pid=1 uid=7 auid=5 msg=\'cmd="su" res=success\'\x1dUID="unknown(7)" AUID="al"', {"id": "7"}, {}),
]

BY_ALICE = {"id": "1000", "name": "alice", "effective": {"id": "0", "name": "root"}}
SELF = {"id": "1000", "effective": {"id": "0"}}
BOB = {"id": "20003", "name": "bob"}
HEAD, SAID = "pid=7 uid=0 auid=1000 ses=6 msg=", '\x1dUID="root" AUID="alice"'
FAILLOCK = (
    f'{HEAD}\'pam_faillock uid=20003  exe="/usr/bin/su" hostname=? addr=? terminal=pts/0 res=success\'{SAID} UID="bob"'
)
FAILLOCK_NOW = FAILLOCK.replace("'pam_faillock uid=", "'op=pam_faillock suid=").replace(' UID="bob"', ' SUID="bob"')
SSHD = {"saved": {"id": "74"}}
PASSWD = f'{HEAD}\'op=locked-password id=20003 exe="/usr/bin/passwd" res=success\'{SAID} ID="bob"'
MESSAGES += [
    ("ANOM_LOGIN_FAILURES", FAILLOCK, {**BY_ALICE, "effective": BOB}, {}),
    ("ANOM_LOGIN_TIME", FAILLOCK, {**BY_ALICE, "effective": BOB}, {}),
    ("RESP_ACCT_LOCK", FAILLOCK, {**BY_ALICE, "target": BOB}, {}),
    ("RESP_ACCT_UNLOCK_TIMED", FAILLOCK, {**BY_ALICE, "target": BOB}, {}),
    ("RESP_ACCT_LOCK", f"{HEAD}'pam_faillock uid=0 res=success'", {**SELF, "target": {"id": "0"}}, {}),
    ("USER_LOGIN", FAILLOCK, {**BY_ALICE, "effective": BOB}, {}),
    ("USER_LOGIN", FAILLOCK.replace("auid=1000", "auid=20003").replace('AUID="alice"', 'AUID="bob"'), BOB, {}),
    ("ACCT_LOCK", PASSWD, {**BY_ALICE, "target": BOB}, {}),
    ("ACCT_UNLOCK", PASSWD, {**BY_ALICE, "target": BOB}, {}),
    ("ROLE_ASSIGN", f"{HEAD}'op=login-sename acct=\"bob\" res=success'", {**SELF, "target": {"name": "bob"}}, {}),
    ("ANOM_ADD_ACCT", PASSWD, {**BY_ALICE, "target": BOB}, {}),
    (
        "USER_MGMT",
        f'{HEAD}\'op=add-user-to-group grp="wheel" acct="bob" res=success\'',
        {**SELF, "target": {"name": "bob"}},
        {"name": "wheel"},
    ),
    (
        "GRP_MGMT",
        f'{HEAD}\'op=add-user-to-group grp="wheel" acct="bob" res=success\'',
        {**SELF, "target": {"name": "bob"}},
        {"name": "wheel"},
    ),
    ("ADD_GROUP", f"{HEAD}'op=add-group grp=\"devs\" res=success'", SELF, {"name": "devs"}),
    ("GRP_CHAUTHTOK", f"{HEAD}'op=change-password grp=\"devs\" res=success'", SELF, {"name": "devs"}),
    ("ANOM_LOGIN_FAILURES", FAILLOCK_NOW, {**BY_ALICE, "effective": BOB}, {}),
    ("RESP_ACCT_LOCK", FAILLOCK_NOW, {**BY_ALICE, "target": BOB}, {}),
    ("RESP_ACCT_UNLOCK_TIMED", FAILLOCK_NOW, {**BY_ALICE, "target": BOB}, {}),
    ("CRYPTO_SESSION", f"{HEAD}'op=start spid=5 suid=74 rport=1 addr=192.0.2.1 res=success'", {"id": "0", **SSHD}, {}),
    ("ADD_USER", f"{HEAD}'op=add-user id=4294967295 acct=\"bob\" res=failed'", {**SELF, "target": {"name": "bob"}}, {}),
    ("CHGRP_ID", f"{HEAD}'op=changing new_gid=10 res=success'", {"id": "0"}, {"id": "10"}),
    ("GRP_AUTH", f"{HEAD}'op=authenticate new_gid=10 res=failed'", SELF, {"id": "10"}),
    ("GRP_AUTH", f"{HEAD}'op=authenticate grp=\"devs\" res=failed'", SELF, {"name": "devs"}),
]


@pytest.mark.parametrize(("type", "body", "user", "group"), MESSAGES)
def test_the_users_of_a_message(type: str, body: str, user: dict[str, Any], group: dict[str, Any]) -> None:
    output = summary(f"{type} {body}")
    shown = {key: value for key, value in output.get("user", {}).items() if key not in ("audit", "selinux", "old-auid")}
    assert shown == user
    assert output.get("group", {}) == group


def test_the_security_context_is_the_users() -> None:
    assert summary("LOGIN pid=1 uid=0 subj=a:b:c:s0 auid=1 ses=1")["user"]["selinux"] == {
        "user": "a",
        "role": "b",
        "domain": "c",
        "level": "s0",
    }


@pytest.mark.parametrize(
    ("ends", "source"),
    [
        ("hostname=192.0.2.7 addr=?", "192.0.2.7"),
        ("hostname=2001:db8::1 addr=?", "2001:db8::1"),
        ("hostname=web01 addr=192.0.2.8", "192.0.2.8"),
        ("hostname=web01 addr=?", None),
        ("hostname=? addr=?", None),
    ],
)
def test_an_address_may_stand_where_the_host_name_belongs(ends: str, source: str | None) -> None:
    output = summary(f"USER_AUTH pid=1 uid=0 auid=-1 ses=-1 msg='op=x acct=\"root\" {ends} res=failed'")
    assert output.get("source", {}).get("ip") == source


@pytest.mark.parametrize("type", ["DAEMON_ACCEPT", "DAEMON_CLOSE"])
def test_who_sends_records_to_an_auditd(type: str) -> None:
    output = summary(f"{type} op=accept addr=192.0.2.1 port=60 res=success")
    assert output["source"] == {"address": "192.0.2.1", "ip": "192.0.2.1"}


def test_old_systemd_calls_the_unit_comm() -> None:
    output = summary('SERVICE_START pid=1 uid=0 auid=-1 ses=-1 msg=\' comm="crond" exe="/x" res=success\'')
    assert output["auditd"]["summary"]["object"] == {"type": "service", "primary": "crond"}

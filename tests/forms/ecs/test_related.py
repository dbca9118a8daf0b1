"""What an event names, in one place."""

from __future__ import annotations

from typing import Any

import pytest

from sensor.forms.ecs.related import users_in
from tests.forms.ecs.test_form import SADDR, document
from tests.summary.events import call

CASES: list[tuple[tuple[str, ...], dict[str, list[str]]]] = [
    ((call(2),), {"user": ["0", "1000"]}),
    ((call(42), SADDR), {"user": ["0", "1000"], "ip": ["169.254.169.254"]}),
    (
        ("USER_LOGIN pid=7 uid=0 auid=1 ses=1 msg='op=login acct=\"bob\" hostname=h1 addr=10.0.0.1 res=failed'",),
        {"user": ["1", "bob"], "ip": ["10.0.0.1"], "hosts": ["h1"]},
    ),
    (
        ("USER_AUTH pid=7 uid=0 auid=1 ses=1 msg='op=x acct=\"bob\" hostname=10.0.0.9 addr=10.0.0.1 res=failed'",),
        {"user": ["1", "bob"], "ip": ["10.0.0.1", "10.0.0.9"]},
    ),
    (
        ("CRED_ACQ pid=7 uid=0 auid=1 ses=1 msg='op=x acct=\"bob\" hostname=? addr=? res=success'",),
        {"user": ["1", "bob"]},
    ),
    (("DEL_USER pid=7 auid=1 ses=1 msg='op=x id=1002 hostname=? addr=? res=success'",), {"user": ["1", "1002"]}),
    (("DAEMON_END op=terminate auid=4294967295 pid=1 res=success",), {}),
]


@pytest.mark.parametrize(("records", "related"), CASES)
def test_what_is_related(records: tuple[str, ...], related: dict[str, list[str]]) -> None:
    assert document(*records).get("related", {}) == related


USERS: list[tuple[Any, list[str]]] = [
    ({"id": "0", "name": "root", "group": {"name": "root"}, "effective": {"id": "5"}}, ["root", "5"]),
    ({"target": {"name": "bob", "group": {"id": "7"}}, "selinux": {"user": "unconfined_u"}}, ["bob"]),
    ({}, []),
    (None, []),
]


@pytest.mark.parametrize(("user", "names"), USERS)
def test_users_within_users(user: Any, names: list[str]) -> None:
    assert [*users_in(user)] == names

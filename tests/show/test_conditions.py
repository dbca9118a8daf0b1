"""Conditions against one event, and times as people write them."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from sensor.show.conditions import Conditions, moment
from sensor.show.laurel_form import read
from tests.show.lines import LS, SESSION, SHELL, START, encode, execve

EVENT = execve(101, LS, 1.0, "ls", PATH=[{"name": "/etc/shadow"}])
NOW = datetime(2026, 11, 28, 12, 0, 0).timestamp()


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (Conditions(), True),
        (Conditions(key="exec"), True),
        (Conditions(key="exe"), False),
        (Conditions(uid="1000"), True),
        (Conditions(uid="100"), False),
        (Conditions(uid="alice"), True),
        (Conditions(uid="bob"), False),
        (Conditions(pid=101), True),
        (Conditions(pid=100), True),
        (Conditions(pid=99), False),
        (Conditions(guid=LS), True),
        (Conditions(guid=SHELL), True),
        (Conditions(guid=SESSION), True),
        (Conditions(guid=LS[:-1]), False),
        (Conditions(exe="/usr/bin/ls"), True),
        (Conditions(exe="/usr/bin/"), True),
        (Conditions(exe="ls"), True),
        (Conditions(exe="/usr/bin/l"), False),
        (Conditions(path="/etc/shadow"), True),
        (Conditions(path="/etc/"), True),
        (Conditions(path="/etc"), False),
        (Conditions(syscall="execve"), True),
        (Conditions(syscall="exec"), False),
        (Conditions(session="3"), True),
        (Conditions(session=SESSION), True),
        (Conditions(session="4"), False),
        (Conditions(success=True), True),
        (Conditions(success=False), False),
        (Conditions(since=START + 1.0), True),
        (Conditions(since=START + 1.1), False),
        (Conditions(until=START + 1.0), True),
        (Conditions(until=START + 0.9), False),
        (Conditions(key="exec", uid="bob"), False),
    ],
)
def test_an_event(conditions: Conditions, expected: bool) -> None:
    assert conditions.match(read(EVENT)) is expected
    assert conditions.may_match(encode(EVENT)) or not expected


@pytest.mark.parametrize(
    ("names", "conditions", "expected"),
    [
        ({"UID": "", "AUID": ""}, Conditions(uid="alice", number=1000), True),
        ({"UID": "", "AUID": ""}, Conditions(uid="alice"), False),
        ({"UID": "", "AUID": ""}, Conditions(uid="bob", number=1001), False),
        ({"UID": "carol", "AUID": "carol"}, Conditions(uid="alice", number=1000), False),
        ({"UID": "carol", "AUID": ""}, Conditions(uid="alice", number=1000), False),
        ({"UID": "", "AUID": "", "auid": 4294967295}, Conditions(uid="alice", number=1000), True),
    ],
)
def test_the_number_of_a_name_is_asked_for_where_the_log_has_no_names(names, conditions, expected) -> None:
    event = execve(101, LS, 1.0, "ls")
    event["SYSCALL"].update(names)
    assert conditions.match(read(event)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("recent", NOW - 600),
        ("today", NOW - 12 * 3600),
        ("yesterday", NOW - 36 * 3600),
        ("boot", 5.0),
        ("90 s ago", NOW - 90),
        ("10min", NOW - 600),
        ("2 h ago", NOW - 7200),
        ("3 days ago", NOW - 3 * 86400),
        ("2026-11-28 10:05:07", NOW - 6893),
        ("2026-11-28T10:05", NOW - 6900),
        ("2026-11-28", NOW - 12 * 3600),
        ("10:05", NOW - 6900),
        ("10:05:07", NOW - 6893),
        ("1700000000.5", 1700000000.5),
    ],
)
def test_a_time(text: str, expected: float) -> None:
    assert moment(text, NOW, booted=5.0) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "10 years ago",
        "25:00",
        "2026-13-01",
        "nan",
        "inf",
        "-Infinity",
        "0001-01-01",
        "9" * 400 + " d",
        "9" * 400,
    ],
)
def test_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        moment(text, time.time(), 0.0)

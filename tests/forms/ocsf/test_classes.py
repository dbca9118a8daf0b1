"""Classes and activities, by what an event is called in the summary."""

from __future__ import annotations

import pytest

from sensor.forms.ocsf import classes
from sensor.summary import calls, records
from sensor.summary.rules import call_rule, record_rule
from tests.forms.ocsf_schema import VERSIONS

BY_UID = {version: {each["uid"]: each for each in schema["classes"].values()} for version, schema in VERSIONS.items()}
ACTIONS = {line.split()[0] for text in (calls.RULES, records.RULES) for line in text.splitlines() if line[:1].strip()}
CALLS = {name for line in calls.RULES.splitlines() for name in line.split()[3:] if "=" not in name}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_class_and_activity_is_in_the_schema(version: str) -> None:
    found = {classes.class_of(call_rule(name)) for name in CALLS} | {
        classes.class_of(record_rule(type, {})) for type in ("USER_LOGIN", "ADD_USER", "ADD_GROUP", "BPF", "ACCT_LOCK")
    }
    for uid, activity in found - {None}:
        assert str(activity) in BY_UID[version][uid]["attributes"]["activity_id"]["enum"]


def test_every_action_of_the_table_is_one_of_the_summary() -> None:
    words = [word for word in vars(classes)["_TABLE"].split() if ":" in word] if "_TABLE" in vars(classes) else []
    assert words
    assert {word.partition(":")[0] for word in words} - ACTIONS <= {"called-uselib"}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("execve", (1007, 1)),
        ("exit_group", (1007, 2)),
        ("setuid", (1007, 5)),
        ("openat", (1001, 14)),
        ("unlinkat", (1001, 4)),
        ("rename", (1001, 5)),
        ("chmod", (1001, 7)),
        ("utimensat", (1001, 6)),
        ("mount", (1001, 12)),
        ("connect", (4001, 1)),
        ("listen", (4001, 7)),
        ("sendto", (4001, 6)),
        ("init_module", (1002, 1)),
        ("delete_module", (1002, 2)),
        ("uselib", (1005, 1)),
        ("socket", None),
        ("getpid", None),
    ],
)
def test_calls(call: str, expected: tuple[int, int] | None) -> None:
    assert classes.class_of(call_rule(call)) == expected


@pytest.mark.parametrize(
    ("call", "created", "activity"),
    [
        ("openat", False, 14),
        ("openat", True, 1),
        ("creat", False, 1),
        ("truncate", False, 3),
        ("readlink", False, 2),
        ("unlink", True, 4),
    ],
)
def test_what_was_done_to_a_file(call: str, created: bool, activity: int) -> None:
    rule = call_rule(call)
    found = classes.class_of(rule)
    assert found is not None
    assert classes.activity_of_file(found[1], rule, call, created) == activity


@pytest.mark.parametrize(
    ("call", "args", "activity"),
    [
        ("kill", ("2a", "9", "0", "0"), 2),
        ("kill", ("2a", "f", "0", "0"), 2),
        ("kill", ("2a", "0", "0", "0"), 99),
        ("kill", ("2a", "12", "0", "0"), 99),
        ("tgkill", ("2a", "2a", "6", "0"), 2),
        ("tgkill", ("2a", "9", "0", "0"), 99),
        ("kill", ("2a", None, "0", "0"), 99),
        ("kill", ("2a", "no number", "0", "0"), 99),
    ],
)
def test_signals(call: str, args: tuple[str | None, ...], activity: int) -> None:
    assert classes.activity_of_signal(2, call_rule(call), call, args) == activity


@pytest.mark.parametrize(
    ("op", "activity"),
    [
        ("add-user-to-group", 3),
        ("add-user-to-shadow-group", 3),
        ("adding user to group", 3),
        ("add-group-member", 3),
        ("delete-user-from-group", 4),
        ("removing group member", 4),
        ("delete-group", 0),
        ("changing name", 0),
        ("", 0),
        ("add-user", 0),
    ],
)
def test_members_of_groups(op: str, activity: int) -> None:
    assert classes.membership(op) == activity


def test_the_first_members() -> None:
    assert classes.head(1001, 14, "opened-file") == (
        '"class_uid":1001,"category_uid":1,"activity_id":14,"type_uid":100114'
    )
    assert classes.head(0, 99, "x") == (
        '"class_uid":0,"category_uid":0,"activity_id":99,"activity_name":"x","type_uid":99'
    )

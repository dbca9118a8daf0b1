"""The rules for record types: every name is one, there is one for each type, and they are those of go-libaudit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sensor.summary import records
from sensor.summary.rules import _entries, _records, record_rule
from sensor.tables.record_types import NAMES, NUMBERS
from tests.summary.words import CATEGORIES

NORMALIZATIONS = Path(__file__).parent.parent / "data" / "go-libaudit" / "normalizations.yaml"
RENAMED = {"AUDIT_ANOM_LOGIN_ACCT": "ANOM_LOGIN_ACCT", "ANOM_MK_EXE": "ANOM_MK_EXEC"}
"""Names of go-libaudit's that no record type has, so that their rules never apply."""

RICHER = {"SOFTWARE_UPDATE", "ACCT_LOCK", "ACCT_UNLOCK", "ANOM_LINK", "SERVICE_START", "SERVICE_STOP"}
"""Types for which auparse knows an object and go-libaudit does not, or whose older records have it elsewhere."""

TOLD = """
ACCT_LOCK ACCT_UNLOCK ADD_GROUP DEL_GROUP ROLE_ASSIGN ROLE_REMOVE USER_MGMT GRP_AUTH CHGRP_ID CHUSER_ID
ANOM_LOGIN_FAILURES ANOM_LOGIN_LOCATION ANOM_LOGIN_SESSIONS ANOM_LOGIN_TIME ANOM_LOGIN_ACCT AUDIT_ANOM_LOGIN_ACCT
ANOM_LOGIN_SERVICE ANOM_ADD_ACCT ANOM_DEL_ACCT ANOM_MOD_ACCT
"""
BEYOND = set(TOLD.split())
"""Types whose message names an account or a group, of which theirs makes no user, or takes the program's."""
INNER = ("msg_uid", "suid")
"""The uid in a message, which theirs lets take the place of the program's own; pam_faillock calls it suid today."""

KEYS = {
    "subject": "subject_primary",
    "subject2": "subject_secondary",
    "object": "object_primary",
    "object2": "object_secondary",
    "how": "how",
    "source": "source_ip",
}
CORRECTED = {("GRP_MGMT", "group"): ("object",)}
"""Theirs takes the user who changed a group for the group."""
WITH_CATEGORY = {"ANOM_PROMISCUOUS": ["intrusion_detection", "host"]}
"""Theirs has a type, `change`, that ECS does not have with its category."""
USERS = ("user", "effective", "target", "group")

CIRCUMSTANCES = """
SYSCALL FS_WATCH PATH IPC SOCKETCALL SOCKADDR CWD FS_INODE EXECVE IPC_SET_PERM MQ_OPEN MQ_SENDRECV MQ_NOTIFY
MQ_GETSETATTR KERNEL_OTHER FD_PAIR OBJ_PID EOE BPRM_FCAPS CAPSET MMAP PROCTITLE URINGOP OPENAT2 AVC_PATH
MAC_TASK_CONTEXTS MAC_OBJ_CONTEXTS REPLACE
"""
"""Types that say more about another record."""

ADDRESSED = """
USER_AUTH USER_ACCT CRED_ACQ CRED_DISP CRED_REFR USER_START USER_END USER_LOGIN USER_LOGOUT USER_ERR USER_CHAUTHTOK
GRP_AUTH GRP_CHAUTHTOK USER_ROLE_CHANGE CRYPTO_KEY_USER CRYPTO_SESSION ADD_USER DEL_USER ADD_GROUP DEL_GROUP USER_MGMT
ACCT_LOCK ACCT_UNLOCK CHUSER_ID ROLE_ASSIGN ROLE_REMOVE ANOM_LOGIN_FAILURES ANOM_LOGIN_TIME ANOM_LOGIN_SESSIONS
ANOM_LOGIN_LOCATION ANOM_LOGIN_ACCT ANOM_LOGIN_SERVICE ANOM_LOGIN_ROOT ANOM_ORIGIN_FAILURES
"""
WITH_ADDRESS = set(ADDRESSED.split())
"""Types whose addr= is where the request came from; theirs has that of three of them."""

COMMANDS = range(1000, 1020)
"""Numbers of what auditctl asks the kernel; no log has them, but for USER and LOGIN."""

OPTIONS = {"subject", "subject2", "object", "object2", "how", "source", "user", "effective", "target", "group", "kind"}


def test_every_name_is_a_record_type() -> None:
    assert [name for name in _records() if name not in NUMBERS] == []


def test_every_record_type_has_a_rule() -> None:
    without = {name for number, name in NAMES.items() if number not in COMMANDS and name not in _records()}
    assert without == set(CIRCUMSTANCES.split())
    assert {NAMES[number] for number in COMMANDS if NAMES[number] in _records()} == {"USER", "LOGIN"}


def test_no_name_has_two_rules_for_the_same_fields() -> None:
    names = [name for _, names in _entries(records.RULES) for name in names]
    assert len(names) == len(set(names))


def test_every_record_of_an_authentication_shows_where_it_came_from() -> None:
    for name in WITH_ADDRESS:
        assert record_rule(name, {"grp": "x"}).fields.get("source") == ("addr",), name
    reported = {name for name in _records() if "addr" in record_rule(name, {}).fields.get("source", ())}
    asked = {name for name in _records() if "authentication" in record_rule(name, {}).categories}
    assert asked - reported == {"LOGIN", "ANOM_ROOT_TRANS"}  # in which there is no addr=


def test_a_rule_that_fits_always_is_the_last() -> None:
    for conditions in _records().values():
        assert all(condition for condition, _ in conditions[:-1])


def test_categories_types_and_options_are_known() -> None:
    for name in _records():
        rule = record_rule(name, {})
        allowed = {type for category in rule.categories for type in CATEGORIES[category]}
        assert set(rule.types) <= allowed, name
        assert all(CATEGORIES[category].intersection(rule.types) for category in rule.categories), name
        assert rule.fields.keys() <= OPTIONS
        assert all(rule.fields.values()), name


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def meanings(ecs: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """go-libaudit's mappings to ECS users as options of a rule."""
    words = {
        "subject.primary": "subject",
        "subject.secondary": "subject2",
        "object.primary": "object",
        "uid.uid": "uid",
    }
    return {entry["to"].removeprefix("user."): (words[entry["from"]],) for entry in ecs.get("mappings", ())}


def test_the_rules_of_go_libaudit_are_the_same_here() -> None:
    seen = 0
    for theirs in yaml.safe_load(NORMALIZATIONS.read_text())["normalizations"]:
        for type in listed(theirs.get("record_types")):
            condition = {"apparmor": "DENIED"} if "apparmor" in listed(theirs.get("has_fields")) else {}
            rule = record_rule(RENAMED.get(type, type), condition)
            assert rule.action == theirs["action"], type
            if "addr" in rule.fields.get("source", ()):
                theirs = {"source_ip": ["addr"], **theirs}
            if type not in RICHER:
                assert rule.object == theirs.get("object_what", ""), type
                for option, key in KEYS.items():
                    fields = [field for field in rule.fields.get(option, ()) if field not in INNER]
                    assert fields == listed(theirs.get(key)) or type in BEYOND, (type, option)
            classes = theirs.get("ecs", {})
            if "category" in classes:
                assert list(rule.categories) in (listed(classes["category"]), WITH_CATEGORY.get(type)), type
                assert list(rule.types) == listed(classes["type"]), type
            assert list(rule.fields.get("kind", ())) == listed(classes.get("kind")), type
            users = {option: rule.fields[option] for option in USERS if option in rule.fields}
            corrected = {option: fields for (name, option), fields in CORRECTED.items() if name == type}
            wanted = {**meanings(classes), **corrected}
            assert users == wanted or (type in BEYOND and users.items() > wanted.items()), type
            seen += 1
    assert seen == 108

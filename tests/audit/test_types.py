"""Record types: their place in the JSON, which end an event, which stand alone, and names nobody knows."""

from __future__ import annotations

import pytest

from sensor.audit.types import LIST, OBJECT, TOP, USER, RecordTypes


@pytest.mark.parametrize(
    ("written", "name", "shape"),
    [
        ("SYSCALL", "SYSCALL", OBJECT),
        ("EXECVE", "EXECVE", OBJECT),
        ("PROCTITLE", "PROCTITLE", OBJECT),
        ("CWD", "CWD", OBJECT),
        ("PATH", "PATH", LIST),
        ("AVC", "AVC", LIST),
        ("LOGIN", "LOGIN", LIST),
        ("NOBODY_KNOWS_ME", "NOBODY_KNOWS_ME", LIST),
        ("USER_AUTH", "USER_AUTH", USER),
        ("DAEMON_START", "DAEMON_START", USER),
        ("ANOM_LOGIN_FAILURES", "ANOM_LOGIN_FAILURES", USER),
        ("AA", "APPARMOR", LIST),
        ("UNKNOWN[1300]", "SYSCALL", OBJECT),
        ("UNKNOWN[1334]", "BPF", LIST),
        ("UNKNOWN[01334]", "BPF", LIST),
        ("UNKNOWN[1499]", "UNKNOWN[1499]", LIST),
        ("UNKNOWN[1299]", "UNKNOWN[1299]", USER),
        ("UNKNOWN[2100]", "ANOM_LOGIN_FAILURES", USER),
        ("UNKNOWN[99999]", "UNKNOWN[99999]", USER),
        ("ID", "ID_2", LIST),
    ],
)
def test_name_and_shape(written, name, shape):
    type = RecordTypes().get(written)
    assert (type.name, type.shape) == (name, shape)


def test_no_type_has_the_name_of_a_key_beside_the_records():
    assert {RecordTypes().get(name).name for name in TOP}.isdisjoint(TOP)


@pytest.mark.parametrize(
    ("written", "ends", "alone"),
    [
        ("SYSCALL", False, False),
        ("PATH", False, False),
        ("NOBODY_KNOWS_ME", False, False),
        ("LOGIN", False, False),
        ("PROCTITLE", True, False),
        ("KERNEL", True, False),
        ("MAC_UNLBL_ALLOW", True, False),
        ("MAC_CALIPSO_DEL", True, False),
        ("MAC_CONFIG_CHANGE", False, False),
        ("IPE_ACCESS", False, False),
        ("USER_AUTH", True, False),
        ("UNKNOWN[2100]", True, False),
        ("DAEMON_START", True, True),
        ("UNKNOWN[1199]", True, False),
        ("UNKNOWN[1200]", True, True),
        ("UNKNOWN[1299]", True, True),
    ],
)
def test_which_types_end_an_event_and_which_belong_to_none(written, ends, alone):
    type = RecordTypes().get(written)
    assert (type.ends, type.alone) == (ends, alone)


def test_a_name_is_looked_up_once():
    types = RecordTypes()
    assert types.get("PATH") is types.get("PATH")


def test_made_up_names_are_not_remembered_without_end():
    types = RecordTypes(limit=2)
    assert [types.get(name).name for name in ("A", "B", "C", "C")] == ["A", "B", "C", "C"]
    assert types.get("C") is not types.get("C")
    assert types.get("A") is types.get("A")

"""The table of keys: its options exist, it names all values of closed sets, and can be searched."""

from __future__ import annotations

import re

import pytest

from sensor.audit.event import NOTES
from sensor.audit.fields import OURS
from sensor.audit.types import TOP
from sensor.config import Config
from sensor.forms.ecs import VERSION
from sensor.stages.exe_hash import SKIPPED
from sensor.tables.meanings import forms_of
from sensor.tables.metrics import ROWS
from sensor.tables.output_schema import KEYS, find, holders, how_written
from sensor.tables.record_types import NUMBERS

PLACES = {"event", "record", "any object", *NUMBERS}


def test_every_option_exists() -> None:
    for row in KEYS:
        for option in row.option.split(", ") if row.option else []:
            found: object = Config()
            for name in option.split("."):
                found = getattr(found, name)


def test_every_place_is_one() -> None:
    for row in KEYS:
        assert row.where in PLACES or holders(row.where)
        named = re.search(r"\((.*)\)", row.type)
        assert named is None or any(other.where == named[1] for other in KEYS)


def test_holders_are_single_keys_each_once() -> None:
    for where in {row.where for row in KEYS}:
        found = holders(where)
        assert len(found) == len(set(found))
        assert not [name for name in found if " " in name]
    assert holders("identity") == ["*PID", "PID", "PPID", "SPAWNED_BY"]


def test_a_key_stands_once_in_a_place() -> None:
    names = [(row.where, name) for row in KEYS for name in row.name.split()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("SENSOR.notes", NOTES),
        ("SYSCALL.EXE_HASH_SKIPPED", SKIPPED),
        ("SUMMARY", [f"ECS {VERSION}"]),
        ("PARSE_ERROR.reason", [f"{value}: " for row in ROWS if row.attribute == "unparsed" for value in row.known]),
    ],
)
def test_values_of_closed_sets_are_named(path: str, words: list[str]) -> None:
    (row,) = find(path)
    assert [word for word in words if word not in row.meaning] == []


def test_every_meaning_has_a_key() -> None:
    fields = {field.upper() for record in NUMBERS for field in forms_of(record)}
    assert {field for field in fields if not any(row.where == "record" for row in find(field))} == set()


def test_what_no_record_may_be_called_is_in_the_table() -> None:
    assert {name for name in OURS | TOP if not find(name)} == {"LEADS"}  # for ECS alone


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("SYSCALL.PID.GUID", [("identity", "GUID")]),
        ("PATH[].OUID", [("record", "*UID *GID")]),
        ("OPID", [("record", "*PID")]),
        ("SADDR.pid", [("address", "pid")]),
        ("exit_text", [("record", "*_text")]),
        ("script", [("SYSCALL", "SCRIPT")]),
        ("EXECVE.ARGV", [("EXECVE", "ARGV")]),
        ("comm_hex", [("any object", "*_hex *_HEX")]),
        ("PATH.name", []),
        ("SYSCALL.comm", []),
        ("container.name", [("container", "name image")]),
        ("SYSCALL.uid", [("record", "*UID *GID")]),
        ("nonsense", []),
    ],
)
def test_a_key_is_found(key: str, expected: list[tuple[str, str]]) -> None:
    assert [(row.where, row.name) for row in find(key)] == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("arch", "hex"),
        ("SYSCALL.arch", "hex"),
        ("PATH[].name", "encoded"),
        ("NETFILTER_PKT.saddr", "string"),
        ("SOCKADDR.saddr", "encoded"),
        ("PARSE_ERROR.reason", None),
        ("SYSCALL.PID.comm", None),
        ("nonsense", None),
    ],
)
def test_how_a_field_is_written(key: str, expected: str | None) -> None:
    assert how_written(key) == expected

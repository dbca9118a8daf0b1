"""Fields: how a body is cut into names and values, and what each kind of value becomes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.fields import (
    OURS,
    UNSET,
    Collector,
    Kinds,
    decode,
    key_of,
    parse_fields,
    split_section,
    text_of_digits,
    unquote,
)
from sensor.audit.types import TOP

SENSOR = Path(__file__).parents[2] / "sensor"
KINDS = Kinds({"pid": "decimal", "ses": "decimal", "arch": "hex", "mode": "octal", "name": "encoded", "op": "string"})


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("", []),
        ("   ", []),
        ("a=1 b=2", [("a", "1"), ("b", "2")]),
        ("a=1  b=2 ", [("a", "1"), ("b", "2")]),
        ("a= b=2", [("a", ""), ("b", "2")]),
        ("x-y=1 a_1=2 a2[10]=3", [("x-y", "1"), ("a_1", "2"), ("a2[10]", "3")]),
        ('a="x y" b=1', [("a", '"x y"'), ("b", "1")]),
        ('a="x b=1" c=2', [("a", '"x b=1"'), ("c", "2")]),
        ('a="x b=1', [("a", '"x'), ("b", "1")]),
        ('a="x" y b=1', [("a", '"x"'), ("", "y"), ("b", "1")]),
        ('a="" b=1', [("a", '""'), ("b", "1")]),
        ("SADDR={ fam=inet lport=53 } b=1", [("SADDR", "{fam=inet lport=53}"), ("b", "1")]),
        ("SADDR={ path=/tmp/.{X} }", [("SADDR", "{path=/tmp/.{X}}")]),
        ("SADDR={ never=closed", [("SADDR", "{"), ("never", "closed")]),
        ("subj=/usr/sbin/ntpd (enforce) key=(null)", [("subj", "/usr/sbin/ntpd (enforce)"), ("key", "(null)")]),
        ("subj==/usr/sbin/ntpd", [("subj", "=/usr/sbin/ntpd")]),
        ("op=display aging info id=0", [("op", "display aging info"), ("id", "0")]),
        ("free text", [("", "free text")]),
        ("1a=x =y b=1", [("", "1a=x =y"), ("b", "1")]),
        ("avc:  denied  { read } for  pid=2", [("avc", "denied  { read } for"), ("pid", "2")]),
        ("a=avc: denied", [("a", "avc: denied")]),
    ],
)
def test_a_section_is_cut_into_names_and_values(section, expected):
    assert split_section(section) == expected


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        *[
            (kind, raw, None)
            for kind in ("decimal", "hex", "octal", "encoded", "string")
            for raw in ("", "?", "(null)")
        ],
        ("decimal", "0", 0),
        ("decimal", "-13", -13),
        ("decimal", "007", 7),
        ("decimal", "unset", UNSET),
        ("decimal", str(2**64 - 1), 2**64 - 1),
        ("decimal", str(2**64), str(2**64)),
        ("decimal", str(-(2**63)), -(2**63)),
        ("decimal", str(-(2**63) - 1), str(-(2**63) - 1)),
        ("decimal", "9" * 5000, "9" * 5000),
        ("decimal", "12a", "12a"),
        ("decimal", "1_000", "1_000"),
        ("decimal", "+1", "+1"),
        ("decimal", "\xb2", "\xb2"),  # a digit to Unicode
        ("hex", "c000003e", "0xc000003e"),
        ("hex", "0000000000000000", "0x0"),
        ("hex", "0xFF", "0xFF"),
        ("hex", "F" * 17, "F" * 17),
        ("hex", "x86_64", "x86_64"),
        ("octal", "0100755", "0o100755"),
        ("octal", "9", "9"),
        ("encoded", "2F746D702F612062", "/tmp/a b"),
        ("encoded", "C3A4FF", "\xc3\xa4\xff"),
        ("encoded", "2F7", "2F7"),
        ("encoded", "2f", "2f"),
        ("encoded", "access", "access"),
        ("string", "64", "64"),
        ("string", "8da7ccbba3a1", "8da7ccbba3a1"),
    ],
)
def test_each_kind_of_value(kind, raw, expected):
    assert decode(raw, kind) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("pid=5 arch=c000003e mode=0100644 name=2F78 op=add", {
            "pid": 5, "arch": "0xc000003e", "mode": "0o100644", "name": "/x", "op": "add"}),
        ('name="2F78" pid="5" op="a b"', {"name": "2F78", "pid": 5, "op": "a b"}),
        ('name="?" op=?', {"name": "?", "op": None}),
        ("fsuid=0 sgid=? uuid=12 guid=12", {"fsuid": 0, "sgid": None, "uuid": "12", "guid": "12"}),
        ("pid=x ses=unset", {"pid": None, "pid_text": "x", "ses": UNSET}),
        ("subj= op=", {"subj": "", "op": None}),
        ("op=a op=a op=b op=c", {"op": "a", "op_2": "b", "op_3": "c"}),
        ("op=a op_2=x op=b", {"op": "a", "op_2": "x", "op_3": "b"}),
        ("pid=1 pid=x pid=2", {"pid": 1, "pid_2": None, "pid_text": "x", "pid_3": 2}),
        ("lost words op=x and more", {"TEXT": "lost words", "op": "x and more"}),
        ('op="x" lost', {"op": "x", "TEXT": "lost"}),
        ('pid=1\x1dPID="x" UID="root"', {"pid": 1, "PID_2": "x", "UID": "root"}),
        ("pid=1\x1d\x1dUID=x", {"pid": 1, "UID": "x"}),
    ],
)  # fmt: skip
def test_a_body_becomes_fields(body, expected):
    fields = parse_fields(body, KINDS)
    assert fields == expected
    assert list(fields) == list(expected)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("pid=1 msg='op=x pid=2'", {"pid": 1, "msg": {"op": "x", "pid": 2}}),
        ("msg='op=x' res=y", {"msg": {"op": "x"}, "res": "y"}),
        ("msg='op=x'\x1dUID=\"root\"", {"msg": {"op": "x"}, "UID": "root"}),
        ("UID=a\x1dmsg='op=x'", {"UID": "a", "msg": {"op": "x"}}),
        ("AUID=a\x1dUID=b msg='op=x'", {"AUID": "a", "UID": "b", "msg": {"op": "x"}}),
        ("msg=' op=x'", {"msg": {"op": "x"}}),
        ("msg=''", {"msg": {}}),
        ("msg='hello world'", {"msg": {"TEXT": "hello world"}}),
        ("msg='acct=\"it's\" op=x'", {"msg": {"acct": "it's", "op": "x"}}),
        ("msg='op=x terminal=?'", {"msg": {"op": "x", "terminal": None}}),
        ("msg='op=x acct=y", {"msg": {"op": "x", "acct": "y"}}),
        ("msg='op=x\x1dUID=y", {"msg": {"op": "x"}, "UID": "y"}),
        ("msg='op=x' y='z", {"msg": {"op": "x"}, "y": "'z"}),
        ("msg=x y=z", {"msg": {"TEXT": "x"}, "y": "z"}),
        ('msg="x y"', {"msg": {"TEXT": "x y"}}),
        ("msg=", {"msg": {"TEXT": ""}}),
        ("pid=1 xmsg='op=x'", {"pid": 1, "xmsg": "op=x"}),
        ("msg='avc:  denied  { start } for op=x'", {
            "msg": {"avc": "denied  { start } for", "op": "x", "denied": ["start"]}}),
    ],
)  # fmt: skip
def test_messages_of_user_space(body, expected):
    assert parse_fields(body, KINDS) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("avc:  denied  { read open } for  pid=2", {"pid": 2, "denied": ["read", "open"]}),
        ("avc:  granted  { setsecparam } for  pid=2", {"pid": 2, "granted": ["setsecparam"]}),
        ("avc:  denied  { read 0x400 } for  pid=2", {"pid": 2, "denied": ["read", "0x400"]}),
        ("avc:  denied null for  pid=2", {"pid": 2, "denied": []}),
        ("avc:  denied  { } pid=2", {"pid": 2, "denied": []}),
        ("avc:  denied  { a { b } } for  pid=2", {"avc": "denied  { a { b } } for", "pid": 2}),
        ("avc:  netlink recvfrom: error 9  pid=2", {"avc": "netlink recvfrom: error 9", "pid": 2}),
        ("denied=x avc: denied { a }", {"denied_2": "x", "denied": ["a"]}),
    ],
)
def test_permissions_become_a_list(body, expected):
    assert parse_fields(body, KINDS) == expected


PLACES = r'(?:\.key\(|subject\[|(?:add|Addition|extended)\((?:top=)?\{)"([A-Z_]+)"'
"""Where code names a key that it adds."""


def test_every_key_that_a_stage_adds_is_ours():
    """A new one goes into OURS, or into TOP of sensor.audit.types; what auditd translates itself is replaced."""
    sources = [path.read_text(encoding="utf-8") for path in SENSOR.rglob("*.py")]
    added = {key for text in sources for key in re.findall(PLACES, text)}
    assert added - OURS - TOP - {"ARCH", "SYSCALL", "SADDR"} == set()
    assert len(added) > 10


def test_names_of_ours_are_kept_free():
    for name in OURS:
        assert key_of(name) not in OURS
        assert parse_fields(f"{name}=x", KINDS) == {f"{name}_2": "x"}
    assert key_of("") == "TEXT"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [('"a"', ("a", True)), ("'a'", ("a", True)), ('"a', ('"a', False)), ('"', ('"', False)), ("\"a'", ("\"a'", False))],
)
def test_quotes_come_off_in_pairs(raw, expected):
    assert unquote(raw) == expected


def test_merging_is_adding_one_after_the_other():
    parts = [{"a": 1}, {"b": None, "b_text": "x"}, {"a": 2}, {"a": 1}, {"b": 3}]
    merged, added = Collector(), Collector()
    for collector in (merged, added):
        collector.add("z", 0)
    merged.merge(parts)
    for part in parts:
        for name, value in part.items():
            added.add(name, value)
    assert merged.fields == added.fields == {"z": 0, "a": 1, "b": None, "b_text": "x", "a_2": 2, "b_2": 3}


def test_remembered_words_are_the_words():
    kinds = Kinds({"pid": "decimal"})
    for number in range(5000):
        assert kinds.field(f"pid={number}") == {"pid": number}
    assert kinds.field("pid=7") == {"pid": 7}
    assert len(kinds.words) <= 2048


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        ("41", "A"),
        ("0A00FF", "\n\0\xff"),
        ("", None),
        ("4", None),
        ("414", None),
        ("4a", None),
        ("4G", None),
        ("41 42", None),
        (" 41", None),
        ("41\n", None),
        ("4\u00b2", None),
        ("\u0664\u0661", None),
        ("\xc4A", None),
    ],
)
def test_the_text_of_digits(digits, text):
    assert text_of_digits(digits) == text


@given(st.binary(min_size=1))
def test_digits_are_read_as_they_are_written(data):
    assert text_of_digits(data.hex().upper()) == data.decode("latin-1")

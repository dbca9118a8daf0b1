"""Layouts: what is learned of one, and that a record of it comes out as if parsed field by field."""

from __future__ import annotations

import pytest

from sensor.audit.fields import Fields, Kinds, parse_fields
from sensor.audit.layout import LayoutsByType

KINDS = Kinds({"pid": "decimal", "arch": "hex", "mode": "octal", "name": "encoded", "key": "encoded"})


def plainly(body: str) -> Fields:
    """The fields, the general way."""
    fields = parse_fields(body, KINDS)
    key = fields.get("key")
    if isinstance(key, str):
        fields["KEYS"] = list(key.split("\x01"))
    return fields


def taught(*bodies: str) -> LayoutsByType:
    layouts = LayoutsByType(lambda _: KINDS, "percent")
    for body in bodies:
        layouts.learn("X", body, plainly(body))
    return layouts


def read(layouts: LayoutsByType, body: str) -> Fields | None:
    found = layouts.find("X", body)
    return None if found is None else found[0].fields(found[1])


def test_a_layout_is_learned_when_it_comes_again():
    layouts = taught("pid=1 dev=fd:01")
    assert read(layouts, "pid=3 dev=fd:02") is None
    layouts.learn("X", "pid=2 dev=fd:01", plainly("pid=2 dev=fd:01"))
    assert read(layouts, "pid=3 dev=fd:02") == {"pid": 3, "dev": "fd:02"}
    assert layouts.find("Y", "pid=3 dev=fd:02") is None  # each type for itself


@pytest.mark.parametrize(
    ("example", "body"),
    [
        ("pid=1", "pid=0"),
        ("pid=1", "pid=-22"),
        ("arch=c000003e", "arch=00000"),
        ("arch=c000003e", "arch=0000002"),
        ("mode=0100755", "mode=0"),
        ('name="/x"', 'name=""'),
        ('name="/x"', 'name="/it\'s"'),
        ("dev=fd:01", "dev=8da7ccbba3a1"),
        ("pid=? dev=x", "pid=(null) dev=y"),
        ("subj=a mode=0", "subj==/usr/sbin/ntpd mode=7"),
        ('key="exec" pid=1', 'key="64" pid=2'),
        ('pid=1\x1dUID="root"', 'pid=2\x1dUID="x"'),
    ],
)
def test_a_record_of_a_known_layout_comes_out_the_same(example, body):
    fields = read(taught(example, example), body)
    assert fields is not None
    assert list(fields.items()) == list(plainly(body).items())


@pytest.mark.parametrize(
    ("example", "body"),
    [
        ("pid=1", "pid=007"),
        ("pid=1", "pid=-0"),
        ("pid=1", "pid=unset"),
        ("pid=1", "pid=18446744073709551615"),
        ("pid=1", "pid=?"),
        ("pid=1", "pid=1 "),
        ("pid=1", "pid=1\n"),
        ("pid=1", 'pid="1"'),
        ("pid=1", "pid=1 x=2"),
        ("pid=1 x=2", "pid=1"),
        ("pid=1 x=2", "x=2 pid=1"),
        ("pid=1 x=2", "pid=1\x1dx=2"),
        ("arch=c000003e", "arch=0xc000003e"),
        ("arch=c000003e", "arch=11111111111111111"),
        ('name="/x"', "name=2F78"),
        ('name="/x"', 'name="g++"'),
        ('name="/x"', 'name="a b"'),
        ('name="/x"', "name=\"a msg='b' c\""),
        ('name="/x"', "name=(null)"),
        ("dev=x", "dev=?"),
        ("dev=x", "dev=(null)"),
        ("dev=x", "dev='x'"),
        ("dev=x", "dev={"),
        ("dev=x", "dev=a b"),
        ("dev=x", "dev=\xe4"),
        ("dev=x", "dev="),
    ],
)
def test_a_record_of_another_layout_is_not_taken_for_one(example, body):
    layouts = taught(example, example)
    assert read(layouts, example) is not None
    assert read(layouts, body) is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "free text",
        "pid=1  dev=x",
        "pid=1 pid=1",
        "name=2F78",
        "arch=0xc000003e",
        "pid=unset",
        "PID=1",
        "avc=x",
        "msg='op=x'",
        'name="g++"',
        " ".join(f"n{number}=1" for number in range(49)),
    ],
)
def test_what_has_to_be_rewritten_is_never_learned(body):
    assert read(taught(body, body, body), body) is None


def test_made_up_layouts_and_types_are_not_kept_without_end():
    layouts = LayoutsByType(lambda _: KINDS, "percent")
    for number in [n for n in range(600) for _ in (1, 2)]:
        body = f"n{number}=x"
        layouts.learn("X", body, plainly(body))
    known = [number for number in range(600) if read(layouts, f"n{number}=y") is not None]
    assert known == list(range(592, 600))
    for number in range(200):
        layouts.learn(f"T{number}", "a=b", {"a": "b"})
    assert layouts.count <= 64


def test_command_lines_have_no_layout():
    layouts = LayoutsByType(lambda _: KINDS, "percent")
    for name in ("EXECVE", "PROCTITLE"):
        for _ in range(3):
            layouts.learn(name, "a=b", {"a": "b"})
        assert layouts.find(name, "a=b") is None


def test_a_value_is_found_by_its_name():
    found = taught('pid=1 comm="a"', 'pid=1 comm="a"').find("X", 'pid=7 comm="b"')
    assert found is not None
    assert [found[0].value(name, found[1]) for name in ("pid", "comm", "exe")] == ["7", "b", ""]

"""Shapes: what is learned of a form, and that a record of it comes out as if parsed field by field."""

from __future__ import annotations

import pytest

from sensor.audit.fields import Kinds, parse_fields
from sensor.audit.render import renderer
from sensor.audit.shape import Shapes
from sensor.audit.text import SAFE

KINDS = Kinds({"pid": "decimal", "arch": "hex", "mode": "octal", "name": "encoded", "key": "encoded"})


def plainly(body: str) -> str:
    """The JSON members, the general way."""
    fields = parse_fields(body, KINDS)
    key = fields.get("key")
    if isinstance(key, str):
        fields["KEYS"] = list(key.split("\x01"))
    return renderer("percent")(fields)


def taught(*bodies: str) -> Shapes:
    shapes = Shapes(KINDS, SAFE["percent"])
    for body in bodies:
        shapes.learn(body, plainly(body))
    return shapes


def render(shapes: Shapes, body: str) -> str | None:
    found = shapes.render(body)
    return None if found is None else found[0]


def test_a_form_is_learned_when_it_comes_again():
    shapes = taught("pid=1 dev=fd:01")
    assert render(shapes, "pid=3 dev=fd:02") is None
    shapes.learn("pid=2 dev=fd:01", plainly("pid=2 dev=fd:01"))
    assert render(shapes, "pid=3 dev=fd:02") == '"pid":3,"dev":"fd:02"'


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
def test_a_record_of_a_known_form_comes_out_the_same(example, body):
    assert render(taught(example, example), body) == plainly(body)


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
def test_a_record_of_another_form_is_not_taken_for_one(example, body):
    shapes = taught(example, example)
    assert render(shapes, example) is not None
    assert render(shapes, body) is None


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
    assert render(taught(body, body, body), body) is None


def test_made_up_forms_are_not_kept_without_end():
    shapes = Shapes(KINDS, SAFE["percent"])
    for number in [n for n in range(600) for _ in (1, 2)]:
        body = f"n{number}=x"
        shapes.learn(body, plainly(body))
    assert len(shapes._shapes) == 8
    assert len(shapes._seen) <= 256
    assert render(shapes, "n599=y") == '"n599":"y"'
    assert render(shapes, "n0=y") is None


def test_a_value_is_found_by_its_name():
    shapes = taught('pid=1 comm="a"', 'pid=1 comm="a"')
    _, shape, values = shapes.render('pid=7 comm="b"') or pytest.fail("not known")
    assert [shape.value(name, values) for name in ("pid", "comm", "exe")] == ["7", "b", ""]

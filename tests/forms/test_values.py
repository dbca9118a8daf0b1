"""Fields to JSON members, in both styles, with the exact bytes beside what is no text."""

from __future__ import annotations

import json

import pytest

from sensor.audit.naming import Naming
from sensor.audit.number import Number
from sensor.forms.text import quote_percent, quote_unicode
from sensor.forms.values import Renderer, Style, quoter

LONG = "x" * 100


@pytest.mark.parametrize(
    ("fields", "percent"),
    [
        ({}, ""),
        ({"a": None, "b": -1, "c": 2**64 - 1}, '"a":null,"b":-1,"c":18446744073709551615'),
        ({"a": "g++", "b": LONG + "\xff"}, f'"a":"g%2b%2b","b":"{LONG}%ff"'),
        ({"ARGV": ["a", None, {"skipped_args": 2, "skipped_bytes": None}]},
         '"ARGV":["a",null,{"skipped_args":2,"skipped_bytes":null}]'),
        ({"msg": {"op": "x", "inner": {"a": []}}}, '"msg":{"op":"x","inner":{"a":[]}}'),
        ({"UNKNOWN[1]": 1}, '"UNKNOWN[1]":1'),
    ],
)  # fmt: skip
def test_members_in_the_percent_style(fields, percent):
    assert Renderer("percent").render(fields) == percent


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "g++"}, {"name": "g++"}),
        ({"name": "\xff"}, {"name": "\ufffd", "name_hex": "ff"}),
        ({"NODE": "\xff"}, {"NODE": "\ufffd", "NODE_HEX": "ff"}),
        ({"ARGV": ["ok", "\xff", None]}, {"ARGV": ["ok", "\ufffd", None], "ARGV_HEX": [None, "ff", None]}),
        ({"msg": {"acct": "\xe4"}}, {"msg": {"acct": "\ufffd", "acct_hex": "e4"}}),
        ({"name": "\xff", "name_hex": "1"}, {"name": "\ufffd", "name_hex_hex": "ff", "name_hex": "1"}),
        ({"name": "\xff", "name_hex": "\xfe"},
         {"name": "\ufffd", "name_hex_hex": "ff", "name_hex": "\ufffd", "name_hex_hex_hex": "fe"}),
    ],
)  # fmt: skip
def test_the_unicode_style_has_the_exact_bytes_beside(fields, expected):
    assert json.loads(("{" + Renderer("unicode").render(fields) + "}").encode("latin-1")) == expected


def test_equal_values_of_two_kinds_are_not_mistaken_for_each_other():
    render = Renderer("percent").render
    assert [render({"a": value}) for value in (1, "1", 1, None, "null")] == [
        '"a":1', '"a":"1"', '"a":1', '"a":null', '"a":"null"'
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1, "1"),
        (1.5, "1.5"),
        (Number("0.250"), "0.250"),
        ("g++", '"g%2b%2b"'),
        (["a", [None]], '["a",[null]]'),
        ({"a+": {"b": []}}, '{"a%2b":{"b":[]}}'),
        ({}, "{}"),
    ],
)
def test_values_of_every_kind(value, text):
    assert Style().value(value) == text
    assert Style().members({"k": value}) == f',"k":{text}'
    assert Renderer("percent").render({"k": value}) == f'"k":{text}'


@pytest.mark.parametrize(("prefix", "text"), [("", ',"PID":{"GUID":"g"}'), ("x_", ',"x_pid":{"GUID":"g"}')])
def test_added_members_bear_the_prefix_and_what_is_in_them_does_not(prefix, text):
    assert Style("percent", Naming(prefix)).added({"PID": {"GUID": "g"}}) == text


def test_a_style_has_one_quoter():
    assert (quoter("percent"), quoter("unicode")) == (quote_percent, quote_unicode)
    assert Style("unicode").value("\xff") == '"\ufffd"'.encode().decode("latin-1")

"""JSON by value: with orjson and without, every text has the same value and every value the same text."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor import jsonl


def without_orjson() -> ModuleType:
    """The module as it is where orjson is not installed."""
    spec = importlib.util.spec_from_file_location("jsonl_of_the_standard_library", jsonl.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    hidden = sys.modules.get("orjson")
    sys.modules["orjson"] = None  # type: ignore[assignment]  # makes the import fail
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules["orjson"]
        if hidden is not None:
            sys.modules["orjson"] = hidden
    return module


STANDARD = without_orjson()
BOTH = [pytest.param(jsonl, id="orjson"), pytest.param(STANDARD, id="standard library")]


@pytest.fixture(scope="module", autouse=True)
def orjson_is_here() -> None:
    pytest.importorskip("orjson", reason="needs orjson: without it there is nothing to compare")


VALUES: list[tuple[str | bytes, Any]] = [
    ("null", None),
    (" [1, 2.5,\t-0]\n", [1, 2.5, 0]),
    ('{"a":1,"b":{"a":2},"a":3}', {"a": 3, "b": {"a": 2}}),
    ('"\\ud83d\\ude00 \\u0000 \\\\ud800"', "😀 \0 \\ud800"),
    ('"\\\\\\\\ud83d"', "\\\\ud83d"),
    (b'"\xc3\xa4\x7f"', "ä\x7f"),
    ('"a\\ud800"', "a\ud800"),
    ('{"\\uDC00\\uD800":"\ud800"}', {"\udc00\ud800": "\ud800"}),
    ("18446744073709551615", (1 << 64) - 1),
    ("18446744073709551616", 18446744073709551616.0),
    ("-9223372036854775808", -(1 << 63)),
    ("-9223372036854775809", -9223372036854775809.0),
    ("1" + 300 * "0", 1e300),
    ("1E5", 1e5),
    ("1e-400", 0.0),
    ("[" * 200 + "]" * 200, None),
]
NOT_JSON: list[str | bytes] = [
    "",
    " ",
    "[1,]",
    "{'a':1}",
    "{1:2}",
    "nan",
    "NaN",
    "Infinity",
    "[-Infinity]",
    "1e400",
    "1" + 400 * "0",
    "-" + 5000 * "9",
    "01",
    '"\x01"',
    '"\\x41"',
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b"\xef\xbb\xbf1",
    '"ä"'.encode("utf-16"),
    "\ufeff1",
    "1 2",
    '"a',
    "\x0b1",
    "[" * 100_000,
    '{"a":' * 100_000,
]


@pytest.mark.parametrize("module", BOTH)
@pytest.mark.parametrize(("text", "value"), VALUES, ids=[repr(row[0][:30]) for row in VALUES])
def test_a_text_has_this_value(module: ModuleType, text: str | bytes, value: Any) -> None:
    found = module.loads(text)
    if value is None and text != "null":
        value = json.loads(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("module", BOTH)
@pytest.mark.parametrize("text", NOT_JSON, ids=[repr(text[:30]) for text in NOT_JSON])
def test_what_is_no_json_is_a_value_error(module: ModuleType, text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  which of its kinds differs
        module.loads(text)


@pytest.mark.parametrize("module", BOTH)
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, 1.5, "ä"]}, '{"b":1,"a":[true,null,1.5,"ä"]}'),
        ('\x00\x1f\b\f\n\r\t"\\/\x7f\u2028', '"\\u0000\\u001f\\b\\f\\n\\r\\t\\"\\\\/\x7f\u2028"'),
        ((1, (2,)), "[1,[2]]"),
        ([math.nan, {"a": (-math.inf,)}], '[null,{"a":[null]}]'),
        ({1: 1 << 70, "b": math.inf}, '{"1":1180591620717411303424,"b":null}'),
        ({None: 1, True: 2}, '{"null":1,"true":2}'),
        (5.0, "5.0"),
        ({"ä\ud800": "\udcff"}, '{"\\u00e4\\ud800":"\\udcff"}'),
    ],
)
def test_a_value_has_this_text(module: ModuleType, value: Any, text: str) -> None:
    assert module.dumps(value) == text.encode()


@pytest.mark.parametrize("module", BOTH)
@pytest.mark.parametrize("value", [b"a", {1}, object()])
def test_what_has_no_text(module: ModuleType, value: Any) -> None:
    with pytest.raises(TypeError):
        module.dumps(value)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 70), 1 << 70),
    st.floats(),
    st.text(st.characters()),
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=20,
)


@given(ANY)
def test_values_come_back_alike(value: Any) -> None:
    texts = [jsonl.dumps(value), STANDARD.dumps(value)]
    assert len({repr(module.loads(text)) for module in (jsonl, STANDARD) for text in texts}) == 1


def value_of(module: ModuleType, text: str | bytes) -> str:
    try:
        return repr(module.loads(text))
    except ValueError:
        return "no JSON"


@given(st.one_of(st.text('{}[]",:\\ud8dC0019.eE+-ntrufals \n'), st.text(), st.binary()))
def test_any_text_has_the_same_value(text: str | bytes) -> None:
    assert value_of(jsonl, text) == value_of(STANDARD, text)


@given(ANY, st.data())
def test_a_damaged_text_has_the_same_value(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value, ensure_ascii=data.draw(st.booleans()))
    place = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 3))
    damaged = text[:place] + data.draw(st.text('"\\u{}[],0d8', max_size=3)) + text[place + cut :]
    assert value_of(jsonl, damaged) == value_of(STANDARD, damaged)


@pytest.mark.parametrize("values", [[], [1], [{"a": "]"}, None, [2]]])
@pytest.mark.parametrize("members", [{}, {"version": 1, "b": "x"}])
def test_a_list_of_what_is_json_already_is_put_behind_members(members, values):
    encoded = jsonl.with_list(members, "list", [jsonl.dumps(value) for value in values])
    assert encoded == jsonl.dumps({**members, "list": values})

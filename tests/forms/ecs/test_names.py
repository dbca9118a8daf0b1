"""Names that every store takes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.forms.ecs.names import merged, tidy

CASES: list[tuple[dict[str, Any], tuple[str, ...], dict[str, Any]]] = [
    ({"arch": "x", "b": 1}, (), {"arch": "x", "b": 1}),
    ({"arch": "x", "ARCH": "y"}, (), {"arch": "x", "ARCH_2": "y"}),
    ({"ARCH": "y", "arch": "x"}, (), {"ARCH_2": "y", "arch": "x"}),
    ({"Ab": 1, "aB": 2, "AB": 3}, (), {"Ab": 1, "aB_2": 2, "AB_3": 3}),
    ({"A": 1, "a_2": 2, "a": 3}, (), {"A_3": 1, "a_2": 2, "a": 3}),
    ({"a0": 1, "A0": 2}, ("a0",), {"a0_2": 1, "A0_3": 2}),
    (
        {"none": None, "list": [], "object": {}, "text": "", "zero": 0, "no": False},
        (),
        {"text": "", "zero": 0, "no": 0},
    ),
    ({"x": {"P": 1, "p": 2, "q": {}}, "y": [{"P": 1, "p": None}]}, (), {"x": {"P_2": 1, "p": 2}, "y": [{"P_2": 1}]}),
    ({"x": {"y": {"z": []}}}, (), {}),
]


@pytest.mark.parametrize(("fields", "taken", "wanted"), CASES)
def test_names(fields: dict[str, Any], taken: tuple[str, ...], wanted: dict[str, Any]) -> None:
    assert tidy(fields, frozenset(taken)) == wanted


NAMES = st.text("aAbB_2", min_size=1, max_size=4)


@given(st.dictionaries(NAMES, st.integers(1, 9)), st.lists(NAMES, max_size=3))
def test_no_two_are_alike_and_nothing_is_lost(fields: dict[str, int], taken: list[str]) -> None:
    found = tidy({**fields}, frozenset(map(str.lower, taken)))
    lower = [name.lower() for name in found]
    assert len(set(lower)) == len(lower)
    assert not {name.lower() for name in taken}.intersection(lower)
    assert [*found.values()] == [*fields.values()]


MERGED: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
    ({"a": 1}, {"a": 2}, {"a": 2}),
    ({"a": {"x": 1, "y": {"z": 1}}}, {"a": {"y": {"w": 2}}}, {"a": {"x": 1, "y": {"z": 1, "w": 2}}}),
    ({"a": {"x": 1}}, {"a": 2}, {"a": 2}),
    ({"a": 1}, {"a": {"x": 1}}, {"a": {"x": 1}}),
]


@pytest.mark.parametrize(("first", "second", "both"), MERGED)
def test_two_in_one(first: dict[str, Any], second: dict[str, Any], both: dict[str, Any]) -> None:
    assert merged(first, second) == both


def test_many_spellings_of_one_name_take_linear_time() -> None:
    spellings = [
        "".join(letter.upper() if n >> i & 1 else letter for i, letter in enumerate("abcdefghijklmno"))
        for n in range(1 << 15)
    ]
    found = tidy(dict.fromkeys(spellings, 1))
    assert len({name.lower() for name in found}) == len(found) == len(spellings)
    assert [*found][:3] == ["abcdefghijklmno", "Abcdefghijklmno_2", "aBcdefghijklmno_3"]


def test_long_names_are_not_remembered():
    """Messages of user space may have any names. In a process of its own, where none is known yet."""
    script = (
        "import tracemalloc; from sensor.forms.ecs.names import tidy\n"
        "tracemalloc.start()\n"
        "for number in range(500): tidy({f'{number}' + 'a' * 8000: 1})\n"
        "print(tracemalloc.get_traced_memory()[0] < 100_000)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")

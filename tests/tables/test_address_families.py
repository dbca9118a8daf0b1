"""Address families, checked against the C library of the machine at hand."""

from __future__ import annotations

import socket

import pytest

from sensor.tables.address_families import NAMES, name


@pytest.mark.parametrize(
    ("family", "expected"),
    [(0, "unspecified"), (1, "local"), (2, "inet"), (10, "inet6"), (16, "netlink"), (40, "vsock"), (45, "mctp")],
)
def test_name(family: int, expected: str) -> None:
    assert name(family) == expected


@pytest.mark.parametrize("family", [-1, 46, 65535])
def test_no_such_family(family: int) -> None:
    assert name(family) is None


def test_agrees_with_the_c_library() -> None:
    other_words = {"unspec": "unspecified", "unix": "local", "route": "netlink"}
    theirs = {key[3:].lower(): int(value) for key, value in vars(socket).items() if key.startswith("AF_")}
    assert len(theirs) > 20
    for family, number in theirs.items():
        assert NAMES[number] == other_words.get(family, family)

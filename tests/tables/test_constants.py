"""The generated table of constants and its reader."""

from __future__ import annotations

import pytest

from sensor.tables.constants import names, parse
from sensor.tables.constants_table import FLAGS, TABLES


def test_parse() -> None:
    assert parse("A=0x0 B=-1 C=10") == {0: "A", -1: "B", 10: "C"}
    assert parse("") == {}


@pytest.mark.parametrize(
    ("table", "abi", "value", "expected"),
    [
        ("open", "generic", 0x10000, "O_DIRECTORY"),
        ("open", "x86", 0x10000, "O_DIRECTORY"),
        ("open", "arm64", 0x10000, "O_DIRECT"),
        ("open", "arm64", 0x4000, "O_DIRECTORY"),
        ("mmap", "x86", 0x40, "MAP_32BIT"),
        ("mmap", "generic", 0x40, None),
        ("ioctl", "generic", 0x5412, "TIOCSTI"),
        ("ioctl", "powerpc", 0x5412, "TIOCSTI"),
        ("keyring", "generic", -3, "KEY_SPEC_SESSION_KEYRING"),
        ("bpf", "generic", 0, "BPF_MAP_CREATE"),
        ("prctl", "generic", 0x59616D61, "PR_SET_PTRACER"),
        ("arch_prctl", "x86", 0x1002, "ARCH_SET_FS"),
        ("arch_prctl", "generic", 0x1002, None),
    ],
)
def test_names(table: str, abi: str, value: int, expected: str | None) -> None:
    assert names(table, abi).get(value) == expected


def test_no_such_table() -> None:
    with pytest.raises(KeyError):
        names("nothing")


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_table_is_whole(table: str) -> None:
    for abi, text in TABLES[table].items():
        words = text.split()
        assert len(names(table, abi)) == len(words), "a value was given twice"
        assert abi == "generic" or text != TABLES[table]["generic"]
        if table in FLAGS.split():
            assert min(names(table, abi)) > 0

"""Audit architectures: names, word size, byte order, and the tables they lead to."""

from __future__ import annotations

import pytest

from sensor.tables import constants_table, syscalls_table
from sensor.tables.arches import ABIS, ARCHES, abi, is_64bit, is_little_endian, name


@pytest.mark.parametrize(
    ("arch", "expected", "wide", "little"),
    [
        (0xC000003E, "x86_64", True, True),
        (0x40000003, "i386", False, True),
        (0xC00000B7, "aarch64", True, True),
        (0x40000028, "arm", False, True),
        (0x00000028, "armeb", False, False),
        (0xC0000015, "ppc64le", True, True),
        (0x80000015, "ppc64", True, False),
        (0x80000016, "s390x", True, False),
        (0xE0000008, "mipsel64n32", True, True),
        (0xC0000102, "loongarch64", True, True),
        (0x12345678, None, False, False),
    ],
)
def test_name_word_and_byte_order(arch: int, expected: str | None, wide: bool, little: bool) -> None:
    assert name(arch) == expected
    assert is_64bit(arch) is wide
    if expected:
        assert is_little_endian(arch) is little


def test_names_are_unique() -> None:
    assert len({arch.name for arch in ARCHES.values()}) == len(ARCHES) == 53


def test_every_architecture_leads_to_tables() -> None:
    assert {arch.syscalls for arch in ARCHES.values()} <= set(syscalls_table.TABLES)
    found = {family for texts in constants_table.TABLES.values() for family in texts}
    assert found <= ABIS


def test_an_unknown_architecture_has_the_generic_constants() -> None:
    assert abi(0) == "generic"
    assert abi(0xC000003E) == "x86"

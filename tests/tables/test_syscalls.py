"""Syscall names by architecture."""

from __future__ import annotations

import pytest

from sensor.tables.arches import ARCHES, X32_BIT, X86_64
from sensor.tables.syscalls import is_name, name, names, numbers


@pytest.mark.parametrize(
    ("arch", "number", "expected"),
    [
        (0xC000003E, 0, "read"),
        (0xC000003E, 17, "pread"),  # the kernel's pread64, as auditd calls it there
        (0x40000003, 180, "pread64"),  # and as auditd calls it here
        (0xC000003E, 59, "execve"),
        (0xC000003E, 437, "openat2"),
        (0xC000003E, X32_BIT + 520, "execve"),
        (0xC000003E, X32_BIT + 0, "read"),
        (0xC000003E, 520, None),  # an x32 number without its bit
        (0xC000003E, 174, "create_module"),  # dropped by Linux 2.6
        (0x40000003, 11, "execve"),
        (0x40000003, 102, "socketcall"),
        (0xC00000B7, 221, "execve"),
        (0x40000028, 11, "execve"),
        (0x40000028, 983041, "breakpoint"),
        (0xC0000015, 11, "execve"),
        (0x80000016, 11, "execve"),
        (0xC00000F3, 221, "execve"),
        (0xC0000102, 221, "execve"),
        (0x00000008, 4011, "execve"),
        (0x80000008, 5057, "execve"),
        (0xA0000008, 6057, "execve"),
        (0x8000002B, 59, "execve"),
        (0xC0009026, 59, "execve"),
        (0xC000003E, 99999, None),
        (0xC000003E, -1, None),
        (0x12345678, 59, None),
    ],
)
def test_name(arch: int, number: int, expected: str | None) -> None:
    assert name(arch, number) == expected


@pytest.mark.parametrize("arch", sorted(ARCHES))
def test_every_architecture_can_run_a_program(arch: int) -> None:
    assert numbers(arch, "execve")
    assert len(names(arch)) > 200


@pytest.mark.parametrize(("text", "known"), [("open", True), ("_llseek", True), ("opena", False), ("424", False)])
def test_a_name_is_one_somewhere(text: str, known: bool) -> None:
    assert is_name(text) == known


def test_numbers_of_a_name() -> None:
    assert numbers(X86_64, "execve") == [59, X32_BIT + 520]
    assert numbers(X86_64, "no_such_call") == []

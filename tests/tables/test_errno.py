"""Error names, checked against the C library of the machine at hand."""

from __future__ import annotations

import errno as libc
import platform

import pytest

from sensor.tables.errno import name


@pytest.mark.parametrize(
    ("value", "arch", "expected"),
    [
        (-13, 0xC000003E, "EACCES"),
        (13, 0xC000003E, "EACCES"),
        (-11, 0xC000003E, "EAGAIN"),
        (-35, 0xC000003E, "EDEADLK"),
        (-98, 0xC00000B7, "EADDRINUSE"),
        (-48, 0x8000002B, "EADDRINUSE"),  # sparc64
        (-125, 0x80000008, "EADDRINUSE"),  # mips64
        (-226, 0x8000000F, "EADDRINUSE"),  # parisc64
        (-512, 0xC000003E, "ERESTARTSYS"),
        (-524, 0xC000003E, "ENOTSUPP"),
        (0, 0xC000003E, None),
        (-4000, 0xC000003E, None),
    ],
)
def test_name(value: int, arch: int, expected: str | None) -> None:
    assert name(value, arch) == expected


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64", "riscv64"), reason="other numbers on this machine")
def test_agrees_with_the_c_library() -> None:
    for number in libc.errorcode:
        assert getattr(libc, name(-number) or "") == number

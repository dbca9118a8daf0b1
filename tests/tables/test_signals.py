"""Signal names, checked against the C library of the machine at hand."""

from __future__ import annotations

import platform
import signal

import pytest

from sensor.tables.signals import name


@pytest.mark.parametrize(
    ("number", "arch", "expected"),
    [
        (9, 0xC000003E, "SIGKILL"),
        (11, 0xC000003E, "SIGSEGV"),
        (7, 0xC000003E, "SIGBUS"),
        (10, 0x80000008, "SIGBUS"),  # mips64
        (32, 0xC000003E, "SIGRTMIN"),
        (34, 0xC000003E, "SIGRT_2"),
        (64, 0xC000003E, "SIGRT_32"),
        (65, 0xC000003E, None),
        (127, 0x80000008, "SIGRT_95"),
        (0, 0xC000003E, None),
        (-1, 0xC000003E, None),
    ],
)
def test_name(number: int, arch: int, expected: str | None) -> None:
    assert name(number, arch) == expected


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64", "riscv64"), reason="other numbers on this machine")
def test_agrees_with_the_c_library() -> None:
    ordinary = [number for number in signal.Signals if number < 32]
    assert len(ordinary) >= 30
    assert [name(number) for number in ordinary] == [number.name for number in ordinary]

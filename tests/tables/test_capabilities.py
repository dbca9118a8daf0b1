"""Capability names, one by one and in sets."""

from __future__ import annotations

import pytest

from sensor.tables.capabilities import decode, name


@pytest.mark.parametrize(
    ("bit", "expected"),
    [(0, "cap_chown"), (21, "cap_sys_admin"), (40, "cap_checkpoint_restore"), (41, None), (-1, None)],
)
def test_name(bit: int, expected: str | None) -> None:
    assert name(bit) == expected


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (0, ()),
        (0x1, ("cap_chown",)),
        (0x2400, ("cap_net_bind_service", "cap_net_raw")),
        (1 << 40 | 1 << 63, ("cap_checkpoint_restore", "cap_63")),
        (0x1FFFFFFFFFF, ("all",)),  # 5.9
        (0xFFFFFFFFFF, ("all",)),  # 5.8
        (0x3FFFFFFFFF, ("all",)),  # 3.16
        (0x1FFFFFFFFF, ("all",)),  # 3.5, RHEL 7
        (0x3FFFFFFFF, ("all",)),  # 2.6.25
        (0x3FFFFFFFFFF, ("all",)),  # one more than we know
        ((1 << 64) - 1, ("all",)),  # before 3.16
    ],
)
def test_decode(mask: int, expected: tuple[str, ...]) -> None:
    assert decode(mask) == expected


@pytest.mark.parametrize(
    ("mask", "missing"),
    [
        (0x1FFFFFFFFFE, "cap_chown"),
        (0x1FFFEFFFFFF, "cap_sys_resource"),
        (0x1FFFFFFFEFF, "cap_setpcap"),
        (0x2FFFFFFFFFF & ~1, None),
    ],
)
def test_a_set_without_one_is_not_full(mask: int, missing: str | None) -> None:
    names = decode(mask)
    assert "all" not in names
    assert len(names) >= 40
    assert missing not in names


def test_the_lower_half_is_not_full() -> None:
    assert len(decode(0xFFFFFFFF)) == 32
    assert len(decode(0x1FFFFFFFF)) == 33

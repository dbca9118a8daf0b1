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
    ],
)
def test_decode(mask: int, expected: tuple[str, ...]) -> None:
    assert decode(mask) == expected


def test_a_full_set_has_all_that_linux_knows() -> None:
    assert len(decode(0x1FFFFFFFFFF)) == 41
    assert not any(capability[4:].isdigit() for capability in decode(0x1FFFFFFFFFF))

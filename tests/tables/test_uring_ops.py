"""io_uring operations."""

from __future__ import annotations

import pytest

from sensor.tables.uring_ops import name


@pytest.mark.parametrize(
    ("operation", "expected"),
    [(0, "nop"), (18, "openat"), (28, "openat2"), (45, "socket"), (62, "pipe"), (999, None), (-1, None)],
)
def test_name(operation: int, expected: str | None) -> None:
    assert name(operation) == expected

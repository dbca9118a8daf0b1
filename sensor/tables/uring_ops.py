"""Names of io_uring operations.

type=URINGOP msg=audit(1700000000.001:1): uring_op=18 success=yes exit=0 …   openat
"""

from __future__ import annotations

from sensor.tables.constants import names

__all__ = ["name"]


def name(operation: int) -> str | None:
    """What io_uring operation number `operation` is called, as the syscall of the same purpose is, or None."""
    found = names("uring_op").get(operation)
    return found.lower() if found is not None else None

"""Names of io_uring operations.

type=URINGOP msg=audit(1700000000.001:1): uring_op=18 success=yes exit=0 …   openat
"""

from __future__ import annotations

from sensor.tables.constants import names

__all__ = ["call", "name"]

_SUFFIXES = ("_zc", "_fixed", "_multishot")


def name(operation: int) -> str | None:
    """What io_uring operation number `operation` is called, as the syscall of the same purpose is, or None."""
    found = names("uring_op").get(operation)
    return found.lower() if found is not None else None


def call(name: str) -> str:
    """The system call that does what an operation does: sendmsg for sendmsg_zc, which is that without a copy."""
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name

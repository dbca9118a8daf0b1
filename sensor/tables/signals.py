"""Names of signals.

type=ANOM_ABEND msg=audit(1700000000.001:1): auid=1000 … sig=11 res=1   SIGSEGV
"""

from __future__ import annotations

from sensor.tables.arches import X86_64, abi
from sensor.tables.constants import names

__all__ = ["name"]

#: The first real-time signal; they have no names, so they are counted from it: SIGRT_1 is the second.
_SIGRTMIN = 32
_LAST = {"mips": 127}


def name(number: int, arch: int = X86_64) -> str | None:
    """What signal `number` is called on audit architecture `arch`; None if there is none (0 only asks)."""
    family = abi(arch)
    found = names("signal", family).get(number)
    if found is None and _SIGRTMIN <= number <= _LAST.get(family, 64):
        return "SIGRTMIN" if number == _SIGRTMIN else f"SIGRT_{number - _SIGRTMIN}"
    return found

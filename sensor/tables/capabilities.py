"""Names of capabilities, one by one and in masks.

type=AVC msg=audit(1700000000.001:1): avc:  denied  { sys_admin } for … capability=21 …     cap_sys_admin
type=CAPSET msg=audit(1700000000.001:1): pid=42 cap_pi=0 cap_pp=0000000000002400 …          cap_net_bind_service,
                                                                                            cap_net_raw
type=BPRM_FCAPS msg=audit(1700000000.001:1): … pp=000001ffffffffff …                        all

A set is full when it has each capability that some kernel knew, from the 34 of Linux 2.6.25, the first to write sets,
to all 64 bits, as kernels before 3.16 write it. Kernels differ in that, so what `all` covers follows from the number.
"""

from __future__ import annotations

from functools import lru_cache

from sensor.tables.constants import names

__all__ = ["ALL", "decode", "name"]

ALL = "all"
_LEAST = 34


def name(bit: int) -> str | None:
    """What capability number `bit` is called, in lower case as capabilities(7)'s tools print it, or None."""
    found = names("capability").get(bit)
    return found.lower() if found is not None else None


@lru_cache(maxsize=256)
def decode(mask: int) -> tuple[str, ...]:
    """Names of the capabilities in `mask`, lowest bit first, ALL of a full set; bits of later kernels are `cap_41`."""
    if mask.bit_length() >= _LEAST and mask & (mask + 1) == 0:
        return (ALL,)
    return tuple(name(bit) or f"cap_{bit}" for bit in range(mask.bit_length()) if mask >> bit & 1)

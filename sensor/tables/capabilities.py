"""Names of capabilities, one by one and in masks.

type=AVC msg=audit(1700000000.001:1): avc:  denied  { sys_admin } for … capability=21 …     cap_sys_admin
type=CAPSET msg=audit(1700000000.001:1): pid=42 cap_pi=0 cap_pp=0000000000002400 …          cap_net_bind_service,
                                                                                            cap_net_raw
"""

from __future__ import annotations

from functools import lru_cache

from sensor.tables.constants import names

__all__ = ["decode", "name"]


def name(bit: int) -> str | None:
    """What capability number `bit` is called, in lower case as capabilities(7)'s tools print it, or None."""
    found = names("capability").get(bit)
    return found.lower() if found is not None else None


@lru_cache(maxsize=256)
def decode(mask: int) -> tuple[str, ...]:
    """Names of the capabilities in `mask`, lowest bit first; bits of later kernels come as `cap_41`."""
    return tuple(name(bit) or f"cap_{bit}" for bit in range(mask.bit_length()) if mask >> bit & 1)

"""Names of socket address families, as auditd prints them.

    type=SOCKADDR msg=audit(1700000000.001:1): saddr=0200003508080808…   family 2: inet

Source: include/linux/socket.h of Linux 6.18 (no header for user space has them); the names are auditd's.
"""

from __future__ import annotations

__all__ = ["NAMES", "name"]

_IN_ORDER = """
unspecified local inet ax25 ipx appletalk netrom bridge atmpvc x25 inet6 rose decnet netbeui security key netlink
packet ash econet atmsvc rds sna irda pppox wanpipe llc ib mpls can tipc bluetooth iucv rxrpc isdn phonet
ieee802154 caif alg nfc vsock kcm qipcrtr smc xdp mctp
"""

#: Names; the number of a family is its place.
NAMES: tuple[str, ...] = tuple(_IN_ORDER.split())


def name(family: int) -> str | None:
    """What address family number `family` is called, or None."""
    return NAMES[family] if 0 <= family < len(NAMES) else None

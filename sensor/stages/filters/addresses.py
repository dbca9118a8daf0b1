"""Socket addresses in filters: which of them a SOCKADDR record names.

    10.0.0.1        10.0.0.0/8        10.0.0.1:443        10.0.0.0/8:443        *:53
    fe80::1         fe80::/10         [fe80::1]:443       [fe80::/10]:443
    saddr=02000035C0A80001…           AF_INET, port 53, 192.168.0.1

IPv4 and IPv6 only. An IPv4 address mapped into IPv6 (::ffff:10.0.0.1) is the IPv4
address. The family is a number in the byte order of the host it comes from (the first
two bytes, of which one is 0); the port is big-endian everywhere.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple, Union

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

_SADDR = re.compile(r"(?:\A| )saddr=([0-9A-F]{16,})")
_INET, _INET6 = 2, 10
_PORT = re.compile(r"(.*):([0-9]{1,5})")


class Wanted(NamedTuple):
    """An address, a network, a port, or both; None is any."""

    network: Network | None
    port: int | None


def parse_wanted(text: str) -> Wanted:
    """Read one entry of the configuration; raises ValueError."""
    host, port = text, None
    with_port = _PORT.fullmatch(text)
    if with_port is not None and (with_port.group(1).count(":") == 0 or with_port.group(1).endswith("]")):
        host, port = with_port.group(1), int(with_port.group(2))
        if port > 65535:
            raise ValueError(f"{port} is no port")
    if host == "*" and port is not None:
        return Wanted(None, port)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    network = ipaddress.ip_network(host, strict=False)
    return Wanted(_unmapped_network(network), port)


def is_wanted(body: str, wanted: list[Wanted]) -> bool:
    """Return whether the body of a SOCKADDR record names one of the addresses."""
    found = _SADDR.search(body)
    address = _read(bytes.fromhex(found.group(1)[: len(found.group(1)) & ~1])) if found is not None else None
    if address is None:
        return False
    host, port = address
    return any(
        (entry.port is None or entry.port == port)
        and (entry.network is None or (entry.network.version == host.version and host in entry.network))
        for entry in wanted
    )


def _read(data: bytes) -> tuple[Address, int] | None:
    family = data[0] or data[1]
    port = int.from_bytes(data[2:4], "big")
    if 0 not in data[:2]:
        return None
    if family == _INET:
        return ipaddress.IPv4Address(data[4:8]), port
    if family == _INET6 and len(data) >= 24:
        address = ipaddress.IPv6Address(data[8:24])
        return address.ipv4_mapped or address, port
    return None


def _unmapped_network(network: Network) -> Network:
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is None or network.prefixlen < 96:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - 96))

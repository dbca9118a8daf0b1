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
from collections.abc import Sequence
from typing import Final, Union

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

_SADDR = re.compile(r"(?:\A| )saddr=([0-9A-F]{16,48})")  # as much as IPv6 takes
_INET: Final = 2
_INET6: Final = 10
_MAPPED: Final = 0xFFFF
"""What stands before an IPv4 address in its last 32 bits, in one that is mapped."""
_PORT = re.compile(r"(.*):([0-9]{1,5})")


class Wanted:
    """An address, a network, a port, or both.

    version: 4 or 6, 0 if any address will do.
    bits: so many at the end of an address decide nothing; network: the others, as a number.
    port: -1 if any will do.
    """

    __slots__ = ("bits", "network", "port", "version")

    def __init__(self, network: Network | None, port: int | None) -> None:
        self.version = network.version if network is not None else 0
        self.bits = network.max_prefixlen - network.prefixlen if network is not None else 0
        self.network = int(network.network_address) >> self.bits if network is not None else 0
        self.port = -1 if port is None else port


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


def is_wanted(body: str, wanted: Sequence[Wanted]) -> bool:
    """Return whether the body of a SOCKADDR record names one of the addresses."""
    found = _SADDR.search(body)
    if found is None:
        return False
    digits = found.group(1)
    data = bytes.fromhex(digits[: len(digits) & ~1])
    version, host = _read(data)
    if not version:
        return False
    port = data[2] << 8 | data[3]
    for entry in wanted:
        if entry.port in (-1, port) and (
            not entry.version or (entry.version == version and host >> entry.bits == entry.network)
        ):
            return True
    return False


def _read(data: bytes) -> tuple[int, int]:
    """The version and the number of an IP address; 0 for another family."""
    if 0 not in data[:2]:
        return 0, 0
    family = data[0] or data[1]
    if family == _INET:
        return 4, int.from_bytes(data[4:8], "big")
    if family == _INET6 and len(data) >= 24:
        host = int.from_bytes(data[8:24], "big")
        return (4, host & 0xFFFFFFFF) if host >> 32 == _MAPPED else (6, host)
    return 0, 0


def _unmapped_network(network: Network) -> Network:
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is None or network.prefixlen < 96:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - 96))

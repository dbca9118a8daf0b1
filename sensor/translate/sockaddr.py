"""Socket addresses: the bytes of SOCKADDR's `saddr` to what they mean.

    saddr=020000357F0000010000000000000000   {"saddr_fam":"inet","addr":"127.0.0.1","port":53}
    saddr=01002F6465762F6C6F6700             {"saddr_fam":"local","kind":"pathname","path":"/dev/log"}
    saddr=010000796573                       {"saddr_fam":"local","kind":"abstract","path":"yes"}

The kernel writes as many bytes as the program gave, in the program's memory layout
(include/linux/socket.h and the headers of the address families). Byte order needs no
architecture: the first two bytes are the family, a number below 256 in the host's
order, so one of them is 0 and its place shows the order. Only AF_UNSPEC is 0 twice,
and there is nothing behind it.

An address that is shorter than its family's has its family and nothing else.
"""

from __future__ import annotations

import socket
import struct
from typing import Callable, NamedTuple

from sensor.audit.fields import Fields
from sensor.tables import address_families, flags

_BIG, _LITTLE = ">", "<"


class AddressLayout(NamedTuple):
    """How addresses are read.

    layout: for struct, from behind the family; what is big-endian on every host is taken as bytes.
    members: the values of that layout to members.
    least: bytes that must be there, if an address may end before its layout does; the rest is zero.
    """

    layout: str
    members: Callable[..., Fields]
    least: int = 0

    def read(self, data: bytes, order: str) -> Fields:
        """The members of an address, of which `data` is what follows the family; none if it is too short."""
        layout = order + self.layout
        size = struct.calcsize(layout)
        if len(data) < (self.least or size):
            return {}
        return self.members(*struct.unpack_from(layout, data.ljust(size, b"\0")))


def decode_sockaddr(data: bytes) -> Fields | None:
    """The members that an address has; None if it is too short for its family."""
    if len(data) < 2:
        return None
    order, number = (_BIG, data[1]) if data[0] == 0 else (_LITTLE, data[0])
    family = address_families.name(number) if 0 in data[:2] else None
    rest = data[2:]
    members: Fields = {"saddr_fam": family or f"unknown({struct.unpack_from(order + 'H', data)[0]})"}
    if family == "local":
        members.update(_unix(rest))
    elif family == "bluetooth":
        members.update(_bluetooth(rest, order))
    elif family in _SHAPES:
        members.update(_SHAPES[family].read(rest, order))
    return members


def _unix(path: bytes) -> Fields:
    """A path up to its NUL; or a name that begins with a NUL, of which those at the end are mostly padding."""
    if not path:
        return {"kind": "unnamed", "path": None}
    if path[0]:
        return {"kind": "pathname", "path": _text(path)}
    return {"kind": "abstract", "path": path[1:].rstrip(b"\0").decode("latin-1")}


def _inet(port: bytes, addr: bytes) -> Fields:
    return {"addr": socket.inet_ntop(socket.AF_INET, addr), "port": _big(port)}


def _inet6(port: bytes, flowinfo: bytes, addr: bytes, scope: int) -> Fields:
    text = socket.inet_ntop(socket.AF_INET6, addr)
    members: Fields = {"addr": text, "port": _big(port), "flowinfo": _big(flowinfo), "scope_id": scope}
    if addr[:12] == b"\0" * 10 + b"\xff\xff":
        members["addr_v4"] = socket.inet_ntop(socket.AF_INET, addr[12:])
    return members


def _ax25(call: bytes) -> Fields:
    """Six characters and a station's number, each shifted left by one bit, as on the air."""
    name = bytes(byte >> 1 for byte in call[:6]).decode("latin-1").rstrip()
    station = call[6] >> 1 & 0xF
    return {"call": f"{name}-{station}" if station else name}


def _ipx(port: bytes, network: bytes, node: bytes, kind: int) -> Fields:
    return {"network": f"{_big(network):#x}", "node": node.hex(), "port": _big(port), "type": kind}


def _packet(protocol: bytes, ifindex: int, length: int, addr: bytes) -> Fields:
    return {"protocol": flags.constant("ethernet", _big(protocol)), "ifindex": ifindex, "addr": addr[:length].hex()}


def _tipc(kind: int, scope: int, first: int, second: int, third: int) -> Fields:
    members: Fields = {"scope": scope}
    if kind == 1:
        members.update({"service": first, "lower": second, "upper": third})
    elif kind == 2:
        members.update({"service": first, "instance": second, "domain": third})
    elif kind == 3:
        members.update({"ref": first, "node": f"{second:#x}"})
    return members


def _bluetooth(data: bytes, order: str) -> Fields:
    """Four protocols share the family, and only the length distinguishes them."""
    for shape in _BLUETOOTH:
        members = shape.read(data, order)
        if members:
            return members
    return {}


def _l2cap(psm: bytes, addr: bytes, cid: bytes) -> Fields:
    return {"addr": _mac(addr), "psm": int.from_bytes(psm, "little"), "cid": int.from_bytes(cid, "little")}


def _mac(addr: bytes) -> str:
    return addr[::-1].hex(":")


def _big(number: bytes) -> int:
    return int.from_bytes(number, "big")


def _text(padded: bytes) -> str:
    return padded.partition(b"\0")[0].decode("latin-1")


_SHAPES: dict[str, AddressLayout] = {
    "inet": AddressLayout("2s4s", _inet),
    "ax25": AddressLayout("7s", _ax25),
    "ipx": AddressLayout("2s4s6sB", _ipx),
    "atmpvc": AddressLayout("2xhhi", lambda itf, vpi, vci: {"itf": itf, "vpi": vpi, "vci": vci}),
    "x25": AddressLayout("16s", lambda addr: {"addr": _text(addr)}),
    "inet6": AddressLayout("2s4s16sI", _inet6, least=22),
    "netlink": AddressLayout("2xII", lambda pid, groups: {"pid": pid, "groups": f"{groups:#x}"}),
    "packet": AddressLayout("2si3xB8s", _packet),
    "can": AddressLayout("2xi", lambda ifindex: {"ifindex": ifindex}),
    "tipc": AddressLayout("BbIII", _tipc),
    "alg": AddressLayout("14s8x64s", lambda type, name: {"alg_type": _text(type), "alg_name": _text(name)}),
    "nfc": AddressLayout("2xIII", lambda dev, target, proto: {"device": dev, "target": target, "nfc_protocol": proto}),
    "vsock": AddressLayout("2xII", lambda port, cid: {"cid": cid, "port": port}),
    "qipcrtr": AddressLayout("2xII", lambda node, port: {"node": f"{node:#x}", "port": port}),
    "smc": AddressLayout("2s4s", _inet),
    "xdp": AddressLayout("2xII", lambda ifindex, queue: {"ifindex": ifindex, "queue": queue}),
    "mctp": AddressLayout("2xIB", lambda network, addr: {"network": f"{network:#x}", "eid": addr}),
}
"""Family → shape of its addresses, those of variable form left out. Members of one name have one JSON type in all."""

_BLUETOOTH = (
    AddressLayout("2s6s2s2x", _l2cap),
    AddressLayout("6sB", lambda addr, channel: {"addr": _mac(addr), "channel": channel}),  # RFCOMM
    AddressLayout("6s", lambda addr: {"addr": _mac(addr)}),  # SCO
    AddressLayout("HH", lambda device, channel: {"device": device, "channel": channel}),  # HCI
)

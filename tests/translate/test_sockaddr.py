"""Socket addresses of every family, in either byte order, whole, short and of natural length."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.translate.sockaddr import decode_sockaddr

INET = bytes([0, 53, 127, 0, 0, 1])
MAPPED = b"\x1f\x90" + bytes(4) + bytes(10) + b"\xff\xff" + bytes([192, 0, 2, 7])
V6 = b"\x00\x50" + (0x12345).to_bytes(4, "big") + bytes.fromhex("20010db8000000000000000000000001")

# family, what follows it ("=" stands for the byte order under test), members without saddr_fam
CASES: list[tuple[str, int, str, tuple[Any, ...], dict[str, Any]]] = [
    ("unspecified", 0, "14s", (bytes(14),), {}),
    ("local", 1, "8s", (b"/dev/log",), {"kind": "pathname", "path": "/dev/log"}),
    ("local", 1, "108s", (b"/run/x\0junk",), {"kind": "pathname", "path": "/run/x"}),
    ("local", 1, "4s", (b"/\xc3\xa4\xff",), {"kind": "pathname", "path": "/\xc3\xa4\xff"}),
    ("local", 1, "6s", (b"\0a\0b\0\0",), {"kind": "abstract", "path": "a\0b"}),
    ("local", 1, "0s", (b"",), {"kind": "unnamed", "path": None}),
    ("inet", 2, "6s8x", (INET,), {"addr": "127.0.0.1", "port": 53}),
    ("inet", 2, "6s", (INET,), {"addr": "127.0.0.1", "port": 53}),
    ("inet", 2, "5s", (INET,), {}),
    ("ax25", 3, "7s7x", (bytes(byte << 1 for byte in b"N0CAL ") + b"\xe2",), {"call": "N0CAL-1"}),
    ("ax25", 3, "7s", (bytes(byte << 1 for byte in b"DL1ABC") + b"\x60",), {"call": "DL1ABC"}),
    (
        "ipx",
        4,
        "2s4s6sBx",
        (b"\0\x04", b"\0\0\0\x01", bytes.fromhex("aabbccddeeff"), 1),
        {"network": "0x1", "node": "aabbccddeeff", "port": 4, "type": 1},
    ),
    ("atmpvc", 8, "2xhhi", (0, 3, 32), {"itf": 0, "vpi": 3, "vci": 32}),
    ("x25", 9, "16s", (b"1234",), {"addr": "1234"}),
    ("inet6", 10, "22sI", (V6, 3), {"addr": "2001:db8::1", "port": 80, "flowinfo": 0x12345, "scope_id": 3}),
    ("inet6", 10, "22s", (V6,), {"addr": "2001:db8::1", "port": 80, "flowinfo": 0x12345, "scope_id": 0}),
    (
        "inet6",
        10,
        "22sI",
        (MAPPED, 0),
        {"addr": "::ffff:192.0.2.7", "port": 8080, "flowinfo": 0, "scope_id": 0, "addr_v4": "192.0.2.7"},
    ),
    ("netlink", 16, "2xII", (4711, 0x5), {"pid": 4711, "groups": "0x5"}),
    (
        "packet",
        17,
        "2siHBB8s",
        (b"\x08\x00", 2, 1, 4, 6, bytes.fromhex("0200c0ffee010000")),
        {"protocol": "ETH_P_IP", "ifindex": 2, "addr": "0200c0ffee01"},
    ),
    ("can", 29, "2xiII", (7, 1, 2), {"ifindex": 7}),
    ("tipc", 30, "BbIII", (1, 2, 18, 0, 9), {"scope": 2, "service": 18, "lower": 0, "upper": 9}),
    ("tipc", 30, "BbIII", (2, 2, 18, 5, 0), {"scope": 2, "service": 18, "instance": 5, "domain": 0}),
    ("tipc", 30, "BbIII", (3, 0, 77, 0x1001001, 0), {"scope": 0, "ref": 77, "node": "0x1001001"}),
    ("bluetooth", 31, "HH", (0xFFFF, 2), {"device": 0xFFFF, "channel": 2}),
    ("bluetooth", 31, "6s", (b"\6\5\4\3\2\1",), {"addr": "01:02:03:04:05:06"}),
    ("bluetooth", 31, "6sBx", (b"\6\5\4\3\2\1", 9), {"addr": "01:02:03:04:05:06", "channel": 9}),
    (
        "bluetooth",
        31,
        "2s6s2sBx",
        (b"\x19\0", b"\6\5\4\3\2\1", b"\x40\0", 0),
        {"addr": "01:02:03:04:05:06", "psm": 25, "cid": 64},
    ),
    ("alg", 38, "14sII64s", (b"hash", 0, 0, b"sha256"), {"alg_type": "hash", "alg_name": "sha256"}),
    ("nfc", 39, "2xIII", (0, 1, 3), {"device": 0, "target": 1, "nfc_protocol": 3}),
    ("vsock", 40, "2xII4x", (1024, 2), {"cid": 2, "port": 1024}),
    ("qipcrtr", 42, "2xII", (0x10, 15), {"node": "0x10", "port": 15}),
    ("smc", 43, "6s8x", (INET,), {"addr": "127.0.0.1", "port": 53}),
    ("xdp", 44, "HIII", (4, 2, 1, 0), {"ifindex": 2, "queue": 1}),
    ("mctp", 45, "2xIBBBx", (1, 8, 0, 0), {"network": "0x1", "eid": 8}),
    ("phonet", 35, "14x", (), {}),
]


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize(("name", "number", "layout", "values", "members"), CASES)
def test_an_address_shows_what_it_holds(
    order: str, name: str, number: int, layout: str, values: tuple[Any, ...], members: dict[str, Any]
) -> None:
    data = struct.pack(f"{order}H{layout}", number, *values)
    assert decode_sockaddr(data) == {"saddr_fam": name, **members}


@pytest.mark.parametrize(
    ("data", "members"),
    [
        (b"", None),
        (b"\x02", None),
        (b"\x63\x00", {"saddr_fam": "unknown(99)"}),
        (b"\x00\x63", {"saddr_fam": "unknown(99)"}),
        (b"\x02\x01", {"saddr_fam": "unknown(258)"}),
    ],
)
def test_no_family_is_made_up(data: bytes, members: dict[str, Any] | None) -> None:
    assert decode_sockaddr(data) == members


@given(st.binary(max_size=130), st.integers(0, 46))
def test_any_bytes_give_members_of_one_type_each(rest: bytes, family: int) -> None:
    types = {name: type(value) for _, _, _, _, members in CASES for name, value in members.items() if value is not None}
    for order in ("<", ">"):
        members = decode_sockaddr(struct.pack(f"{order}H", family) + rest)
        assert members is not None
        for name, value in members.items():
            assert value is None or type(value) is types.get(name, str)

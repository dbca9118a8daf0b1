"""Addresses in all the forms that LAUREL takes, mapped ones too, against what kernels of both byte orders write."""

from __future__ import annotations

import socket
import struct

import pytest

from sensor.stages.filters.addresses import is_wanted, parse_wanted


def saddr(address: str, port: int, order: str = "<") -> str:
    if ":" in address:
        data = struct.pack(order + "H", 10) + struct.pack(">HI", port, 0) + socket.inet_pton(socket.AF_INET6, address)
        data += bytes(4)
    else:
        data = struct.pack(order + "H", 2) + struct.pack(">H", port) + socket.inet_aton(address) + bytes(8)
    return f"saddr={data.hex().upper()}"


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("wanted", "address", "port", "expected"),
    [
        ("10.0.0.1", "10.0.0.1", 1, True),
        ("10.0.0.1", "10.0.0.2", 1, False),
        ("10.0.0.0/8", "10.9.9.9", 1, True),
        ("10.0.0.1/8", "10.9.9.9", 1, True),
        ("10.0.0.0/8", "11.0.0.0", 1, False),
        ("10.0.0.1:53", "10.0.0.1", 53, True),
        ("10.0.0.1:53", "10.0.0.1", 54, False),
        ("10.0.0.0/8:53", "10.1.1.1", 53, True),
        ("10.0.0.0/8:53", "10.1.1.1", 54, False),
        ("*:53", "1.2.3.4", 53, True),
        ("*:53", "2001:db8::1", 53, True),
        ("*:53", "1.2.3.4", 80, False),
        ("fe80::1", "fe80::1", 0, True),
        ("fe80::/10", "fe81::1", 65535, True),
        ("[fe80::1]:53", "fe80::1", 53, True),
        ("[fe80::/10]:53", "fe80::2", 53, True),
        ("[fe80::/10]:53", "fe80::2", 80, False),
        ("[fe80::1]", "fe80::1", 80, True),
        ("::1", "::1", 80, True),
        ("10.0.0.1", "::ffff:10.0.0.1", 1, True),
        ("::ffff:10.0.0.1", "10.0.0.1", 1, True),
        ("::ffff:10.0.0.0/104", "10.9.9.9", 1, True),
        ("::/0", "::ffff:10.0.0.1", 1, False),
        ("0.0.0.0/0", "::1", 1, False),
    ],
)
def test_addresses_are_found(wanted, address, port, expected, order):
    assert is_wanted(saddr(address, port, order), [parse_wanted("192.0.2.1"), parse_wanted(wanted)]) == expected


@pytest.mark.parametrize(
    "body",
    [
        "",
        "saddr=",
        "saddr=0200",
        "saddr=02000035",
        "saddr=0A0000350000000020010DB8",
        "saddr=01002F6465762F6C6F6700",
        "saddr=0202003501020304FF",
        "saddr=02000035010203040",
        "xsaddr=0200003501020304",
        "saddr=100000000000000000000000",
        "saddr=zz000035C0A80001",
    ],
)
def test_what_is_no_such_address_is_not_found(body):
    wanted = [parse_wanted("0.0.0.0/1"), parse_wanted("::/0"), parse_wanted("*:0")]
    assert is_wanted(body, wanted) == (body == "saddr=02000035010203040")


@pytest.mark.parametrize("address", ["10.0.0.1", "fe80::1"])
def test_what_a_program_leaves_behind_an_address_does_not_matter(address):
    assert is_wanted(saddr(address, 53) + "FF" * 200, [parse_wanted("*:53")])
    assert is_wanted(saddr(address, 53) + "FF" * 200, [parse_wanted(address)])


def test_what_auditd_adds_does_not_matter():
    body = saddr("10.0.0.1", 53) + "\x1dSADDR={ saddr_fam=inet laddr=10.0.0.1 lport=53 }"
    assert is_wanted(body, [parse_wanted("*:53")])


@pytest.mark.parametrize(
    "text", ["", "*", "*:", "*:99999", "10.0.0", "10.0.0.0/33", "example.org", "[fe80::1", "::1:x"]
)
def test_nonsense_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_wanted(text)

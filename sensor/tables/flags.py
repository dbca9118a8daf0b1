"""Spells out numbers that mean something: flags by name, constants by name, modes in octal, descriptors signed.

How a number is to be read is its form. A form is the name of a table of constants (`open`, `ptrace`), or one of

    fd int pid uid    a C int: signed                        -1, 3
    long              a machine word: signed                 4096
    hex               a bit pattern                          "0xfee1dead"
    mode              permission bits                        "0o600"
    dirfd             a descriptor or the working directory  "AT_FDCWD", "3"
    keyring           a key's number or a special keyring    "KEY_SPEC_SESSION_KEYRING", "1234"
    packet_protocol   an Ethernet type in network order      "ETH_P_ALL"
    file_mode         type and permissions                   "-rw-r--r--"
    capability        one capability                         "cap_net_raw"
    uring_op          an operation of io_uring               "openat"
    capabilities      a set of capabilities                  ["cap_net_raw"]
    seccomp_return    what a filter returned, data left out  "SECCOMP_RET_ERRNO"

A table of flags gives a list, any other a string, so that a form always has one JSON type:

    open, 0x80241 on x86_64     ["O_WRONLY", "O_CREAT", "O_TRUNC", "O_CLOEXEC"]
    open, 0x84000 on aarch64    ["O_RDONLY", "O_DIRECTORY", "O_CLOEXEC"]
    ptrace, 0x10                "PTRACE_ATTACH"

Bits and values without a name come as hex digits. The tables here are those no user-space header has.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple, Union

from sensor.tables import capabilities, constants, signals, uring_ops
from sensor.tables.arches import X86_64, abi, is_64bit, is_little_endian
from sensor.tables.constants_table import FLAGS

__all__ = ["Spelling", "constant", "flag_names", "spell"]

#: What a number is spelled as.
Spelling = Union[str, int, list[str]]

_ENUMS: dict[str, str] = {
    "socket_family": (
        "AF_UNSPEC=0 AF_UNIX=1 AF_INET=2 AF_AX25=3 AF_IPX=4 AF_APPLETALK=5 AF_NETROM=6 AF_BRIDGE=7 AF_ATMPVC=8"
        " AF_X25=9 AF_INET6=10 AF_ROSE=11 AF_DECnet=12 AF_NETBEUI=13 AF_SECURITY=14 AF_KEY=15 AF_NETLINK=16"
        " AF_PACKET=17 AF_ASH=18 AF_ECONET=19 AF_ATMSVC=20 AF_RDS=21 AF_SNA=22 AF_IRDA=23 AF_PPPOX=24 AF_WANPIPE=25"
        " AF_LLC=26 AF_IB=27 AF_MPLS=28 AF_CAN=29 AF_TIPC=30 AF_BLUETOOTH=31 AF_IUCV=32 AF_RXRPC=33 AF_ISDN=34"
        " AF_PHONET=35 AF_IEEE802154=36 AF_CAIF=37 AF_ALG=38 AF_NFC=39 AF_VSOCK=40 AF_KCM=41 AF_QIPCRTR=42 AF_SMC=43"
        " AF_XDP=44 AF_MCTP=45"
    ),
    "sockopt_level": (
        "SOL_IP=0 SOL_SOCKET=1 SOL_TCP=6 SOL_UDP=17 SOL_IPV6=41 SOL_ICMPV6=58 SOL_SCTP=132 SOL_UDPLITE=136 SOL_RAW=255"
        " SOL_IPX=256 SOL_AX25=257 SOL_ATALK=258 SOL_NETROM=259 SOL_ROSE=260 SOL_DECNET=261 SOL_X25=262 SOL_PACKET=263"
        " SOL_ATM=264 SOL_AAL=265 SOL_IRDA=266 SOL_NETBEUI=267 SOL_LLC=268 SOL_DCCP=269 SOL_NETLINK=270 SOL_TIPC=271"
        " SOL_RXRPC=272 SOL_PPPOL2TP=273 SOL_BLUETOOTH=274 SOL_PNPIPE=275 SOL_RDS=276 SOL_IUCV=277 SOL_CAIF=278"
        " SOL_ALG=279 SOL_NFC=280 SOL_KCM=281 SOL_TLS=282 SOL_XDP=283 SOL_MPTCP=284 SOL_MCTP=285 SOL_SMC=286"
        " SOL_VSOCK=287"
    ),
    "socket_type": "SOCK_STREAM=1 SOCK_DGRAM=2 SOCK_RAW=3 SOCK_RDM=4 SOCK_SEQPACKET=5 SOCK_DCCP=6 SOCK_PACKET=10",
    "open_access": "O_RDONLY=0 O_WRONLY=1 O_RDWR=2",
    "shutdown": "SHUT_RD=0 SHUT_WR=1 SHUT_RDWR=2",
    "syslog": (
        "SYSLOG_ACTION_CLOSE=0 SYSLOG_ACTION_OPEN=1 SYSLOG_ACTION_READ=2 SYSLOG_ACTION_READ_ALL=3"
        " SYSLOG_ACTION_READ_CLEAR=4 SYSLOG_ACTION_CLEAR=5 SYSLOG_ACTION_CONSOLE_OFF=6 SYSLOG_ACTION_CONSOLE_ON=7"
        " SYSLOG_ACTION_CONSOLE_LEVEL=8 SYSLOG_ACTION_SIZE_UNREAD=9 SYSLOG_ACTION_SIZE_BUFFER=10"
    ),
    "audit_list": "user=0 task=1 entry=2 watch=3 exit=4 exclude=5 filesystem=6 io_uring=7",
    "fanotify_response": "FAN_ALLOW=1 FAN_DENY=2",
}
_FLAGS: dict[str, str] = {
    "access": "X_OK=1 W_OK=2 R_OK=4",
    "umount": "MNT_FORCE=1 MNT_DETACH=2 MNT_EXPIRE=4 UMOUNT_NOFOLLOW=8",
    "splice": "SPLICE_F_MOVE=1 SPLICE_F_NONBLOCK=2 SPLICE_F_MORE=4 SPLICE_F_GIFT=8",
    "swapon": "SWAP_FLAG_PREFER=0x8000 SWAP_FLAG_DISCARD=0x10000 SWAP_FLAG_DISCARD_ONCE=0x20000"
    " SWAP_FLAG_DISCARD_PAGES=0x40000",
    "fd_flags": "FD_CLOEXEC=1",
    "timer": "TIMER_ABSTIME=1",
    "futex_flags": "FUTEX_PRIVATE_FLAG=0x80 FUTEX_CLOCK_REALTIME=0x100",
    "sched_flags": "SCHED_RESET_ON_FORK=0x40000000",
    "message": (
        "MSG_OOB=1 MSG_PEEK=2 MSG_DONTROUTE=4 MSG_CTRUNC=8 MSG_PROBE=0x10 MSG_TRUNC=0x20 MSG_DONTWAIT=0x40 MSG_EOR=0x80"
        " MSG_WAITALL=0x100 MSG_FIN=0x200 MSG_SYN=0x400 MSG_CONFIRM=0x800 MSG_RST=0x1000 MSG_ERRQUEUE=0x2000"
        " MSG_NOSIGNAL=0x4000 MSG_MORE=0x8000 MSG_WAITFORONE=0x10000 MSG_BATCH=0x40000 MSG_SOCK_DEVMEM=0x2000000"
        " MSG_ZEROCOPY=0x4000000 MSG_FASTOPEN=0x20000000 MSG_CMSG_CLOEXEC=0x40000000"
    ),
    "socket_flags": "SOCK_NONBLOCK=0x800 SOCK_CLOEXEC=0x80000",
}
#: As above, where an architecture has values of its own.
_OF_ABI: dict[tuple[str, str], str] = {
    ("socket_flags", "alpha"): "SOCK_CLOEXEC=0x200000 SOCK_NONBLOCK=0x40000000",
    ("socket_flags", "mips"): "SOCK_NONBLOCK=0x80 SOCK_CLOEXEC=0x80000",
    ("socket_flags", "parisc"): "SOCK_CLOEXEC=0x200000 SOCK_NONBLOCK=0x40000000",
    ("socket_flags", "sparc"): "SOCK_NONBLOCK=0x4000 SOCK_CLOEXEC=0x400000",
    ("socket_type", "mips"): "SOCK_DGRAM=1 SOCK_STREAM=2 SOCK_RAW=3 SOCK_RDM=4 SOCK_SEQPACKET=5 SOCK_DCCP=6",
    **{
        ("sockopt_level", family): _ENUMS["sockopt_level"].replace("SOL_SOCKET=1 ", "SOL_SOCKET=0xffff ")
        for family in ("alpha", "mips", "parisc", "sparc")
    },
}


class _Mixed(NamedTuple):
    """Flags with a number among them: the bits of `mask` are a constant of `number`, the rest are of `flags`."""

    mask: int
    number: str
    flags: str


_MIXED: dict[str, _Mixed] = {
    "open": _Mixed(0x3, "open_access", "open"),
    "mmap": _Mixed(0xF, "mmap", "mmap"),
    "clone": _Mixed(0xFF, "signal", "clone"),
    "socket_type": _Mixed(0xF, "socket_type", "socket_flags"),
    "futex": _Mixed(0x7F, "futex", "futex_flags"),
    "personality": _Mixed(0xFF, "personality", "personality_flags"),
    "sched": _Mixed(0xFF, "sched", "sched_flags"),
    "ipc_get": _Mixed(0x1FF, "mode", "ipc_get"),
}
#: The namespace flags alone, where no signal is among them.
_SAME = {"unshare": "clone"}
#: Values that are no set of flags: personality(0xffffffff) asks.
_WHOLE = {("personality", 0xFFFFFFFF)}
#: What no bit at all is called.
_ZERO = {"access": "F_OK", "mmap_prot": "PROT_NONE"}
_BIT_TABLES = frozenset([*FLAGS.split(), *_FLAGS, *_MIXED, *_SAME])
_AT_FDCWD = -100
_LARGEST_MODE = 0xFFFF  # umode_t


@cache  # as many as there are tables and architectures
def _names(table: str, family: str) -> dict[int, str]:
    table = _SAME.get(table, table)
    by_hand = _OF_ABI.get((table, family)) or _ENUMS.get(table) or _FLAGS.get(table)
    return constants.parse(by_hand) if by_hand is not None else constants.names(table, family)


@cache  # the same
def _bits(table: str, family: str) -> tuple[tuple[int, str], ...]:
    """Flags of `table`, those of several bits first: O_SYNC before O_DSYNC."""
    names = _names(table, family).items()
    return tuple(sorted(names, key=lambda item: (-bin(item[0]).count("1"), item[0])))


def constant(table: str, value: int, arch: int = X86_64) -> str:
    """Name of the constant of `table` that has `value`, or hex digits.

    Raises:
        KeyError: there is no such table.
    """
    if table == "signal":
        return signals.name(value, arch) or (str(value) if value == 0 else f"{value:#x}")
    return _names(table, abi(arch)).get(value) or f"{value:#x}"


@lru_cache(maxsize=4096)
def flag_names(table: str, value: int, arch: int = X86_64) -> tuple[str, ...]:
    """Names of the bits of `value`, lowest first; what remains comes last, as hex digits.

    Raises:
        KeyError: there is no such table.
    """
    if (table, value) in _WHOLE:
        return (f"{value:#x}",)
    mixed = _MIXED.get(table)
    names = []
    if mixed is not None:
        number, value, table = value & mixed.mask, value & ~mixed.mask, mixed.flags
        if mixed.number == "mode":
            names.append(_octal(number))
        elif number or mixed.number not in ("signal", "mmap"):
            names.append(constant(mixed.number, number, arch))
    elif value == 0 and table in _ZERO:
        return (_ZERO[table],)
    found = []
    for bits, name in _bits(table, abi(arch)):
        if bits and value & bits == bits:
            found.append((bits, name))
            value &= ~bits
    names += [name for _, name in sorted(found)]
    return (*names, f"{value:#x}") if value else tuple(names)


def _octal(value: int) -> str:
    return f"0o{value:o}"


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def spell(form: str, value: int, arch: int = X86_64) -> Spelling:
    """What `value`, an argument or a field, means in `form`; `value` is unsigned, as wide as the record gave it.

    Raises:
        KeyError: there is no such form.
    """
    read = _READ.get(form)
    if read is not None:
        return read(value, arch)
    if form in _BIT_TABLES:
        return list(flag_names(form, value if form == "clone" else value & 0xFFFFFFFF, arch))
    return constant(form, value & 0xFFFFFFFF, arch)


def _dirfd(value: int, _arch: int) -> str:
    number = _signed(value, 32)
    return "AT_FDCWD" if number == _AT_FDCWD else str(number)


def _keyring(value: int, arch: int) -> str:
    number = _signed(value, 32)
    return constant("keyring", number, arch) if number < 0 else str(number)


def _packet_protocol(value: int, arch: int) -> str:
    network_order = value & 0xFFFF
    swapped = (network_order >> 8 | network_order << 8) & 0xFFFF
    return constant("ethernet", swapped if is_little_endian(arch) else network_order, arch)


def _capability(value: int, _arch: int) -> str:
    return capabilities.name(value) or str(value)


def _uring_op(value: int, _arch: int) -> str:
    return uring_ops.name(value) or str(value)


def _seccomp_return(value: int, arch: int) -> str:
    return constant("seccomp_action", value & 0xFFFF0000, arch)


def _int(value: int, _arch: int) -> int:
    return _signed(value, 32)


#: Forms that are no table of constants.
_READ: dict[str, Callable[[int, int], Spelling]] = {
    "fd": _int,
    "int": _int,
    "pid": _int,
    "uid": lambda value, _arch: value & 0xFFFFFFFF,
    "long": lambda value, arch: _signed(value, 64 if is_64bit(arch) else 32),
    "hex": lambda value, _arch: f"{value:#x}",
    "mode": lambda value, _arch: _octal(value & 0xFFFF),
    "dirfd": _dirfd,
    "file_mode": lambda value, _arch: stat.filemode(value) if value <= _LARGEST_MODE else str(value),
    "capability": _capability,
    "capabilities": lambda value, _arch: list(capabilities.decode(value)),
    "uring_op": _uring_op,
    "seccomp_return": _seccomp_return,
    "keyring": _keyring,
    "packet_protocol": _packet_protocol,
}

"""Numbers spelled out by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.tables.arches import ARCHES, X86_64
from sensor.tables.flags import Spelling, constant, flag_names, spell

AARCH64, MIPS64, PPC64LE, I386 = 0xC00000B7, 0x80000008, 0xC0000015, 0x40000003


@pytest.mark.parametrize(
    ("form", "value", "arch", "expected"),
    [
        ("fd", 0xFFFFFFFF, X86_64, -1),
        ("fd", 0xFFFFFFFFFFFFFFFF, X86_64, -1),
        ("int", 3, X86_64, 3),
        ("uid", 0xFFFFFFFF, X86_64, 4294967295),
        ("long", 0xFFFFFFFFFFFFFFFF, X86_64, -1),
        ("long", 0xFFFFFFFF, X86_64, 4294967295),
        ("long", 0xFFFFFFFF, I386, -1),
        ("hex", 0xFEE1DEAD, X86_64, "0xfee1dead"),
        ("mode", 0o600, X86_64, "0o600"),
        ("mode", 0o100644, X86_64, "0o100644"),
        ("dirfd", 0xFFFFFF9C, X86_64, "AT_FDCWD"),
        ("dirfd", 0xFFFFFFFFFFFFFF9C, X86_64, "AT_FDCWD"),
        ("dirfd", 3, X86_64, "3"),
        ("keyring", 0xFFFFFFFD, X86_64, "KEY_SPEC_SESSION_KEYRING"),
        ("keyring", 1234, X86_64, "1234"),
        ("packet_protocol", 0x0300, X86_64, "ETH_P_ALL"),
        ("packet_protocol", 0x0003, 0x80000016, "ETH_P_ALL"),
        ("signal", 9, X86_64, "SIGKILL"),
        ("signal", 0, X86_64, "0"),
        ("signal", 10, MIPS64, "SIGBUS"),
        ("capability", 12, X86_64, "cap_net_admin"),
        ("ptrace", 16, X86_64, "PTRACE_ATTACH"),
        ("ptrace", 0x9999, X86_64, "0x9999"),
        ("ioctl", 0x5412, X86_64, "TIOCSTI"),
        ("ioctl", 0x80047476, PPC64LE, "TIOCSPGRP"),
        ("sockopt_level", 1, X86_64, "SOL_SOCKET"),
        ("sockopt_level", 0xFFFF, MIPS64, "SOL_SOCKET"),
        ("sockopt_level", 6, MIPS64, "SOL_TCP"),
        ("reboot", 0xCDEF0123, X86_64, "LINUX_REBOOT_CMD_HALT"),
        ("access", 0, X86_64, ["F_OK"]),
        ("access", 6, X86_64, ["W_OK", "R_OK"]),
        ("open", 0, X86_64, ["O_RDONLY"]),
        ("open", 0x80241, X86_64, ["O_WRONLY", "O_CREAT", "O_TRUNC", "O_CLOEXEC"]),
        ("open", 0x84000, AARCH64, ["O_RDONLY", "O_DIRECTORY", "O_CLOEXEC"]),
        ("open", 0x1000, X86_64, ["O_RDONLY", "O_DSYNC"]),
        ("open", 0x101000, X86_64, ["O_RDONLY", "O_SYNC"]),
        ("open", 0x10000, X86_64, ["O_RDONLY", "O_DIRECTORY"]),
        ("open", 0x410002, X86_64, ["O_RDWR", "O_TMPFILE"]),
        ("open", 0x20, X86_64, ["O_RDONLY", "0x20"]),
        ("mmap", 0x22, X86_64, ["MAP_PRIVATE", "MAP_ANONYMOUS"]),
        ("mmap", 0x802, MIPS64, ["MAP_PRIVATE", "MAP_ANONYMOUS"]),
        ("mmap_prot", 0, X86_64, ["PROT_NONE"]),
        ("mmap_prot", 7, X86_64, ["PROT_READ", "PROT_WRITE", "PROT_EXEC"]),
        ("clone", 0x1200011, X86_64, ["SIGCHLD", "CLONE_CHILD_CLEARTID", "CLONE_CHILD_SETTID"]),
        ("clone", 0x100000000, X86_64, ["CLONE_CLEAR_SIGHAND"]),
        ("unshare", 0x10000080, X86_64, ["CLONE_NEWTIME", "CLONE_NEWUSER"]),
        ("socket_type", 0x80001, X86_64, ["SOCK_STREAM", "SOCK_CLOEXEC"]),
        ("socket_type", 2, MIPS64, ["SOCK_STREAM"]),
        ("futex", 0x189, X86_64, ["FUTEX_WAIT_BITSET", "FUTEX_PRIVATE_FLAG", "FUTEX_CLOCK_REALTIME"]),
        ("ipc_get", 0o1600, X86_64, ["0o600", "IPC_CREAT"]),
        ("personality", 0x40008, X86_64, ["PER_LINUX32", "ADDR_NO_RANDOMIZE"]),
        ("personality", 0xFFFFFFFF, X86_64, ["0xffffffff"]),
        ("mount", 0xC0ED0001, X86_64, ["MS_RDONLY", "MS_MGC_VAL"]),
        ("mount", 0, X86_64, []),
        ("capabilities", 0x3000, X86_64, ["cap_net_admin", "cap_net_raw"]),
    ],
)
def test_spell(form: str, value: int, arch: int, expected: Spelling) -> None:
    assert spell(form, value, arch) == expected


def test_no_such_form() -> None:
    with pytest.raises(KeyError):
        spell("nothing", 1)
    with pytest.raises(KeyError):
        constant("nothing", 1)


@given(
    st.sampled_from(["open", "mmap_prot", "mount", "clone", "statx", "socket_type"]),
    st.integers(0, 2**32 - 1),
    st.sampled_from(sorted(ARCHES)),
)
def test_no_bit_is_lost_and_none_is_named_twice(form: str, value: int, arch: int) -> None:
    names = flag_names(form, value, arch)
    assert len(set(names)) == len(names)
    assert flag_names(form, value, arch) == names
    hexadecimal = [int(name, 16) for name in names if name.startswith("0x")]
    assert all(value & bits == bits for bits in hexadecimal)
    if value:
        assert names

"""Arguments of syscalls, by name and spelled out."""

from __future__ import annotations

from collections import defaultdict

import pytest

from sensor.tables import syscalls
from sensor.tables.arches import ARCHES, X86_64
from sensor.tables.arguments import _CASES, _parsed, arguments, spell_arguments
from sensor.tables.flags import Spelling, spell

CWD = 0xFFFFFF9C
AARCH64, I386, S390X = 0xC00000B7, 0x40000003, 0x80000016


@pytest.mark.parametrize(
    ("syscall", "values", "expected"),
    [
        ("open", [1, 0, 0o7777], {"flags": ["O_RDONLY"]}),
        ("open", [1, 0x41, 0o600], {"flags": ["O_WRONLY", "O_CREAT"], "mode": "0o600"}),
        ("openat", [CWD, 1, 0x41, 0o600], {"dirfd": "AT_FDCWD", "flags": ["O_WRONLY", "O_CREAT"], "mode": "0o600"}),
        ("openat", [5, 1, 0x410002, 0o644], {"dirfd": "5", "flags": ["O_RDWR", "O_TMPFILE"], "mode": "0o644"}),
        ("openat2", [CWD, 1, 2, 24], {"dirfd": "AT_FDCWD", "size": 24}),
        ("mq_open", [1, 0x40, 0o600], {"oflag": ["O_RDONLY", "O_CREAT"], "mode": "0o600"}),
        ("access", [1, 4], {"amode": ["R_OK"]}),
        ("fchmodat", [CWD, 1, 0o4755], {"dirfd": "AT_FDCWD", "mode": "0o4755"}),
        ("fchownat", [CWD, 1, 0, 0xFFFFFFFF], {"dirfd": "AT_FDCWD", "owner": 0, "group": 4294967295}),
        ("unlinkat", [CWD, 1, 0x200], {"dirfd": "AT_FDCWD", "flags": ["AT_REMOVEDIR"]}),
        ("renameat2", [CWD, 1, 7, 2], {"olddirfd": "AT_FDCWD", "newdirfd": "7"}),
        (
            "socket",
            [2, 0x80801, 6],
            {"domain": "AF_INET", "type": ["SOCK_STREAM", "SOCK_NONBLOCK", "SOCK_CLOEXEC"], "protocol": "IPPROTO_TCP"},
        ),
        ("socket", [16, 3, 9], {"domain": "AF_NETLINK", "type": ["SOCK_RAW"], "protocol": "NETLINK_AUDIT"}),
        ("socket", [17, 3, 0x300], {"domain": "AF_PACKET", "type": ["SOCK_RAW"], "protocol": "ETH_P_ALL"}),
        ("socket", [1, 1, 0], {"domain": "AF_UNIX", "type": ["SOCK_STREAM"]}),
        ("setsockopt", [3, 1, 2], {"sockfd": 3, "level": "SOL_SOCKET", "optname": "SO_REUSEADDR"}),
        ("setsockopt", [3, 41, 26], {"sockfd": 3, "level": "SOL_IPV6", "optname": "IPV6_V6ONLY"}),
        ("setsockopt", [3, 286, 1], {"sockfd": 3, "level": "SOL_SMC"}),
        (
            "clone",
            [0x3D0F00, 0, 0, 0],
            {"flags": "VM FS FILES SIGHAND THREAD SYSVSEM SETTLS PARENT_SETTID CHILD_CLEARTID"},
        ),
        ("unshare", [0x10020000], {"flags": ["CLONE_NEWNS", "CLONE_NEWUSER"]}),
        ("setns", [5, 0x40000000], {"fd": 5, "nstype": ["CLONE_NEWNET"]}),
        (
            "mmap",
            [0, 4096, 7, 0x22],
            {
                "length": 4096,
                "prot": ["PROT_READ", "PROT_WRITE", "PROT_EXEC"],
                "flags": ["MAP_PRIVATE", "MAP_ANONYMOUS"],
            },
        ),
        ("mprotect", [0, 4096, 5], {"length": 4096, "prot": ["PROT_READ", "PROT_EXEC"]}),
        ("prctl", [38, 1], {"option": "PR_SET_NO_NEW_PRIVS", "value": 1}),
        ("prctl", [1, 9], {"option": "PR_SET_PDEATHSIG", "sig": "SIGKILL"}),
        ("prctl", [24, 21], {"option": "PR_CAPBSET_DROP", "capability": "cap_sys_admin"}),
        (
            "prctl",
            [47, 2, 10],
            {"option": "PR_CAP_AMBIENT", "operation": "PR_CAP_AMBIENT_RAISE", "capability": "cap_net_bind_service"},
        ),
        ("prctl", [47, 4, 0], {"option": "PR_CAP_AMBIENT", "operation": "PR_CAP_AMBIENT_CLEAR_ALL"}),
        ("prctl", [15, 0x7FFF0000], {"option": "PR_SET_NAME"}),
        ("ptrace", [16, 42, 0, 0], {"request": "PTRACE_ATTACH", "pid": 42}),
        ("ptrace", [0x4206, 42, 0, 0x100000], {"request": "PTRACE_SEIZE", "pid": 42, "options": ["PTRACE_O_EXITKILL"]}),
        ("mount", [1, 2, 3, 0x1020], {"mountflags": ["MS_REMOUNT", "MS_BIND"]}),
        ("umount2", [1, 2], {"flags": ["MNT_DETACH"]}),
        ("fcntl", [3, 4, 0x800], {"fd": 3, "cmd": "F_SETFL", "flags": ["O_RDONLY", "O_NONBLOCK"]}),
        ("fcntl", [3, 0, 10], {"fd": 3, "cmd": "F_DUPFD", "newfd": 10}),
        ("fcntl", [3, 1033, 9], {"fd": 3, "cmd": "F_ADD_SEALS", "seals": ["F_SEAL_SEAL", "F_SEAL_WRITE"]}),
        ("fcntl", [3, 1, 10], {"fd": 3, "cmd": "F_GETFD"}),
        ("kill", [0xFFFFFFFF, 15], {"pid": -1, "sig": "SIGTERM"}),
        ("tgkill", [1, 2, 6], {"tgid": 1, "tid": 2, "sig": "SIGABRT"}),
        ("bpf", [5, 1, 144], {"cmd": "BPF_PROG_LOAD", "size": 144}),
        ("memfd_create", [1, 3], {"flags": ["MFD_CLOEXEC", "MFD_ALLOW_SEALING"]}),
        ("seccomp", [1, 8], {"operation": "SECCOMP_SET_MODE_FILTER", "flags": ["SECCOMP_FILTER_FLAG_NEW_LISTENER"]}),
        ("keyctl", [3, 0xFFFFFFFD], {"operation": "KEYCTL_REVOKE", "keyring": "KEY_SPEC_SESSION_KEYRING"}),
        ("keyctl", [1, 0x7FFF0000], {"operation": "KEYCTL_JOIN_SESSION_KEYRING"}),
        ("ioctl", [0, 0x5412], {"fd": 0, "request": "TIOCSTI"}),
        ("execveat", [CWD, 1, 2, 3], {"dirfd": "AT_FDCWD"}),
        ("finit_module", [3, 1, 4], {"fd": 3, "flags": ["MODULE_INIT_COMPRESSED_FILE"]}),
        ("getpid", [1, 2, 3, 4], {}),
        ("open", [], {}),
        ("open", [1], {}),
    ],
)
def test_spell_arguments(syscall: str, values: list[int], expected: dict[str, Spelling]) -> None:
    short = expected.get("flags")
    if isinstance(short, str):
        expected = {**expected, "flags": [f"CLONE_{flag}" for flag in short.split()]}
    assert spell_arguments(syscall, values) == expected


@pytest.mark.parametrize(
    ("syscall", "values", "arch", "expected"),
    [
        ("openat", [CWD, 1, 0x4000], AARCH64, {"dirfd": "AT_FDCWD", "flags": ["O_RDONLY", "O_DIRECTORY"]}),
        ("clone", [0x7F0000, 0x11], S390X, {"flags": ["SIGCHLD"]}),
        ("mmap", [0xFFFF0000], I386, {}),
        ("mmap2", [0, 4096, 1, 2], I386, {"length": 4096, "prot": ["PROT_READ"], "flags": ["MAP_PRIVATE"]}),
    ],
)
def test_the_architecture_counts(syscall: str, values: list[int], arch: int, expected: dict[str, Spelling]) -> None:
    assert spell_arguments(syscall, values, arch) == expected


def test_every_call_exists_and_every_form_is_known() -> None:
    everywhere = {name for arch in ARCHES for name in syscalls.names(arch).values()}
    assert sorted(set(_parsed()) - everywhere) == []
    for entries in _parsed().values():
        assert len(entries) <= 4
        for entry in entries:
            assert entry == "-" or entry in _CASES or spell(entry.split(":")[1], 1) is not None


def test_an_argument_has_one_type_whatever_the_call() -> None:
    types = defaultdict(set)
    plain = [entry for entries in _parsed().values() for entry in entries if ":" in entry]
    for entry in plain + [case for _, cases in _CASES.values() for case in cases.values()]:
        label, _, form = entry.partition(":")
        types[label].add(type(spell(form, 1)))
    assert {label: found for label, found in types.items() if len(found) > 1} == {}


def test_calls_without_a_show() -> None:
    assert arguments("getpid") == ()
    assert arguments("no_such_call", X86_64) == ()

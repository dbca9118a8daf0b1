"""Fields of records whose numbers have names."""

from __future__ import annotations

import pytest

from sensor.tables.fields import kinds_of
from sensor.tables.flags import Spelling
from sensor.tables.meanings import forms_of, spell_field
from sensor.tables.record_types import NAMES


@pytest.mark.parametrize(
    ("record", "field", "value", "expected"),
    [
        ("ANOM_ABEND", "sig", 11, "SIGSEGV"),
        ("SECCOMP", "code", 0x80000000, "SECCOMP_RET_KILL_PROCESS"),
        ("SECCOMP", "code", 0x5000D, "SECCOMP_RET_ERRNO"),
        ("OPENAT2", "oflag", 0o100302, ["O_RDWR", "O_CREAT", "O_EXCL", "O_LARGEFILE"]),
        ("OPENAT2", "resolve", 0xA, ["RESOLVE_NO_MAGICLINKS", "RESOLVE_BENEATH"]),
        ("MMAP", "flags", 0x2, ["MAP_PRIVATE"]),
        ("PATH", "mode", 0o104755, "-rwsr-xr-x"),
        ("PATH", "mode", 0o40755, "drwxr-xr-x"),
        ("PATH", "cap_fp", 0x2000, ["cap_net_raw"]),
        ("CAPSET", "cap_pe", 0, []),
        ("BPRM_FCAPS", "old_pp", 0x3, ["cap_chown", "cap_dac_override"]),
        ("AVC", "capability", 21, "cap_sys_admin"),
        ("AVC", "capability", 99, "99"),
        ("AVC", "ioctlcmd", 0x5401, "TCGETS"),
        ("CONFIG_CHANGE", "list", 4, "exit"),
        ("NETFILTER_CFG", "family", 2, "NFPROTO_IPV4"),
        ("NETFILTER_PKT", "proto", 6, "IPPROTO_TCP"),
        ("FANOTIFY", "resp", 2, "FAN_DENY"),
        ("URINGOP", "uring_op", 18, "openat"),
        ("SYSCALL", "per", 0x40000, ["PER_LINUX", "ADDR_NO_RANDOMIZE"]),
        ("MQ_NOTIFY", "sigev_signo", 10, "SIGUSR1"),
        ("SYSCALL", "pid", 1, None),
        ("USER_LOGIN", "sig", 9, None),
    ],
)
def test_spell_field(record: str, field: str, value: int, expected: Spelling | None) -> None:
    assert spell_field(record, field, value) == expected


def test_every_field_with_a_meaning_is_a_number() -> None:
    for record in NAMES.values():
        kinds = kinds_of(record)
        words = {field for field in forms_of(record) if kinds.get(field) not in ("decimal", "hex", "octal")}
        assert words <= {"oflag"}  # hexadecimal in MQ_OPEN, octal in OPENAT2


def test_the_architecture_of_the_event_counts() -> None:
    assert spell_field("ANOM_ABEND", "sig", 10, 0x80000008) == "SIGBUS"

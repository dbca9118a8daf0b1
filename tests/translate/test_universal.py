"""Numbers of one record to names: each kind of number, what has no name, and what auditd had translated itself."""

from __future__ import annotations

from typing import Any

import pytest

from sensor.audit.naming import Naming
from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.translate.universal import Universal


def translated(name: str, body: str, prefix: str = "") -> dict[str, Any]:
    """What is added to the fields of a record, or changed."""
    plain = RecordDecoder(TransformOptions(), (), 16).parse(name, body)
    transform = Universal(Naming(prefix)).transform
    fields = RecordDecoder(TransformOptions(), (transform,), 16).parse(name, body)
    assert set(plain) - set(fields) <= {"ARCH", "SYSCALL", "SADDR"}
    return {key: value for key, value in fields.items() if key not in plain or plain[key] != value}


CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("SYSCALL", "arch=c000003e syscall=59", {"ARCH": "x86_64", "SYSCALL": "execve"}),
    ("SYSCALL", "arch=40000003 syscall=11", {"ARCH": "i386", "SYSCALL": "execve"}),
    ("SYSCALL", "arch=c00000b7 syscall=221", {"ARCH": "aarch64", "SYSCALL": "execve"}),
    ("SYSCALL", "arch=80000016 syscall=11", {"ARCH": "s390x", "SYSCALL": "execve"}),
    ("SYSCALL", "arch=c0000102 syscall=221", {"ARCH": "loongarch64", "SYSCALL": "execve"}),
    ("SYSCALL", "arch=c000003e syscall=1073742344", {"ARCH": "x86_64", "SYSCALL": "execve"}),
    ("SYSCALL", "arch=c000003e syscall=99999", {"ARCH": "x86_64"}),
    ("SYSCALL", "arch=1234567 syscall=59", {}),
    ("SYSCALL", "arch=? syscall=59", {}),
    ("SYSCALL", "syscall=59", {}),
    ("SYSCALL", "arch=c000003e syscall=135 per=400000", {"ARCH": "x86_64", "SYSCALL": "personality", "PER": True}),
    ("SYSCALL", 'uid=0 key="x"\x1dARCH=x86_64 SYSCALL=execve UID="root"', {}),
    (
        "SECCOMP",
        "auid=1000 sig=31 arch=c000003e syscall=203 compat=0 ip=0x7f5a code=0x80000000",
        {"ARCH": "x86_64", "SYSCALL": "sched_setaffinity", "SIG": "SIGSYS", "CODE": "SECCOMP_RET_KILL_PROCESS"},
    ),
    ("ANOM_ABEND", 'auid=1000 comm="x" sig=11 res=1', {"SIG": "SIGSEGV"}),
    ("ANOM_ABEND", "sig=0", {}),
    ("MQ_NOTIFY", "mqdes=3 sigev_signo=10", {"SIGEV_SIGNO": "SIGUSR1"}),
    ("URINGOP", "uring_op=18 success=no exit=-13 items=1", {"URING_OP": "openat", "EXIT": "EACCES"}),
    ("URINGOP", "uring_op=18 success=yes exit=3", {"URING_OP": "openat"}),
    ("URINGOP", "uring_op=999 success=no exit=-9999", {}),
    ("PATH", 'item=0 name="/x" mode=0104755 cap_fp=0', {"MODE": "-rwsr-xr-x"}),
    ("PATH", "item=0 mode=041777 cap_fp=2000 cap_fi=0", {"MODE": "drwxrwxrwt", "CAP_FP": ["cap_net_raw"]}),
    ("PATH", "item=0 name=(null) nametype=UNKNOWN", {}),
    ("PATH", "item=0 mode=0177777", {}),
    ("PATH", "item=0 mode=0200000", {}),
    ("PATH", "item=0 mode=07777777777777", {}),
    ("PATH", "item=0 mode=0777777777777777777777", {}),
    ("MQ_OPEN", "oflag=0x42 mode=0600", {"OFLAG": ["O_RDWR", "O_CREAT"]}),
    ("OPENAT2", "oflag=0100302 mode=0600 resolve=0xa", {"OFLAG": True, "RESOLVE": True}),
    ("CAPSET", "pid=2 cap_pi=0 cap_pp=3 cap_pe=0 cap_pa=0", {"CAP_PP": ["cap_chown", "cap_dac_override"]}),
    ("BPRM_FCAPS", "fver=2 fp=2000 old_pp=0 pe=400", {"FP": ["cap_net_raw"], "PE": ["cap_net_bind_service"]}),
    ("AVC", "avc:  denied  { sys_admin } for  pid=1 capability=21", {"CAPABILITY": "cap_sys_admin"}),
    ("MMAP", "fd=3 flags=0x2", {"FLAGS": ["MAP_PRIVATE"]}),
    ("CONFIG_CHANGE", "op=add_rule list=4 res=1", {"LIST": "exit"}),
    ("USER_CMD", "pid=1 msg='sig=11 mode=0600'", {}),
    ("SOCKADDR", "saddr=0200003501020304", {"SADDR": {"saddr_fam": "inet", "addr": "1.2.3.4", "port": 53}}),
    ("SOCKADDR", "saddr=0000", {"SADDR": {"saddr_fam": "unspecified"}}),
    ("SOCKADDR", "saddr=(null)", {}),
    (
        "SOCKADDR",
        "saddr=0200003501020304\x1dSADDR={ saddr_fam=inet laddr=1.2.3.4 lport=53 }",
        {"SADDR": {"saddr_fam": "inet", "addr": "1.2.3.4", "port": 53}},
    ),
]


@pytest.mark.parametrize(("name", "body", "added"), CASES, ids=[f"{case[0]} {case[1][:30]}" for case in CASES])
def test_names_stand_beside_numbers(name: str, body: str, added: dict[str, Any]) -> None:
    found = translated(name, body)
    assert {key: True if added.get(key) is True else value for key, value in found.items()} == added


def test_auditd_s_own_arch_and_syscall_are_replaced() -> None:
    transform = Universal(Naming()).transform
    decoder = RecordDecoder(TransformOptions(), (transform,), 16)
    enriched = 'arch=c000003e syscall=59 uid=0\x1dARCH=x86_64 SYSCALL=execve UID="root"'
    assert decoder.parse("SYSCALL", enriched) == {
        "arch": "0xc000003e",
        "syscall": 59,
        "uid": 0,
        "UID": "root",
        "ARCH": "x86_64",
        "SYSCALL": "execve",
    }
    assert "ARCH" not in decoder.parse("SYSCALL", enriched.partition("syscall=59 ")[2])


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("PATH", 'mode=0100644 MODE="{}" ouid=0'),
        ("SYSCALL", 'arch=c000003e syscall=59 ARCH="{}" uid=0'),
        ("SOCKADDR", 'saddr=0000 SADDR="{}"'),
        ("MMAP", 'fd=3 flags=0x2 FLAGS="{}"'),
    ],
)
def test_what_stands_where_a_meaning_goes_is_replaced_each_time(name: str, body: str) -> None:
    """Whether the layout is known by then, and what was added to a record that is alike, or not."""
    universal = Universal(Naming())
    decoder = RecordDecoder(TransformOptions(), (universal.transform,), 16)
    decoder.share(universal.concerns)
    words = ["file", "file", "file", "file", "evil"]
    found = [decoder.parse(name, body.format(word)) for word in words]
    cold = RecordDecoder(TransformOptions(), (universal.transform,), 16).parse(name, body.format("evil"))
    assert found[-1] == cold
    assert found[0] == found[-1]


def test_an_enriched_key_bears_the_prefix() -> None:
    assert translated("SYSCALL", "arch=c000003e syscall=59", "x_") == {"x_arch": "x86_64", "x_syscall": "execve"}
    assert set(translated("SOCKADDR", "saddr=0200003501020304", "x_")) == {"x_saddr"}
    assert set(translated("PATH", "mode=0100644", "x_")) == {"x_mode"}


@pytest.mark.parametrize("value", ["0x", "0xzz", "", "?", "-1", "9" * 30, "ffffffffffffffffff"])
@pytest.mark.parametrize("field", ["arch", "syscall", "mode", "sig", "cap_fp", "uring_op", "saddr"])
def test_no_value_is_too_odd(field: str, value: str) -> None:
    for name in ("SYSCALL", "PATH", "SECCOMP", "URINGOP", "SOCKADDR"):
        translated(name, f"arch=c000003e {field}={value}")

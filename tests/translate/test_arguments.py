"""Arguments and errors of system calls: by architecture, remembered within bounds, and quiet where there is nothing."""

from __future__ import annotations

from typing import Any

import pytest

from sensor.audit.event import Event, Template
from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.audit.syscall_decoder import SyscallDecoder
from sensor.translate.arguments import Calls

X86_64, I386, S390X, MIPS = "c000003e", "40000003", "80000016", "8"
RECORDS = RecordDecoder(TransformOptions(), (), 16)
SYSCALLS = SyscallDecoder(RECORDS)


def event(arch: str, number: int, args: str, result: str = "success=yes exit=0") -> Event:
    words = [*args.split(), "0", "0", "0", "0"][:4]
    values = " ".join(f"a{index}={word}" for index, word in enumerate(words))
    body = f"arch={arch} syscall={number} {result} {values} items=0 ppid=1 pid=2 auid=0 uid=0 key=(null)"
    syscall = SYSCALLS.decode(body)
    return Event("1.000:1", "", Template({"SYSCALL": []}), syscall)


def calls(errors: bool = True, arguments: bool = True) -> Calls:
    return Calls(errors, arguments)


def added(event: Event) -> dict[str, Any]:
    """What was added to the SYSCALL record."""
    return {name: value for addition in event.additions for name, value in addition.subject.items()}


CASES = [
    (
        X86_64,
        257,
        "ffffff9c 7ffd 80241 180",
        {"dirfd": "AT_FDCWD", "flags": ["O_WRONLY", "O_CREAT", "O_TRUNC", "O_CLOEXEC"], "mode": "0o600"},
    ),
    (X86_64, 257, "3 7ffd 80000 0", {"dirfd": "3", "flags": ["O_RDONLY", "O_CLOEXEC"]}),
    (X86_64, 41, "2 1 6", {"domain": "AF_INET", "type": ["SOCK_STREAM"], "protocol": "IPPROTO_TCP"}),
    (X86_64, 62, "ffffffff 9", {"pid": -1, "sig": "SIGKILL"}),
    (X86_64, 56, "1200011", {"flags": ["SIGCHLD", "CLONE_CHILD_CLEARTID", "CLONE_CHILD_SETTID"]}),
    (S390X, 120, "0 1200011", {"flags": ["SIGCHLD", "CLONE_CHILD_CLEARTID", "CLONE_CHILD_SETTID"]}),
    (I386, 5, "bfff 241 1b6", {"flags": ["O_WRONLY", "O_CREAT", "O_TRUNC"], "mode": "0o666"}),
    (X86_64, 101, "10 2a", {"request": "PTRACE_ATTACH", "pid": 42}),
    (X86_64, 59, "7ffd 7ffe 7fff 8", None),
    (X86_64, 99999, "1 2 3 4", None),
    ("1234567", 59, "1 2 3 4", None),
]


@pytest.mark.parametrize(("arch", "number", "args", "expected"), CASES)
def test_arguments_have_names(arch: str, number: int, args: str, expected: dict[str, Any] | None) -> None:
    stage = calls(errors=False).stage
    for _ in range(2):  # worked out, then remembered
        made = event(arch, number, args)
        stage(made)
        assert added(made) == ({} if expected is None else {"ARGS": expected})


@pytest.mark.parametrize(
    ("arch", "result", "expected"),
    [
        (X86_64, "success=no exit=-13", "EACCES"),
        (X86_64, "success=no exit=-2", "ENOENT"),
        (X86_64, "success=no exit=-512", "ERESTARTSYS"),
        (X86_64, "success=no exit=-35", "EDEADLK"),
        (MIPS, "success=no exit=-45", "EDEADLK"),
        (X86_64, "success=no exit=-9999", None),
        (X86_64, "success=no exit=0", None),
        (X86_64, "success=no exit=?", None),
        (X86_64, "success=yes exit=-13", None),
        (X86_64, "", None),
    ],
)
def test_a_failure_is_named(arch: str, result: str, expected: str | None) -> None:
    stage = calls(arguments=False).stage
    for _ in range(2):
        made = event(arch, 2, "0", result)
        stage(made)
        assert added(made) == ({"EXIT": expected} if expected else {})


def test_events_that_get_the_same_share_it() -> None:
    stage = calls().stage
    one, other = (event(X86_64, 62, "1 9", "success=no exit=-1") for _ in range(2))
    stage(one)
    stage(other)
    assert added(one) == {"EXIT": "EPERM", "ARGS": {"pid": 1, "sig": "SIGKILL"}}
    assert [id(addition) for addition in one.additions] == [id(addition) for addition in other.additions]


def test_an_event_without_a_system_call_is_left_alone() -> None:
    made = Event("1.000:1", "", Template({}), None)
    calls().stage(made)
    assert made.additions == []


def test_a_record_with_too_few_arguments_or_odd_ones_has_none() -> None:
    stage = calls(errors=False).stage
    for body in ("arch=c000003e syscall=62 a0=1", "arch=c000003e syscall=62 a0=zz a1=? a2=0 a3=0"):
        made = Event("1.000:1", "", Template({"SYSCALL": []}), SYSCALLS.decode(body))
        stage(made)
        assert added(made) == {}


def test_what_is_remembered_is_bounded_and_does_not_change_what_is_added() -> None:
    few, many = Calls(True, True, entries=8), Calls(True, True)
    for number in range(100):
        text = X86_64, 62 + number % 3, f"{number:x} 9", f"success=no exit=-{number + 1}"
        one, other = event(*text), event(*text)
        few.stage(one)
        many.stage(other)
        assert added(one) == added(other)
    assert few.remembered <= 8 < many.remembered

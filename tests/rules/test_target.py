"""What a host's auditctl knows, and whose homes are watched."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from sensor.rules.target import homes, portable, this_host
from tests.rules.fake_kernel import FakeKernel

DUMP = "Using x86_64 syscall table:\n0\tread\n2\topen\n452\tfchmodat2\n"


def account(home: str, uid: int = 1000, shell: str = "/bin/bash") -> pwd.struct_passwd:
    return pwd.struct_passwd(("name", "x", uid, uid, "", home, shell))


def test_any_host_knows_what_audit_3_knew() -> None:
    target = portable()
    native, twin = target.known
    assert twin is not None
    assert {"openat2", "execveat", "kexec_load"} <= native
    assert native.isdisjoint({"fchmodat2", "setxattrat", "socketcall"})
    assert {"socketcall", "stime"} <= twin
    assert "kexec_load" not in twin
    assert target.numbers[0]["fchmodat2"] == target.numbers[1]["fchmodat2"] == 452
    assert target.numbers[1]["kexec_load"] == 283
    assert target.homes == ()


def test_ausyscall_shows_what_auditctl_knows(tmp_path: Path) -> None:
    host = FakeKernel(tmp_path)
    host.commands["ausyscall x86_64 --dump"] = DUMP
    target = this_host(host, "x86_64")
    assert target.known[0] == {"read", "open", "fchmodat2"}
    assert target.known[1] == portable().known[1] | {"kexec_load"}  # ausyscall did not run


@pytest.mark.parametrize(
    ("machine", "twin"), [("x86_64", True), ("aarch64", True), ("riscv64", False), ("s390x", False)]
)
def test_machines_without_32_bit_programs_have_no_twins(machine: str, twin: bool, tmp_path: Path) -> None:
    assert (this_host(FakeKernel(tmp_path), machine).known[1] is not None) is twin


def test_names_of_the_machine_itself(tmp_path: Path) -> None:
    """The 64-bit ARM has no open(2)."""
    target = this_host(FakeKernel(tmp_path), "aarch64")
    assert "openat" in target.known[0]
    assert "open" not in target.known[0]
    assert "open" not in target.numbers[0]
    assert target.numbers[1]["open"] == 5


def test_homes_are_of_accounts_that_may_log_in(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (tmp_path / "link").symlink_to(mine)
    (tmp_path / "file").touch()
    (tmp_path / "with blank").mkdir()
    uid = os.getuid() or 1000
    os.chown(mine, uid, -1)
    path = str(tmp_path)
    accounts = [
        account(f"{path}/mine", uid=uid),
        account(f"{path}/mine/", uid=uid),
        account(f"{path}/mine", uid=999),
        account(f"{path}/mine", uid=uid, shell="/usr/sbin/nologin"),
        account(f"{path}/mine", uid=uid, shell="/bin/false"),
        account(f"{path}/link", uid=uid),
        account(f"{path}/file", uid=uid),
        account(f"{path}/with blank", uid=uid),
        account(f"{path}/none", uid=uid),
        account(f"{path}/mine -F key=x", uid=uid),
        account(f"{path}/mine", uid=uid + 1),
        account("/", uid=uid),
        account("", uid=uid),
    ]
    found = [homes([one]) for one in accounts]
    expected = [[f"{path}/mine"]] * 2 if uid >= 1000 else [[]] * 2
    assert found == [*expected, *[[]] * 11]


def test_there_is_a_bound_to_homes(tmp_path: Path) -> None:
    for number in range(250):
        (tmp_path / str(number)).mkdir()
        os.chown(tmp_path / str(number), os.getuid() or 1000, -1)
    found = homes(account(f"{tmp_path}/{number}", uid=os.getuid() or 1000) for number in range(250))
    assert len(found) == (200 if (os.getuid() or 1000) >= 1000 else 0)

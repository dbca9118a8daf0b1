"""For which host rules are made: the system calls that its auditctl knows by name, its numbers of them, its accounts.

    ausyscall x86_64 --dump          …  451  cachestat  452  fchmodat2  …
    getent passwd                    root:x:0:0:root:/root:/bin/bash

auditctl refuses a rule with one name that it does not know, but takes any number: a system call newer than auditctl is
audited all the same.
"""

from __future__ import annotations

import os
import pwd
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from sensor.doctor.host import HostView
from sensor.tables import syscalls
from sensor.tables.arches import AARCH64, X32_BIT, X86_64

_SINCE_AUDIT_3 = 439
"""faccessat2, the newest that audit 3.0 knows: what any auditctl that the sensor runs with has a name for."""
_FIRST_USER = 1000
_MOST_HOMES = 200
_PLAIN = re.compile(r"/[\w./+@-]{1,200}")


@dataclass(frozen=True)
class Target:
    """A host to make rules for.

    known: names that auditctl takes, for b64 and b32 programs; None: there is no such program on this machine.
    numbers: of every system call that we know of, likewise.
    homes: home directories of accounts that may log in, in the order of passwd.
    """

    known: tuple[frozenset[str], frozenset[str] | None]
    numbers: tuple[dict[str, int], dict[str, int]]
    homes: tuple[str, ...] = ()


_I386 = 0x40000003
_CALLED_OTHERWISE = {"kexec_load"}  # auditctl's table of i386 has it as sys_kexec_load
_MACHINES = {"x86_64": ("i386", X86_64, _I386), "aarch64": ("arm", AARCH64, 0x40000028)}


def portable() -> Target:
    """Any x86_64 host with audit 3.0 or newer: the files that are shipped."""
    return Target((_old(X86_64), _old(_I386) - _CALLED_OTHERWISE), (_numbers(X86_64), _numbers(_I386)))


def this_host(host: HostView, machine: str) -> Target:
    """The host that we are on; `machine` as `uname -m` prints it. Without ausyscall our own tables are asked."""
    twin, arch, arch_32 = _MACHINES.get(machine, ("", 0, 0))
    known = _known(host, machine, arch), _known(host, twin, arch_32) if twin else None
    return Target(known, (_numbers(arch), _numbers(arch_32)), tuple(homes(pwd.getpwall())))


def _numbers(arch: int) -> dict[str, int]:
    return {name: number for number, name in syscalls.names(arch).items() if not number & X32_BIT}


def _old(arch: int) -> frozenset[str]:
    return frozenset(name for name, number in _numbers(arch).items() if number <= _SINCE_AUDIT_3)


def _known(host: HostView, machine: str, arch: int) -> frozenset[str]:
    answer = host.run("ausyscall", machine, "--dump")
    found = re.findall(r"(?m)^\d+\t(\w+)$", answer.text) if answer is not None and answer.status == 0 else []
    return frozenset(found) or _old(arch)


def homes(accounts: Iterable[pwd.struct_passwd]) -> list[str]:
    """The home directories that a key may open, at most 200.

    A name that a rule could not hold, or a directory that is a link or belongs to someone else, is left out.
    """
    found: dict[str, None] = {}
    for account in accounts:
        shell = os.path.basename(account.pw_shell)
        home = account.pw_dir.rstrip("/")
        if account.pw_uid < _FIRST_USER or shell in {"nologin", "false", "sync"} or not _PLAIN.fullmatch(home):
            continue
        try:
            status = os.lstat(home)
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode) and status.st_uid == account.pw_uid:
            found[home] = None
    return list(found)[:_MOST_HOMES]

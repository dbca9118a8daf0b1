"""What a rule matches: system calls, one file, or everything below a folder; each has a twin for 32-bit programs.

    SystemCalls("fchmodat fchmodat2", "a2&06000")  -S fchmodat,fchmodat2 -F a2&06000
    File("/etc/shadow")                            -F path=/etc/shadow -F perm=wa
    Folder("/etc/pam.d")                           -S open,openat,… -F dir=/etc/pam.d -F perm=wa

A folder names the system calls. Without them each of its rules is evaluated in every system call of every process: with
78 such rules getppid(2) took 2.0 µs instead of 0.3, with names 0.7 (Linux 6.18, auditctl 3.0.9). A file needs none: the
kernel finds its rule by the inode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

CHANGING = (
    "open openat openat2 creat truncate ftruncate rename renameat renameat2 link linkat symlink symlinkat unlink "
    "unlinkat mkdir mkdirat rmdir mknod mknodat chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat "
    "setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat"
)
"""Calls that perm=wa holds for, of those that name a file (Linux include/asm-generic/audit_*.h)."""
CHANGING_32 = f"{CHANGING} truncate64 ftruncate64 chown32 fchown32 lchown32"


@dataclass(frozen=True)
class SystemCalls:
    """System calls, by names with blanks between, and conditions on them, likewise, each as -F takes it.

    twin: what stands for it on behalf of 32-bit programs, where names or arguments differ there; empty: the same.
    """

    names: str
    fields: str = ""
    twin: tuple[SystemCalls, ...] = ()


@dataclass(frozen=True)
class File:
    """A file, which need not be there: its folder must.

    perm: of r, w, x, a as in auditctl(8); fields: further conditions.
    """

    path: str
    perm: str = "wa"
    fields: str = ""


@dataclass(frozen=True)
class Folder:
    """Everything below a folder, which must be there when the rule is loaded."""

    path: str


@dataclass(frozen=True)
class HomeFile:
    """A file in the home directory of each account: the path from there."""

    path: str


@dataclass(frozen=True)
class HomeFolder:
    """Everything below a folder in the home directory of each account that has it when the rules are made."""

    path: str


Match = Union[SystemCalls, File, Folder, HomeFile, HomeFolder]


@dataclass(frozen=True)
class AuditRule:
    """One row of the table: all that has the same key.

    techniques: of ATT&CK for Enterprise; why: one sentence without its full stop; minimal: also in the minimal set.
    """

    key: str
    techniques: tuple[str, ...]
    why: str
    matches: tuple[Match, ...]
    minimal: bool = False


@dataclass(frozen=True)
class Exclusion:
    """What no rule shall match, of any set: the sensor's own routine."""

    why: str
    names: str
    fields: str

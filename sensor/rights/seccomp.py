"""A filter for system calls: what a sensor that was taken over could use to go further is refused, in every thread.

Who takes over the parser has the sensor's capabilities, and those are enough to read other processes. The filter keeps
him from starting programs, from other processes' memory, from mounts and namespaces, from the kernel's modules, keys,
clock and interfaces with a long history of holes. It is a list of what is refused, not of what is allowed: name
services and the C library change with the host, and a sensor that cannot do its work is worse than one call too many.

A refused call fails with EPERM. SIGSYS would end the process, and so give an attacker a way to blind the host, for
auditd starts a plugin ten times and then never again; a library that tries a call and is refused goes on without.

The program is classic BPF over struct seccomp_data of linux/seccomp.h; see seccomp(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable

from sensor.tables import arches, syscalls

PROGRAMS = ("execve", "execveat")
"""Refused unless an output is a program; a program inherits the rest of the filter."""

REFUSED = {
    "other processes": "ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp",
    "mounts": (
        "mount umount umount2 move_mount fsopen fsconfig fsmount fspick open_tree open_tree_attr mount_setattr"
        " pivot_root chroot open_by_handle_at fanotify_init"
    ),
    "namespaces": "unshare setns",
    "kernel": (
        "init_module finit_module delete_module create_module kexec_load kexec_file_load reboot swapon swapoff acct"
        " quotactl quotactl_fd syslog nfsservctl lookup_dcookie _sysctl uselib iopl ioperm modify_ldt vhangup"
    ),
    "clock and names": "settimeofday clock_settime clock_adjtime adjtimex stime sethostname setdomainname",
    "keys": "keyctl add_key request_key",
    "interfaces": "perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register",
}
"""What is refused whatever its arguments are; a name that an architecture does not have is left out there."""

BPF_READS = {
    "MAP_LOOKUP_ELEM": 1,
    "MAP_GET_NEXT_KEY": 4,
    "OBJ_GET": 7,
    "OBJ_GET_INFO_BY_FD": 15,
    "MAP_LOOKUP_BATCH": 24,
}
"""Commands of bpf(2) that read maps which somebody else made; the others are refused (linux/bpf.h)."""

NEW_NAMESPACES = 0x7E020000
"""CLONE_NEW* of linux/sched.h, as clone(2) takes them. clone3(2) has its flags in memory, where no filter can look; it
fails with ENOSYS, and the C library uses clone(2) as on kernels without it."""

_NUMBERS = {"x86_64": (arches.X86_64, 317), "aarch64": (arches.AARCH64, 277)}
"""Machine → its architecture, and the number of seccomp(2) there."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; of the argument the low half
_SET_MODE_FILTER, _TSYNC, _SPEC_ALLOW = 1, 1, 4
_PR_SET_NO_NEW_PRIVS = 38

Instruction = tuple[int, int, int, int]
"""struct sock_filter: code, instructions to skip if true, if false, value."""


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def program(arch: int, with_programs: bool) -> list[Instruction]:
    """The filter for an audit architecture; `with_programs` where programs may be started."""
    by_name = {name: number for number, name in syscalls.names(arch).items() if number < arches.X32_BIT}
    names = " ".join(REFUSED.values()).split() + ([] if with_programs else list(PROGRAMS))
    refuse = [(_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    return [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, arch),  # programs of another architecture have other numbers
        *refuse,
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, arches.X32_BIT),  # and so has x32, which shares x86_64's
        *refuse,
        *_case(by_name["clone3"], [(_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]),
        *_case(by_name["clone"], [(_LOAD, 0, 0, _FIRST_ARGUMENT), (_ANY_BIT, 0, 1, NEW_NAMESPACES), *refuse, _allow()]),
        *_case(by_name["bpf"], [(_LOAD, 0, 0, _FIRST_ARGUMENT), *_any_of(BPF_READS.values()), *refuse]),
        *[line for name in names if name in by_name for line in _case(by_name[name], refuse)],
        _allow(),
    ]


def install(with_programs: bool, machine: str | None = None) -> None:
    """Put the filter on all threads of this process, for good; raises OSError where that cannot be.

    The error is ENOSYS for a machine that this module has no numbers for, or a kernel without seccomp filters.

    machine: its name in uname(2), if not this one's.
    """
    machine = machine or platform.machine()
    if machine not in _NUMBERS or ctypes.sizeof(ctypes.c_void_p) != 8:  # 32-bit programs on such a machine
        raise OSError(errno.ENOSYS, f"there is none for this program on {machine}")
    arch, number = _NUMBERS[machine]
    code = b"".join([struct.pack("=HBBI", *instruction) for instruction in program(arch, with_programs)])
    filter = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Without SPEC_ALLOW kernels before 5.16 make all code slower, for filters against the code's own speculation.
    for flags in (_TSYNC | _SPEC_ALLOW, _TSYNC):
        result = libc.syscall(ctypes.c_long(number), _SET_MODE_FILTER, flags, ctypes.byref(filter))
        if result == 0:
            return
        if result > 0:
            raise OSError(errno.EBUSY, f"thread {result} has another filter")
        if ctypes.get_errno() != errno.EINVAL:
            break
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _case(number: int, then: list[Instruction]) -> list[Instruction]:
    """What is done for one system call; `then` returns."""
    return [(_EQUAL, 0, len(then), number), *then]


def _any_of(values: Iterable[int]) -> list[Instruction]:
    """Allow one of some values of what is loaded."""
    return [line for value in values for line in ((_EQUAL, 0, 1, value), _allow())]


def _allow() -> Instruction:
    return (_RETURN, 0, 0, _ALLOW)

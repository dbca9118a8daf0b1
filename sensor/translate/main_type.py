"""The type of the record that shows what happened.

    SYSCALL EXECVE CWD PATH PROCTITLE     "TYPE":"SYSCALL"
    AVC SYSCALL CWD PATH PROCTITLE        "TYPE":"AVC"

The kernel surrounds what it reports with the circumstances: the system call, its
arguments and paths, the process's title. The first record that is no circumstance
is the main one; if all are, the system call is, or an io_uring operation.
"""

from __future__ import annotations

from collections.abc import Iterable

_CALLS = ("SYSCALL", "URINGOP")
_NAMES = """
SYSCALL URINGOP SOCKETCALL EXECVE CWD PATH PROCTITLE SOCKADDR FD_PAIR OBJ_PID BPRM_FCAPS CAPSET MMAP OPENAT2 IPC
IPC_SET_PERM MQ_OPEN MQ_SENDRECV MQ_NOTIFY MQ_GETSETATTR KERNEL_OTHER MAC_TASK_CONTEXTS MAC_OBJ_CONTEXTS
"""
_CIRCUMSTANCES = frozenset(_NAMES.split())


def main_type(names: Iterable[str]) -> str:
    """The main one of the record types of an event, given in order of arrival."""
    types = list(names)
    for name in types:
        if name not in _CIRCUMSTANCES:
            return name
    for name in _CALLS:
        if name in types:
            return name
    return types[0]

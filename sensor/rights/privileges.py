"""From root to a user of its own, with only the capabilities that enabled parts ask for; and the out-of-memory score.

auditd starts its plugins as root with nearly all capabilities, oom_score_adj -1000 and no supplementary groups to speak
of. Capabilities and no_new_privs belong to a thread, so all this comes before the first thread is started. Nothing is
ambient or inheritable: a program that an output starts has no capability at all. The prctl(2) and capset(2) numbers
are those of linux/prctl.h and linux/capability.h.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from sensor.errors import SensorError
from sensor.rights.accounts import Account

CAPABILITIES = {"DAC_READ_SEARCH": 2, "SYS_PTRACE": 19, "AUDIT_CONTROL": 30}
"""Those that anything may keep, without CAP_, and their numbers in linux/capability.h."""


class Need(NamedTuple):
    """A reason to keep a capability.

    option: dotted name of the option that asks for it; empty: it is always needed.
    capability: without CAP_.
    use: what it is for.
    within: the option, a map, asks for it only if one of its values contains this.
    apart: a process of its own keeps it, and the sensor does not.
    """

    option: str
    capability: str
    use: str
    within: str = ""
    apart: bool = False


NEEDS = (
    Need("", "SYS_PTRACE", "namespaces and executables of other users' processes (/proc/PID/ns, /proc/PID/exe)"),
    Need("enrich.container", "DAC_READ_SEARCH", "names of containers, in the folders of their runtimes"),
    Need("filter.rules", "DAC_READ_SEARCH", "the same, for rules by container", "container="),
    Need("label_process.label_container", "DAC_READ_SEARCH", "the same, for labels by container"),
    Need("label_process.unlabel_container", "DAC_READ_SEARCH", "the same, for labels by container"),
    Need("enrich.execve_env", "DAC_READ_SEARCH", "environments of other users' processes (/proc/PID/environ)"),
    Need("enrich.exe_hash", "DAC_READ_SEARCH", "executables that not everybody may read"),
    Need("loss.kernel", "AUDIT_CONTROL", "what the kernel lost (AUDIT_GET), asked by a process of its own", apart=True),
)
"""The one table of what is kept, and why; the manual page shows it."""

PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 4, 8, 24, 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
CAPABILITY_VERSION_3 = 0x20080522
OOM_SCORE = "/proc/self/oom_score_adj"


class PrivilegeError(SensorError):
    """A privilege could not be given up; the program should not go on with it."""


def needed(config: object) -> frozenset[str]:
    """The capabilities that the sensor itself keeps with a configuration, by NEEDS."""
    return frozenset([need.capability for need in NEEDS if not need.apart and _asks(config, need)])


def _asks(config: object, need: Need) -> bool:
    if not need.option:
        return True
    value = attrgetter(need.option)(config)
    return any(need.within in text for text in value.values()) if need.within else bool(value)


def uses(config: object, capability: str) -> list[str]:
    """What the sensor itself needs a capability for with a configuration, by NEEDS."""
    found = [need.use for need in NEEDS if need.capability == capability and not need.apart and _asks(config, need)]
    return [use for use in found if not use.startswith("the same")] or found


def become(account: Account, capabilities: Iterable[str]) -> list[str]:
    """Become a user with its groups, keeping those of `capabilities` that we have; returns those that we have not.

    Only for a process whose effective user is root and that has one thread. Raises PrivilegeError when the kernel
    refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    wanted = sorted(set(capabilities))
    permitted = _permitted(libc)
    kept = permitted & sum(1 << CAPABILITIES[name] for name in wanted)
    for number in range(64):
        if not kept >> number & 1:
            # Refused without CAP_SETPCAP, as in some containers; no_new_privs serves as well.
            libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    _call(libc.prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0)
    try:
        os.setgroups(account.groups)
        os.setresgid(account.gid, account.gid, account.gid)
        os.setresuid(account.uid, account.uid, account.uid)
    except OSError as error:
        raise PrivilegeError(f"cannot become {account.name}: {error.strerror}") from error
    _call(libc.prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0)
    _call(libc.prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    low, high = kept & 0xFFFFFFFF, kept >> 32
    # For each half: effective, permitted, inheritable.
    _call(libc.capset, _capability_header(), (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0))
    return [name for name in wanted if not permitted >> CAPABILITIES[name] & 1]


def harden() -> None:
    """Let nothing we start gain privileges, and no other process of the same user look into our memory."""
    libc = ctypes.CDLL(None, use_errno=True)
    _call(libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call(libc.prctl, PR_SET_DUMPABLE, 0, 0, 0, 0)


def raise_oom_score(score: int, path: str = OOM_SCORE) -> None:
    """Raise the out-of-memory score to `score` if it is lower: a process at -1000 is never killed, whatever it eats."""
    try:
        with open(path, "r+", encoding="ascii") as file:
            if int(file.read()) < score:
                file.seek(0)
                file.write(f"{score}\n")
    except OSError as error:
        raise PrivilegeError(f"{path}: {error.strerror}") from error


def _capability_header() -> ctypes.Array[ctypes.c_uint32]:
    """struct __user_cap_header_struct for this process."""
    return (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)


def _permitted(libc: ctypes.CDLL) -> int:
    """The permitted capabilities as a set of bits."""
    data = (ctypes.c_uint32 * 6)()
    _call(libc.capget, _capability_header(), data)
    return data[1] | data[4] << 32


def _call(function: ctypes._NamedFuncPointer, *arguments: object) -> None:
    if function(*arguments) != 0:
        raise PrivilegeError(f"{function.__name__}{arguments[:1]}: {os.strerror(ctypes.get_errno())}")

"""Fields of records whose numbers have names: which they are, and how to spell them.

    type=SECCOMP msg=audit(1700000000.001:1): auid=1000 … sig=31 arch=c000003e … code=0x80000000
    sig:signal code:seccomp_return      →      SIGSYS, SECCOMP_RET_KILL_PROCESS

Syscall numbers, architectures, user and group ids and socket addresses have modules of their own; the arguments of
syscalls are in `arguments`.
"""

from __future__ import annotations

from functools import cache

from sensor.tables.arches import X86_64
from sensor.tables.flags import Spelling, spell

__all__ = ["forms_of", "spell_field"]

_CAPABILITY_SETS = "fp fi old_pp old_pi old_pe old_pa pp pi pe pa new_pp new_pi new_pe"
#: Record types, then field:form for each field with a meaning (the forms of `flags.spell`).
_TABLE = f"""
SYSCALL URINGOP            per:personality uring_op:uring_op
PATH                       mode:file_mode cap_fp:capabilities cap_fi:capabilities
IPC IPC_SET_PERM           mode:file_mode
MQ_OPEN                    oflag:open mode:file_mode mq_flags:open
MQ_GETSETATTR              mq_flags:open
MQ_NOTIFY                  sigev_signo:signal
OPENAT2                    oflag:open mode:file_mode resolve:resolve
MMAP                       flags:mmap
CAPSET                     cap_pi:capabilities cap_pp:capabilities cap_pe:capabilities cap_pa:capabilities
BPRM_FCAPS                 {" ".join(f"{field}:capabilities" for field in _CAPABILITY_SETS.split())}
SECCOMP                    sig:signal code:seccomp_return
ANOM_ABEND                 sig:signal
CONFIG_CHANGE              list:audit_list
NETFILTER_CFG              family:netfilter
NETFILTER_PKT              proto:ip_protocol hook:netfilter_hook macproto:ethernet
FANOTIFY                   resp:fanotify_response
AVC                        capability:capability ioctlcmd:ioctl
"""


@cache  # one entry for each record type
def forms_of(record: str) -> dict[str, str]:
    """Field → form of every field of record type `record` whose number has a meaning."""
    forms: dict[str, str] = {}
    for line in _TABLE.strip().splitlines():
        words = line.split()
        if record in words:
            forms.update((field, form) for field, _, form in (word.partition(":") for word in words) if form)
    return forms


def spell_field(record: str, field: str, value: int, arch: int = X86_64) -> Spelling | None:
    """What number `value` of one field means, or None if that is unknown.

    Args:
        record: name of the record type.
        field: name of the field.
        value: its number, whatever base it was written in.
        arch: audit architecture of the event; that of x86_64 if no record of it has one.
    """
    form = forms_of(record).get(field)
    return spell(form, value, arch) if form is not None else None

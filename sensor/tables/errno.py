"""Names of errors, by the number a failed syscall returned.

type=SYSCALL msg=audit(1700000000.001:1): arch=c000003e syscall=2 success=no exit=-13 …   EACCES
"""

from __future__ import annotations

from sensor.tables.arches import X86_64, abi
from sensor.tables.constants import names, parse

__all__ = ["name"]

#: The kernel's own, from include/linux/errno.h: no header shows them to user space, yet some slip out.
_INTERNAL = parse(
    "ERESTARTSYS=512 ERESTARTNOINTR=513 ERESTARTNOHAND=514 ENOIOCTLCMD=515 ERESTART_RESTARTBLOCK=516 EPROBE_DEFER=517"
    " EOPENSTALE=518 ENOPARAM=519 EBADHANDLE=521 ENOTSYNC=522 EBADCOOKIE=523 ENOTSUPP=524 ETOOSMALL=525"
    " ESERVERFAULT=526 EBADTYPE=527 EJUKEBOX=528 EIOCBQUEUED=529 ERECALLCONFLICT=530 ENOGRACE=531"
)


def name(exit_value: int, arch: int = X86_64) -> str | None:
    """Error name of `exit=` or `errno=`, of either sign, on audit architecture `arch`; None if it is no error."""
    number = abs(exit_value)
    return names("errno", abi(arch)).get(number) or _INTERNAL.get(number)

"""Where the name in a PATH record leads, as far as the records show.

    openat(AT_FDCWD, "a/../b")   CWD cwd="/cwd"     /cwd/b, if /cwd/a is no link to elsewhere
    openat(3, "shadow")          CWD cwd="/cwd"     unknown: below the directory that descriptor 3 is

The kernel writes names as they were passed (kernel/auditsc.c), so what they are relative to is in the arguments of the
call: for a descriptor, and for openat2(2) with RESOLVE_IN_ROOT even of absolute names, it cannot be known. `cwd` is the
kernel's own and has neither links nor `..`.
"""

from __future__ import annotations

from sensor.audit.event import Event
from sensor.tables import syscalls, uring_ops

_FIRST = """
openat openat2 open_tree open_tree_attr readlinkat unlinkat mkdirat mknodat fchownat fchownat2 fchmodat fchmodat2
faccessat faccessat2 newfstatat fstatat fstatat64 statx utimensat utimensat_time64 futimesat execveat name_to_handle_at
getxattrat setxattrat listxattrat removexattrat file_getattr file_setattr mount_setattr fspick
"""
DIRECTORIES = {
    **dict.fromkeys(_FIRST.split(), (0,)),
    **dict.fromkeys(("renameat", "renameat2", "linkat"), (0, 2)),
    "symlinkat": (1,),
    "move_mount": (2, 0),
    "fanotify_mark": (3,),
}
"""System call → which of its arguments are the directories from which relative names count: of the name that a summary
puts first, and, if it has another, of that."""

_AT_CWD = frozenset({"ffffff9c", "ffffffffffffff9c"})
_IN_ROOT = 0x10
"""RESOLVE_IN_ROOT of linux/openat2.h."""


def is_at_cwd(args: tuple[str | None, ...], directories: tuple[int, ...]) -> bool:
    """Return whether these arguments of a call are the current directory."""
    for position in directories:
        if args[position] not in _AT_CWD:
            return False
    return True


def names_are_known(event: Event) -> bool:
    """Return whether the names in an event's PATH records are absolute, or count from `cwd`."""
    syscall = event.syscall
    call = syscalls.name(syscall.head.arch, syscall.head.number) if syscall is not None else _operation(event)
    if call == "openat2" and not _is_free(event):
        return False
    directories = DIRECTORIES.get(call or "")
    if syscall is not None and (directories is None or is_at_cwd(syscall.args, directories)):
        return True
    return all(_is_absolute(record.fields.get("name")) for record in event.records.get("PATH", ()))


def _is_absolute(name: object) -> bool:
    return isinstance(name, str) and name[:1] == "/"


def _operation(event: Event) -> str | None:
    """What io_uring did, without the arguments of a call."""
    operations = [record.fields.get("uring_op") for record in event.records.get("URINGOP", ())]
    return uring_ops.name(operations[0]) if operations and isinstance(operations[0], int) else None


def _is_free(event: Event) -> bool:
    """Whether an openat2(2) takes absolute names for such; kernels before 5.16 do not report how it was called."""
    for record in event.records.get("OPENAT2", ()):
        try:
            return not int(str(record.fields.get("resolve")), 16) & _IN_ROOT
        except ValueError:
            return False
    return False


def folded(cwd: str, name: str) -> tuple[str, list[str]]:
    """An absolute path without `.` and `..`, and the directories that `..` was to leave, which may be links.

    In time and memory linear in the name but for those directories: the deepest of each run of `..` only.
    """
    parts = [part for part in cwd.split("/") if part] if name[:1] != "/" else []
    sure = len(parts)
    left: list[str] = []
    went_up = False
    for part in name.split("/"):
        if part == "..":
            if len(parts) > sure and not went_up:
                left.append("/" + "/".join(parts))
            del parts[-1:]
            sure = min(sure, len(parts))
        elif part not in ("", "."):
            parts.append(part)
        went_up = part == ".." or (went_up and part in ("", "."))
    return "/" + "/".join(parts), left

"""Files that decide what runs with our rights are read only if no other user could have written them.

    /etc/host-sensor/config.yaml          a configuration names programs to start and stages to load
    /etc/host-sensor/stages/mine.py       a stage is a program

Such a file must be owned by one of `owners` and writable by no one else, and so must every directory on the way to it,
or be sticky (as /tmp is, where only its owner can replace a file); links on the way must be the owners' or root's.
Every step is taken from the descriptor of the directory that was checked, and what was checked is what is read: the
open file. A POSIX access list that lets others write shows in the group's bits (acl(5)), and so does it here.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from functools import cache

from sensor.errors import SensorError

_MOST_LINKS = 40  # as the kernel's MAXSYMLINKS
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class UntrustedError(SensorError):
    """Others may have written a file. The message names the file or directory, and what it should be like."""


@cache
def administrators() -> frozenset[int]:
    """Root and the effective user: whose configuration is taken.

    The effective user at the first call: a process that started as root never trusts the user it becomes.
    """
    return frozenset({0, os.geteuid()})


def read(path: str, owners: Collection[int], largest: int) -> bytes:
    """Read at most `largest` bytes of a regular file; raises UntrustedError, or OSError as open(2) does.

    owners: user ids of which one must own the file. Directories and links on the way may be root's as well.
    """
    descriptor, found = _open(path, frozenset({0, *owners}))
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UntrustedError(f"{found}: is no file")
        if status.st_uid not in owners or status.st_mode & _OTHERS_WRITE:
            raise UntrustedError(f"{found}: must be owned by {_called(owners)} and writable by no one else")
        return file.read(largest)


def _open(path: str, owners: Collection[int]) -> tuple[int, str]:
    """Open the file that a path leads to, step by step; returns its descriptor and its name without links."""
    names = _reversed(path) + ([] if path.startswith("/") else _reversed(os.getcwd()))
    directory, where, links = os.open("/", _LOOK), "/", 0
    try:
        while names:
            name = names.pop()
            step = os.open(name, _LOOK, dir_fd=directory)
            here, status = os.path.normpath(os.path.join(where, name)), os.fstat(step)
            if stat.S_ISLNK(status.st_mode):
                links += 1
                names += _reversed(_target(step))
                if status.st_uid not in owners or links > _MOST_LINKS:
                    raise UntrustedError(f"{here}: a link must be owned by {_called(owners)}, and lead somewhere")
            elif stat.S_ISREG(status.st_mode) and not names:
                os.close(step)
                return os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory), here
            else:  # with names left, what is no directory fails at the next step
                os.close(directory)
                directory, where = step, here
                if stat.S_ISDIR(status.st_mode):
                    _check_directory(status, where, owners)
        raise UntrustedError(f"{where}: is no file")
    finally:
        os.close(directory)


def _reversed(path: str) -> list[str]:
    """The names in a path, the first one last; that of an absolute path is the root itself."""
    names = [name for name in path.split("/") if name not in ("", ".")]
    return names[::-1] + ["/"] * path.startswith("/")


def _target(link: int) -> str:
    """Where the link behind a descriptor, which is closed, leads."""
    try:
        return os.readlink("", dir_fd=link)
    finally:
        os.close(link)


def _check_directory(status: os.stat_result, name: str, owners: Collection[int]) -> None:
    others = status.st_mode & _OTHERS_WRITE and not status.st_mode & stat.S_ISVTX
    if status.st_uid not in owners or others:
        raise UntrustedError(f"{name}: must be owned by {_called(owners)} and writable by no one else")


def _called(owners: Collection[int]) -> str:
    """Whose a file must be, for messages."""
    return "root" if not any(owners) else "root or the user who runs this"

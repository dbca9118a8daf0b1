"""Who may read a log: POSIX access control lists, of the file and of the folders on the way to it.

    audit.jsonl        u::rw- u:splunk:r-- g::r-- m::r-- o::---      exactly the readers that are configured
    /var/log/…sensor   u::rwx u:splunk:r-x g::r-x m::r-x o::---      what it was, and the readers

A list is struct posix_acl_xattr_header of linux/posix_acl_xattr.h: version 2, then a tag, permissions and a number for
each entry, in the order of acl(5).
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Callable, Iterable

from sensor.non_blocking_cache import NonBlockingCache
from sensor.rights import accounts

ATTRIBUTE = "system.posix_acl_access"
USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20  # linux/posix_acl.h
READ, WRITE, ENTER = 4, 2, 1
NO_ID = 0xFFFFFFFF
LIFE = 60.0
"""Seconds after which a name that the host's files do not know is asked for again."""

Entries = dict[tuple[int, int], int]
"""Permissions by tag and number of a user or group, which is NO_ID where a tag has none."""


class Readers:
    """Those who may read the files of one output: users and groups by name or number, and everybody with `other`.

    Names that the host's own files do not know are asked for beside the feed, from the first renew() on; a reader
    that is not known yet is not let in yet.
    """

    def __init__(self, users: Iterable[str], groups: Iterable[str], other: bool, log: Callable[[str], None]) -> None:
        names = [*[(USER, name) for name in users], *[(GROUP, name) for name in groups]]
        known = {name: _listed(*name) for name in names}
        self._listed = {(tag, number) for (tag, _), number in known.items() if number is not None}
        self._asked = [name for name, number in known.items() if number is None]
        self._answers: NonBlockingCache[tuple[int, str], int] = NonBlockingCache(_ask, len(names), LIFE)
        self._unknown: set[tuple[int, str]] = set()
        self._log = log
        self._named = self._listed
        self._other = other

    def renew(self) -> bool:
        """Take in what has become known; return whether they are others now. Never waits long."""
        found = set(self._listed)
        for tag, name in self._asked:
            number = self._answers.get((tag, name))
            if number is not None and number >= 0:
                found.add((tag, number))
                self._unknown.discard((tag, name))
            elif number is not None and (tag, name) not in self._unknown:
                self._unknown.add((tag, name))
                self._log(f"{name}: no such user or group; left out of the readers")
        before, self._named = self._named, found
        return found != before

    def permit(self, file: int) -> None:
        """Let them read an open file, besides its owner and its group; raises OSError."""
        if self._named:
            os.setxattr(file, ATTRIBUTE, encode(self._file_entries()))
            return
        if ATTRIBUTE in os.listxattr(file):
            os.removexattr(file, ATTRIBUTE)
        os.fchmod(file, 0o644 if self._other else 0o640)

    def admit(self, folder: int) -> None:
        """Let them enter and list an open folder, beside those who may already; raises OSError.

        Only root, and members of its group, can do that to a setgid folder without taking the bit from it
        (posix_acl_update_mode of fs/posix_acl.c), so for others it is a PermissionError.
        """
        before = _entries(folder)
        after = self._admitted(before)
        if after == before:
            return
        status = os.fstat(folder)
        if status.st_mode & stat.S_ISGID and os.geteuid() != 0 and status.st_gid not in {os.getegid(), *os.getgroups()}:
            raise PermissionError(errno.EPERM, "only root can, for new files get its group")
        if self._named:
            os.setxattr(folder, ATTRIBUTE, encode(after))
        else:
            os.fchmod(folder, stat.S_IMODE(status.st_mode) | READ | ENTER)

    def _file_entries(self) -> Entries:
        return {
            (USER_OBJ, NO_ID): READ | WRITE,
            (GROUP_OBJ, NO_ID): READ,
            (MASK, NO_ID): READ,
            (OTHER, NO_ID): READ if self._other else 0,
            **dict.fromkeys(self._named, READ),
        }

    def _admitted(self, entries: Entries) -> Entries:
        """What a folder's entries become; those that suffice stay."""
        others = entries[OTHER, NO_ID]
        if others & READ and others & ENTER and not any(tag in {USER, GROUP} for tag, _ in entries):
            return entries
        found = dict(entries)
        if self._other:
            found[OTHER, NO_ID] |= READ | ENTER
        for name in self._named:
            found[name] = found.get(name, 0) | READ | ENTER
        if self._named:
            found[MASK, NO_ID] = found.get((MASK, NO_ID), found[GROUP_OBJ, NO_ID]) | READ | ENTER
        return found


def encode(entries: Entries) -> bytes:
    """A list as the kernel takes it."""
    packed = [struct.pack("<HHI", tag, permissions, number) for (tag, number), permissions in sorted(entries.items())]
    return struct.pack("<I", 2) + b"".join(packed)


def decode(data: bytes) -> Entries:
    """The entries of a list."""
    return {(tag, number): permissions for tag, permissions, number in struct.iter_unpack("<HHI", data[4:])}


def _entries(file: int) -> Entries:
    """The list of an open file; where it has none, what its mode means."""
    if ATTRIBUTE in os.listxattr(file):
        return decode(os.getxattr(file, ATTRIBUTE))
    mode = os.fstat(file).st_mode
    return {(tag, NO_ID): mode >> shift & 7 for tag, shift in ((USER_OBJ, 6), (GROUP_OBJ, 3), (OTHER, 0))}


def _listed(tag: int, name: str) -> int | None:
    """The number of a user or group, if that is what was named, or if the host's files know it."""
    if name.isdigit():
        return int(name)
    if tag == GROUP:
        return accounts.listed_group(name)
    user = accounts.listed_user(name)
    return user.uid if user is not None else None


def _ask(name: tuple[int, str]) -> int:
    """The number of a user or group, wherever it is found; -1 if it is nowhere."""
    if name[0] == GROUP:
        number = accounts.any_group(name[1])
    else:
        user = accounts.any_user(name[1])
        number = user.uid if user is not None else None
    return -1 if number is None else number

"""Users and groups by name: from this host's files, which never wait, or from all that the C library asks.

    /etc/passwd: _host-sensor:x:997:995:…        /etc/group: adm:x:4:_host-sensor,syslog
    /usr/lib/passwd, /usr/lib/group              system users of image-based hosts (nss-altfiles)

A name service may take minutes, before the network is up for instance, and auditd must not wait for it. So what is
needed before the first read is asked of the files, and what they do not know of a process of its own (`Question`).
"""

from __future__ import annotations

import ctypes
import grp
import os
import pwd
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

STAND_INS = ("_host-sensor", "nobody")
_PR_SET_PDEATHSIG = 1


class Files(NamedTuple):
    """The files that list users and groups; what stands in the first counts."""

    passwd: tuple[str, ...] = ("/etc/passwd", "/usr/lib/passwd")
    group: tuple[str, ...] = ("/etc/group", "/usr/lib/group")


FILES = Files()


class Account(NamedTuple):
    """A user as setresuid(2), setresgid(2) and setgroups(2) take it."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]


NOBODY = Account("nobody", 65534, 65534, (65534,))
"""Where no file knows that name: the number that the kernel gives to those it has none for (overflowuid)."""


def listed_user(name: str, files: Files = FILES) -> Account | None:
    """The user of that name in the files, with the groups that the files put it in."""
    for fields in _entries(files.passwd, name, 4):
        uid, gid = _number(fields[2]), _number(fields[3])
        if uid is not None and gid is not None:
            members = [_number(group[2]) for group in _entries(files.group, None, 4) if name in group[3].split(",")]
            return Account(name, uid, gid, (gid, *[member for member in members if member not in (None, gid)]))
    return None


def listed_group(name: str, files: Files = FILES) -> int | None:
    """The number of the group of that name in the files."""
    return next(
        (number for fields in _entries(files.group, name, 3) if (number := _number(fields[2])) is not None), None
    )


def any_user(name: str) -> Account | None:
    """The user of that name, wherever the C library finds it; may take its time."""
    listed = listed_user(name)
    if listed is not None:
        return listed
    try:
        entry = pwd.getpwnam(name)
        return Account(name, entry.pw_uid, entry.pw_gid, tuple(os.getgrouplist(name, entry.pw_gid)))
    except (KeyError, OSError, ValueError):  # an unknown name, no answer, a NUL in the name
        return None


def any_group(name: str) -> int | None:
    """The number of the group of that name, wherever the C library finds it; may take its time."""
    listed = listed_group(name)
    if listed is not None:
        return listed
    try:
        return grp.getgrnam(name).gr_gid
    except (KeyError, OSError, ValueError):
        return None


def stand_in(files: Files = FILES) -> Account:
    """Who the sensor becomes where the configured user is unknown: its package's own user, or nobody."""
    return next(filter(None, [listed_user(name, files) for name in STAND_INS]), NOBODY)


class Question:
    """Who a user is, asked in a process of its own, so that the asker can see to other things.

    Only for a process with one thread. `descriptor` is readable when there is an answer.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.descriptor, theirs = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            with suppress(BaseException):  # nothing of the parent's may be run here, whatever happens
                ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
                os.close(0)
                account = any_user(name)
                if account is not None:
                    os.write(theirs, " ".join(map(str, (account.uid, account.gid, *account.groups))).encode())
            os._exit(0)
        os.close(theirs)

    def answer(self) -> Account | None:
        """The answer; None if there is none, or none yet. To be called once."""
        os.set_blocking(self.descriptor, False)
        found = None
        with suppress(OSError, ValueError):
            uid, gid, *groups = map(int, os.read(self.descriptor, 1 << 20).split())
            found = Account(self._name, uid, gid, tuple(groups))
        os.close(self.descriptor)
        with suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        return found


def _entries(paths: tuple[str, ...], name: str | None, least: int) -> Iterator[list[str]]:
    """The lines of files like /etc/passwd with at least so many fields, of one name or of all."""
    for path in paths:
        with suppress(OSError), open(path, encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                fields = line.rstrip("\n").split(":")
                if len(fields) >= least and (fields[0] == name or name is None) and fields[0][:1] not in "+-#":
                    yield fields


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) < 0xFFFFFFFF else None

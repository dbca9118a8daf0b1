"""Names of users and groups, without waiting long for them.

    /etc/passwd: root:x:0:0:root:/root:/bin/bash        0 → root

The files are read at the start and again when they change. Everything else, LDAP for
instance, is asked through the C library beside the feed (sensor.non_blocking_cache), because an
answer may take ten seconds; until it is there a number has no name. A number without a name
is called `unknown(1501)`, as auditd does. Names are asked for again every minute.

A name that comes or changes later is in no JSON that is remembered; `refresh` finds it.
"""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable
from typing import Callable

from sensor.non_blocking_cache import NonBlockingCache, Waiting

LIFE = 60.0
UNKNOWN = "unknown("
_MOST_GIVEN = 4096


def user_name(uid: int) -> str:
    """What the C library calls a user; KeyError if there is none."""
    return pwd.getpwuid(uid).pw_name


def group_name(gid: int) -> str:
    """What the C library calls a group; KeyError if none is called so."""
    return grp.getgrgid(gid).gr_name


class AccountNames:
    """Names of users, or of groups; text has one character per byte.

    path: a file like /etc/passwd: name, something, number, and more, between colons.
    ask: the slow way; raises KeyError if a number has no name.
    blocking: every question waits for its answer, as suits recorded logs.
    most: how many names are remembered.
    """

    def __init__(
        self,
        path: str,
        ask: Callable[[int], str],
        blocking: bool = False,
        most: int = _MOST_GIVEN,
        waiting: Waiting | None = None,
    ) -> None:
        self._path = path
        self._ask = ask
        self._stamp: tuple[int, ...] = ()
        self._listed: dict[int, str] = {}
        self._asked: NonBlockingCache[int, str] = NonBlockingCache(
            self._find, most, None if blocking else LIFE, blocking, waiting
        )
        self._given: dict[int, str | None] = {}
        self._most = most
        self._overflown = False
        self._read_file()

    def get(self, number: int) -> str | None:
        """A number's name; None if it is not known yet."""
        name = self._given.get(number)
        if name is not None:  # until `refresh` finds another
            return name
        name = self._name(number)
        if len(self._given) >= self._most:
            self._given.clear()
            self._overflown = True
        self._given[number] = name
        return name

    def refresh(self) -> bool:
        """Look for changes; True if a name differs, or may differ, from what `get` returned."""
        self._read_file()
        news = {number: name for number, given in self._given.items() if (name := self._name(number)) != given}
        self._given.update(news)
        overflown, self._overflown = self._overflown, False
        return bool(news) or overflown

    def _name(self, number: int) -> str | None:
        return self._listed.get(number) or self._asked.get(number)

    def _find(self, number: int) -> str:
        try:
            return os.fsencode(self._ask(number)).decode("latin-1")
        except (KeyError, OverflowError, OSError):
            return f"{UNKNOWN}{number})"

    def _read_file(self) -> None:
        """Read the file if it is another than before; one that cannot be read changes nothing."""
        try:
            status = os.stat(self._path)
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                with open(self._path, encoding="latin-1") as file:
                    self._listed = _parse(file)
                self._stamp = stamp
        except OSError:
            return


class UserDatabase:
    """Users and groups of this host."""

    def __init__(self, blocking: bool = False) -> None:
        self.users = AccountNames("/etc/passwd", user_name, blocking)
        self.groups = AccountNames("/etc/group", group_name, blocking)

    def refresh(self) -> bool:
        """Look for news, as to be done about once a second; return whether any name that was given has changed."""
        return self.users.refresh() | self.groups.refresh()


def _parse(lines: Iterable[str]) -> dict[int, str]:
    """Number → name; of two names the first counts, as in the C library."""
    names: dict[int, str] = {}
    for line in lines:
        fields = line.split(":")
        if len(fields) > 2 and fields[2].isascii() and fields[2].isdigit() and fields[0][:1] not in ("", "#", "+", "-"):
            names.setdefault(int(fields[2]), fields[0])
    return names

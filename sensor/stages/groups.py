"""The groups of the user a process acts for.

    "SYSCALL":{…,"uid":1000,…,"UID_GROUPS":["alice","sudo","#4242"]}

The primary group comes first; a group without a name is shown by its number. The user
database is asked beside the feed (sensor.non_blocking_cache) and again after five minutes: where
it is slow, the first events of a user come without. Only for this host's own events.
"""

from __future__ import annotations

import ctypes
import grp
import os
import pwd
from typing import Callable

from sensor.audit.event import Addition, Event
from sensor.audit.fields import Value
from sensor.non_blocking_cache import NonBlockingCache
from sensor.process.host import Host

LIFE = 300.0
_REMEMBERED = 4096
_MOST_GROUPS = 65536
"""The kernel lets a process have no more."""

_libc = ctypes.CDLL(None)


def groups_of(uid: int) -> list[str]:
    """The groups of a user, the primary one first; none for a number that is no user. May take its time."""
    try:
        user = pwd.getpwuid(uid)
        gids = group_list(user.pw_name, user.pw_gid)
    except (KeyError, OSError, OverflowError):
        return []
    return [_name(gid) for gid in gids]


def group_list(user: str, primary: int) -> list[int]:
    """What os.getgrouplist returns, which however lets no other thread run until there is an answer."""
    count = ctypes.c_int(_MOST_GROUPS)
    gids = (ctypes.c_uint32 * _MOST_GROUPS)()
    _libc.getgrouplist(os.fsencode(user), ctypes.c_uint32(primary), gids, ctypes.byref(count))
    return gids[: count.value]


def _name(gid: int) -> str:
    try:
        return os.fsencode(grp.getgrgid(gid).gr_name).decode("latin-1")
    except (KeyError, OSError, OverflowError):
        return f"#{gid}"


class Groups:
    """The stage.

    ask: the groups of a user, the primary one first; called in the background.
    """

    def __init__(self, host: Host, ask: Callable[[int], list[str]] = groups_of) -> None:
        self._host = host
        self._ask = ask
        self._groups: NonBlockingCache[int, Addition] = NonBlockingCache(self._added, _REMEMBERED, LIFE)

    def stage(self, event: Event) -> None:
        """Add UID_GROUPS to an event."""
        syscall = event.syscall
        if syscall is not None and self._host.is_this(event.node, event.id):
            uid = syscall.rest.written.get("uid")
            if isinstance(uid, int):
                groups = self._groups.get(uid)
                if groups is None:
                    event.provisional = True
                elif groups.subject:
                    event.additions.append(groups)

    def _added(self, uid: int) -> Addition:
        names: list[Value] = list(self._ask(uid))
        return Addition({"UID_GROUPS": names} if names else {})

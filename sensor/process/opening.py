"""Opening a file whose path comes from an attacker, without doing what the attacker wants.

    found = find("/tmp/u/a")        no link is followed, nothing is opened: a handle (O_PATH, open(2))
    os.fstat(found)                 what is it? Opening a device, a FIFO, an automount acts or waits
    descriptor = reopen(found)      that very file, through /proc/self/fd

A mount that hangs makes any of this wait: only for threads that are not waited for.
"""

from __future__ import annotations

import os

_HANDLE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def find(path: str) -> int:
    """A handle of the file at an absolute path in which no component is a link; raises OSError, ValueError.

    path: with one character per byte. A handle of a link at its end is one of the link.
    """
    names = [name for name in os.fsencode(path.encode("latin-1")).split(b"/") if name]
    handle = os.open("/", _HANDLE | os.O_DIRECTORY)
    for number, name in enumerate(names, start=1):
        above = handle
        try:
            handle = os.open(name, _HANDLE | (os.O_DIRECTORY if number < len(names) else 0), dir_fd=above)
        finally:
            os.close(above)
    return handle


def find_link_of_process(path: str) -> int:
    """A handle of what a link of /proc/PID leads to, such as /proc/PID/exe: no path is walked; raises OSError."""
    return os.open(path, os.O_PATH | os.O_CLOEXEC)


def reopen(handle: int) -> int:
    """Open for reading, without waiting, the file that a handle stands for; raises OSError."""
    return os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)

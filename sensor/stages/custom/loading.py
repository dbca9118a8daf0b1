"""Python files of the administrator, loaded only if nobody else could have written them.

    /etc/host-sensor/stages/*.py

A file must be owned by root and writable by nobody else, and so must every directory on
the way to it, or be sticky (as /tmp is); links on the way must be root's. What was checked
is what is read: the open file.
"""

from __future__ import annotations

import glob
import os
import stat
import types
from collections.abc import Sequence
from typing import Any, Callable

from sensor.errors import SensorError

Function = Callable[[Any], Any]
"""The `stage` of a file."""
_LARGEST, _MOST_LINKS = 1 << 20, 40
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class StageFileError(SensorError):
    """A file cannot be used; the message says which, and why."""


def find(patterns: Sequence[str]) -> list[str]:
    """The files that glob patterns name, sorted within each pattern."""
    found: dict[str, None] = {}
    for pattern in patterns:
        found.update(dict.fromkeys(sorted(glob.glob(pattern))))
    return list(found)


def load(path: str, owner: int = 0) -> Function:
    """Load one file and return its function `stage`; raises StageFileError."""
    source = _read(path, owner)
    module = types.ModuleType(f"custom_{os.path.basename(path).rpartition('.')[0]}")
    module.__file__ = path
    try:
        exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102  root's own code, as checked
    except (Exception, SystemExit) as error:  # whatever the file does when it is loaded
        raise StageFileError(f"{path}: {type(error).__name__}: {error}") from error
    function = getattr(module, "stage", None)
    if not callable(function):
        raise StageFileError(f"{path}: there is no function `stage` in it")
    return function  # type: ignore[no-any-return]


def _read(path: str, owner: int) -> bytes:
    try:
        path = _resolved(path, owner)
        with open(path, "rb", opener=_open) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise StageFileError(f"{path}: is no file")
            if status.st_uid != owner or status.st_mode & _OTHERS_WRITE:
                raise StageFileError(f"{path}: must be owned by root and writable by nobody else")
            return file.read(_LARGEST)
    except OSError as error:
        raise StageFileError(f"{path}: {error.strerror}") from error


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)


def _resolved(path: str, owner: int) -> str:
    """Where a path leads; nobody else may have had a hand in any directory or link on the way."""
    names = os.path.join(os.getcwd(), path).split("/")[::-1]
    current, links = "/", 0
    while names:
        name = names.pop()
        if name in ("", "."):
            continue
        if name == "..":
            current = os.path.dirname(current)
            continue
        _check_directory(current, owner)
        following = os.path.join(current, name)
        status = os.lstat(following)
        if not stat.S_ISLNK(status.st_mode):
            current = following
            continue
        links += 1
        if status.st_uid not in (0, owner) or links > _MOST_LINKS:
            raise StageFileError(f"{following}: a link must be owned by root, and lead somewhere")
        target = os.readlink(following)
        current = "/" if target.startswith("/") else current
        names += target.split("/")[::-1]
    return current


def _check_directory(directory: str, owner: int) -> None:
    status = os.stat(directory)
    others = status.st_mode & _OTHERS_WRITE and not status.st_mode & stat.S_ISVTX
    if status.st_uid not in (0, owner) or others:
        raise StageFileError(f"{directory}: must be owned by root and writable by nobody else")

"""Python files of the administrator, loaded only if no one else could have written them.

    /etc/host-sensor/stages/*.py

A file must be owned by root and writable by no one else, and so must every directory on
the way to it (sensor.rights.trust).
"""

from __future__ import annotations

import glob
import os
import types
from collections.abc import Sequence
from typing import Any, Callable

from sensor.errors import SensorError
from sensor.rights import trust

Function = Callable[[Any], Any]
"""The `stage` of a file."""
_LARGEST = 1 << 20


class StageFileError(SensorError):
    """A file cannot be used; the message names it, and the reason."""


def find(patterns: Sequence[str]) -> list[str]:
    """The files that glob patterns name, sorted within each pattern."""
    found: dict[str, None] = {}
    for pattern in patterns:
        found.update(dict.fromkeys(sorted(glob.glob(pattern))))
    return list(found)


def absent(patterns: Sequence[str]) -> list[str]:
    """Those that are no patterns but names of files, and there is no such file."""
    return [pattern for pattern in patterns if pattern == glob.escape(pattern) and not os.path.lexists(pattern)]


def load(path: str, owner: int = 0) -> Function:
    """Load one file and return its function `stage`; raises StageFileError."""
    text = source(path, owner)
    module = types.ModuleType(f"custom_{os.path.basename(path).rpartition('.')[0]}")
    module.__file__ = path
    try:
        exec(compile(text, path, "exec"), module.__dict__)  # noqa: S102  root's own code, as checked
    except (Exception, SystemExit) as error:  # whatever the file does when it is loaded
        raise StageFileError(f"{path}: {type(error).__name__}: {error}") from error
    function = getattr(module, "stage", None)
    if not callable(function):
        raise StageFileError(f"{path}: there is no function `stage` in it")
    return function  # type: ignore[no-any-return]


def source(path: str, owner: int = 0) -> bytes:
    """Read one file; raises StageFileError if it is not there, or if others may have written it."""
    try:
        return trust.read(path, {owner}, _LARGEST)
    except trust.UntrustedError as error:
        raise StageFileError(str(error)) from error
    except OSError as error:
        raise StageFileError(f"{path}: {error.strerror}") from error

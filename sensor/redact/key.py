"""The key of hashes: a file that only root can read."""

from __future__ import annotations

import os
import stat

_LEAST, _MOST = 16, 4096


class KeyFileError(ValueError):
    """A key cannot be used; the message names the file and what it should be like."""


def read_key(path: str) -> bytes:
    """Read a key of 16 to 4096 bytes, without blanks at its end; raises KeyFileError.

    The file must be a regular one of root, or of the effective user, and no one else may read or write it.
    """
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o077:
                raise KeyFileError(f"{path}: must be a file of root that no one else can read or write")
            key = file.read(_MOST + 1).rstrip()
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from None
    if not _LEAST <= len(key) <= _MOST:
        raise KeyFileError(f"{path}: must hold {_LEAST} to {_MOST} bytes")
    return key

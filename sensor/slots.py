"""A small file that holds one JSON object and is overwritten in place: whole or not at all, also on a full disk.

The file has two slots of SLOT bytes, allocated when it is made; a write goes to the slot that was not written last:

    9f3a61c2 17 {"offset":4711,…}      checksum, turn, value; padded with blanks, ended by a newline

`read` takes the valid slot with the higher turn, so a write that was cut short leaves the value before it.
"""

from __future__ import annotations

import os
import time
import zlib
from typing import Any

from sensor.jsonl import dumps, loads

SLOT = 32768
"""Bytes of one slot; a value must fit into it as JSON."""
SYNC_PERIOD = 1.0
"""Seconds between two fdatasync(2): what a power failure may take back; a killed process takes back nothing."""


def read(path: str) -> Any:
    """Return the value last written; None where no slot is valid. Raises OSError where the file cannot be read.

    Neither follows a link nor waits, whatever stands under the name.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return _latest(os.pread(fd, 2 * SLOT, 0))[1]
    finally:
        os.close(fd)


class Slots:
    """The writing side; opening makes the file, with its mode, and allocates its space. Raises OSError."""

    def __init__(self, path: str, mode: int = 0o644) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        try:
            os.fchmod(self._fd, mode)  # whatever the umask: others are to read it
            os.posix_fallocate(self._fd, 0, 2 * SLOT)
        except OSError:
            os.close(self._fd)
            raise
        self._turn, self.value = _latest(os.pread(self._fd, 2 * SLOT, 0))
        self._sync_at = 0.0

    def write(self, value: Any) -> None:
        """Replace the value; raises OSError, or ValueError if it does not fit."""
        turn = self._turn + 1
        body = b"%d %b" % (turn, dumps(value))
        line = b"%08x %b" % (zlib.crc32(body), body)
        if len(line) >= SLOT:
            raise ValueError(f"{len(line)} bytes do not fit into a slot of {SLOT}")
        os.pwrite(self._fd, line.ljust(SLOT - 1) + b"\n", turn % 2 * SLOT)
        self._turn, self.value = turn, value
        if time.monotonic() >= self._sync_at:
            self.sync()

    def sync(self) -> None:
        """Wait until the value is on the disk; raises OSError."""
        os.fdatasync(self._fd)
        self._sync_at = time.monotonic() + SYNC_PERIOD

    def close(self) -> None:
        os.close(self._fd)


def _latest(data: bytes) -> tuple[int, Any]:
    """Turn and value of the valid slot with the higher turn; (0, None) where none is valid."""
    best: tuple[int, Any] = (0, None)
    for start in (0, SLOT):
        try:
            check, _, body = data[start : start + SLOT].rstrip().partition(b" ")
            if zlib.crc32(body) != int(check, 16):
                continue
            turn, _, text = body.partition(b" ")
            if int(turn) > best[0]:
                best = int(turn), loads(text)
        except ValueError:
            continue
    return best

"""What a sensor leaves for the next one, also when killed: up to which event it came, and what it had not reported.

    run 1   … 4711 ✕ killed            newest 4711, 12 lines not written, 3 records lost and not reported
    run 2            4731 4732 …       19 events missed: 4712 to 4730; and what run 1 could not report

One small record in a file that is overwritten in place, without waiting for the disk: the kernel keeps what was written
for a process that is killed, not for a machine that is. A lock shows whether the sensor before still runs.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from sensor.digest import sha256
from sensor.tables.losses import ROWS

_HEAD = struct.Struct("<8s16s16s?7xdqQQ")
_COUNTS = struct.Struct(f"<{len(ROWS)}Q")
_CHECK = struct.Struct("<I")
_SIZE = _HEAD.size + _COUNTS.size + _CHECK.size
_MAGIC = b"hs-run\0\1"
_TABLE = sha256("\n".join(f"{row.place} {row.reason} {row.unit}" for row in ROWS).encode()).digest()[:16]
_NO_SERIAL = -1


class Run(NamedTuple):
    """Where a run stands.

    boot_id: 16 bytes.
    begun: seconds since 1970.
    serial: of the host's newest event that was worked on; None for none.
    holes: events before it that have not come, and do not count as missing yet.
    unwritten: lines that wait to be written.
    unreported: what is missing and was not reported, in the order of sensor.tables.losses.ROWS.
    ended: it ended by itself.
    """

    boot_id: bytes
    begun: float
    serial: int | None
    holes: int
    unwritten: int
    unreported: Sequence[int]
    ended: bool


class RunRecord:
    """The file, held for as long as this is open; raises OSError, BlockingIOError while another sensor holds it.

    before: the run that the file describes; None if it describes none, or by another table of losses.
    """

    def __init__(self, path: str) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(self._fd).st_mode):
                raise OSError(f"{path}: is no file")
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.before = _read(os.pread(self._fd, _SIZE, 0))
        except OSError:
            os.close(self._fd)
            raise

    def write(self, run: Run) -> None:
        """Replace the record; raises OSError."""
        serial = _NO_SERIAL if run.serial is None else run.serial
        head = _HEAD.pack(_MAGIC, _TABLE, run.boot_id, run.ended, run.begun, serial, run.holes, run.unwritten)
        body = head + _COUNTS.pack(*run.unreported)
        os.pwrite(self._fd, body + _CHECK.pack(zlib.crc32(body)), 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)


def _read(data: bytes) -> Run | None:
    if len(data) != _SIZE or _CHECK.unpack(data[-_CHECK.size :])[0] != zlib.crc32(data[: -_CHECK.size]):
        return None
    magic, table, boot_id, ended, begun, serial, holes, unwritten = _HEAD.unpack_from(data)
    if magic != _MAGIC or table != _TABLE:
        return None
    unreported = _COUNTS.unpack_from(data, _HEAD.size)
    return Run(boot_id, begun, None if serial == _NO_SERIAL else serial, holes, unwritten, unreported, ended)

"""The local log: a file that is appended to, rotated by size and by age, and readable for those who should read it.

    audit.jsonl  audit.jsonl.1  audit.jsonl.2  …        0640, and with read_users an access control list

Shippers follow such files, so: one write(2) with O_APPEND for a batch, rotation by rename, a new file appears with its
rights already set, no header line, and never half a line followed by another. When the disk is full in the middle of a
line, the line is finished later; when the program must end before that, or was killed in a write, it is cut off.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import suppress
from itertools import count

from sensor import retention
from sensor.outputs import BUFFER_IS_FULL, Clock, Log, Options, lost_at_the_end
from sensor.outputs.write_buffer import WriteBuffer
from sensor.rights.acl import Readers
from sensor.stats import OutputStats

ROTATION_PAUSE = 10
"""Seconds before a rotation that failed is tried again; until then the old file grows."""
LOOK_PERIOD = 1.0
"""Seconds between two looks whether the file still stands under its name."""
SETTLE = 0.05
"""Seconds another sensor, ending in this moment, is given to finish the line it is writing."""


class FileOutput:
    """Appends to the file at `path`, an absolute path; opens it at the first write, flush or reopen."""

    def __init__(self, path: str, options: Options, stats: OutputStats, log: Log, clock: Clock = time) -> None:
        self._clock = clock
        self._path = path
        self._options = options
        self._stats = stats
        self._log = log
        self._buffer = WriteBuffer(options.buffer, stats)
        stats.retained_bytes = (options.size or 0) * (options.generations + 1)
        self._fd = -1
        self._size = 0
        self._regular = True
        self._period = 0
        self._rotate_at = 0.0
        self._look_at = 0.0
        self._readers = Readers(options.read_users, options.read_groups, options.read_other, log)
        self._readers.renew()

    def write(self, lines: list[str]) -> None:
        if lines:
            self._buffer.take(lines, self._options.line_prefix)
            self._drain()

    def adopt(self, data: bytes, lines: int) -> None:
        self._buffer.adopt(data, lines)
        self._drain()

    def release(self) -> tuple[bytes, int]:
        self._close()
        return self._buffer.release()

    def flush(self) -> None:
        now = self._clock.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_PERIOD
            self._look()
        if self._buffer.data or self._fd < 0 or self._is_due():
            self._drain()

    def reopen(self) -> None:
        self._close()
        self._drain()

    def close(self) -> None:
        try:
            self._drain()
            self._close()
        finally:
            lost = self._buffer.give_up()
            if lost:
                self._log(lost_at_the_end(self._path, lost))

    def _drain(self) -> None:
        """Write what waits, in as many files as it takes, and keep what fits of the rest."""
        try:
            self._write_unsent()
        finally:
            if self._buffer.bound():
                self._log(f"{self._path}: {BUFFER_IS_FULL}")
            self._stats.pending_bytes = len(self._buffer.data)

    def _write_unsent(self) -> None:
        buffer = self._buffer
        try:
            if self._fd < 0:
                self._open()
            if self._is_due():
                self._rotate()
            while buffer.data:
                size = self._fitting()
                if size == 0:
                    self._rotate()
                    size = self._fitting()
                if self._size == 0:
                    self._period = self._period_of(self._clock.time())
                before = len(buffer.data)
                buffer.write(self._fd, size)
                self._size += before - len(buffer.data)
        except OSError as error:
            buffer.failed(error)
            self._stats.retries += 1
            self._log(f"{self._path}: {error.strerror}; trying again")

    def _fitting(self) -> int:
        """How much of what waits belongs into this file: whole lines, at least one in an empty file."""
        data, limit = self._buffer.data, self._options.size
        if (
            limit is None
            or self._size + len(data) <= limit
            or not self._regular
            or self._clock.monotonic() < self._rotate_at
        ):
            return len(data)
        if self._buffer.torn:
            return data.find(b"\n") + 1
        fitting = data.rfind(b"\n", 0, max(0, limit - self._size)) + 1
        return fitting if fitting or self._size else data.find(b"\n") + 1

    def _is_due(self) -> bool:
        """Whether the clock has passed a multiple of `age` since the file was last begun, or the clock set back."""
        if not self._options.age:
            return False
        period = self._period_of(self._clock.time())
        self._period = min(self._period, period)
        return bool(
            self._size
            and self._regular
            and not self._buffer.torn
            and period > self._period
            and self._clock.monotonic() >= self._rotate_at
        )

    def _period_of(self, moment: float) -> int:
        return int(moment / (self._options.age or 1))

    def _open(self) -> None:
        """Open the file, or begin it; raises OSError."""
        try:
            # Never waits for a FIFO's reader; means nothing to a file.
            fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except FileNotFoundError:
            fd = self._create()
            try:
                os.rename(self._path + ".tmp", self._path)
            except OSError:
                os.close(fd)
                raise
        status = os.fstat(fd)
        if stat.S_ISFIFO(status.st_mode):  # what is in it is not written, see FifoOutput
            os.close(fd)
            raise OSError(errno.ENXIO, "is a FIFO now, which is written to after the next start")
        self._fd = fd
        self._regular = stat.S_ISREG(status.st_mode)
        self._period = self._period_of(status.st_mtime)
        if self._regular:
            self._permit(fd)
            try:
                self._cut_torn_line(fd)
            except OSError:
                self._close()  # nothing is written behind half a line; the next attempt begins here
                raise
            self._size = os.fstat(fd).st_size
            self._measure_disk()

    def _create(self) -> int:
        """Make FILE.tmp with its rights; raises OSError."""
        path = self._path + ".tmp"
        with suppress(FileNotFoundError):
            os.unlink(path)  # left by one that was killed
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._permit(fd)
        return fd

    def _permit(self, fd: int) -> None:
        """Set who may read; a file system without access lists, or a file of another user, is logged."""
        try:
            self._readers.permit(fd)
        except OSError as error:
            self._log(f"{self._path}: who may read it cannot be set: {error.strerror}")

    def _cut_torn_line(self, fd: int) -> None:
        """Cut off the half line a predecessor left who was killed in a write, unless somebody is still writing it."""
        size = os.fstat(fd).st_size
        if size == 0 or os.pread(fd, 1, size - 1) == b"\n":
            return
        self._clock.sleep(SETTLE)
        if os.fstat(fd).st_size != size:
            return
        end = size
        while end > 0:
            start = max(0, end - 65536)
            newline = os.pread(fd, end - start, start).rfind(b"\n")
            end = start + newline + 1
            if newline >= 0:
                break
        try:
            os.ftruncate(fd, end)
        except PermissionError:  # a file that can only grow (chattr(1), a)
            os.write(fd, b"\n")
            self._log(f"{self._path}: {size - end} bytes of a line that was never finished cannot be cut off, and stay")
            return
        self._log(f"{self._path}: {size - end} bytes of a line cut off that was never finished")

    def _rotate(self) -> None:
        """Begin a new file; when that fails the old one is written to for another while."""
        path, kept = self._path, self._generations()
        self._rotate_at = self._clock.monotonic() + ROTATION_PAUSE
        try:
            fd = self._create()
        except OSError as error:
            self._log(f"{path}.tmp: {error.strerror}; the old file grows on")
            return
        try:
            last = next(number for number in count(1) if number >= kept or not os.path.lexists(f"{path}.{number}"))
            for number in range(last - 1, 0, -1):
                with suppress(FileNotFoundError):
                    os.rename(f"{path}.{number}", f"{path}.{number + 1}")
            if kept:
                with suppress(FileNotFoundError):
                    os.rename(path, path + ".1")
            os.rename(path + ".tmp", path)
        except OSError as error:
            os.close(fd)
            self._log(f"{path}: {error.strerror}; the old file grows on")
            return
        os.close(self._fd)
        self._fd, self._size, self._rotate_at = fd, 0, 0.0
        self._stats.rotations += 1
        self._remove_beyond(kept)

    def _generations(self) -> int:
        """How many old files there are after a rotation; those that go though they are not shipped are counted."""
        found = retention.kept(self._path, self._options.generations, self._options.keep_unshipped)
        if found.lost_files:
            self._stats.unshipped_files += found.lost_files
            self._stats.unshipped_bytes += found.lost_bytes
            self._log(f"{self._path}: {found.lost_bytes} bytes removed that were not shipped yet")
        return found.generations

    def _remove_beyond(self, kept: int) -> None:
        """Remove generations kept under an earlier configuration."""
        with suppress(OSError):
            while True:
                kept += 1
                os.unlink(f"{self._path}.{kept}")

    def _look(self) -> None:
        """Notice that the file was moved, removed or truncated under us."""
        if self._fd < 0:
            return
        ours = os.fstat(self._fd)
        if ours.st_size < self._size and self._regular:
            self._log(f"{self._path}: another program has cut it from {self._size} to {ours.st_size} bytes")
        self._size = ours.st_size
        if self._regular:
            self._measure_disk()
        try:
            theirs = os.stat(self._path)
        except OSError:
            theirs = None
        if theirs is None or (theirs.st_dev, theirs.st_ino) != (ours.st_dev, ours.st_ino):
            how = "moved" if ours.st_nlink else "removed"
            self._log(f"{self._path}: another program has {how} it; going on in a new file")
            self._close()
        elif self._readers.renew() and self._regular:
            self._permit(self._fd)

    def _measure_disk(self) -> None:
        with suppress(OSError):
            disk = os.fstatvfs(self._fd)
            self._stats.disk_bytes = disk.f_blocks * disk.f_frsize
            self._stats.disk_free_bytes = disk.f_bavail * disk.f_frsize

    def _close(self) -> None:
        """Close; a line that is half in this file is taken back, to be written whole into the next."""
        if self._fd < 0:
            return
        if self._buffer.torn and self._regular:
            with suppress(OSError):
                os.ftruncate(self._fd, os.fstat(self._fd).st_size - self._buffer.torn)
        self._buffer.rewind()
        os.close(self._fd)
        self._fd = -1

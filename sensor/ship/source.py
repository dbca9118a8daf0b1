"""One file of the log, open for reading at any offset of its content, packed or not.

source = Source(generation)
source.read(0, 65536)       b'{"ID":"1700000000.123:4567",…}\\n{"ID":…'
"""

from __future__ import annotations

import os

from sensor.ship.generations import HEAD, Generation
from sensor.ship.packed import PackedFile, open_packed

SKIP = 1 << 20
"""Bytes read at once on the way to an offset in a packed file."""


class Source:
    """Opens a file; raises OSError, also when another file stands under its name by now."""

    def __init__(self, generation: Generation) -> None:
        self.identity = generation.identity
        self.inode = generation.inode
        self.packed = generation.packed
        self.path = generation.path
        self.modified = generation.modified
        self._head = generation.head
        self._fd = os.open(generation.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        self._stream: PackedFile | None = None
        self._read = 0  # bytes of the content taken from the stream
        status = os.fstat(self._fd)
        if (status.st_dev, status.st_ino) != self.inode:
            self.close()
            raise FileNotFoundError(2, "another file has taken its name", generation.path)

    @property
    def closed(self) -> bool:
        return self._fd < 0

    def read(self, offset: int, size: int) -> bytes:
        """Return the content from `offset` on, at most `size` bytes; raises OSError."""
        if not self.packed:
            return os.pread(self._fd, size, offset)
        if self._stream is None or self._read > offset:
            self._restart()
        assert self._stream is not None
        while self._read < offset:
            skipped = self._stream.read(min(SKIP, offset - self._read))
            if not skipped:
                return b""
            self._read += len(skipped)
        data = self._stream.read(size)
        self._read += len(data)
        return data

    def size(self) -> int:
        """Bytes of the file as it is on disk."""
        return os.fstat(self._fd).st_size

    def was_rewritten(self, offset: int) -> bool:
        """Whether the file lost what was read of it: it is shorter than `offset`, or begins otherwise."""
        if self.packed:
            return False
        if os.fstat(self._fd).st_size < offset:
            return True
        head = os.pread(self._fd, HEAD, 0)
        if not head.startswith(self._head):
            return True
        self._head = head
        return False

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _restart(self) -> None:
        """Begin a packed file again: it can be read forwards only."""
        if self._stream is not None:
            self._stream.close()
        os.lseek(self._fd, 0, os.SEEK_SET)
        self._stream = open_packed(os.fdopen(os.dup(self._fd), "rb"), self.packed)
        self._read = 0

"""`input: stdin`, as auditd starts a plugin: descriptor 0 is one end of a socketpair, and its end means: finish.

Standard input that is no socket (a file, a pipe from another program) is a source that can wait, and soon does.
"""

from __future__ import annotations

import os
import stat

from sensor.errors import InputError
from sensor.inputs import ReadQueue
from sensor.stats import InputStats
from sensor.threads import start_thread

WAITING_BYTES = 1 << 20
"""So much is read ahead from a source that can wait."""


class StdinInput:
    """Reads descriptor 0 until its end. `limit` bounds the bytes read and not yet taken.

    Raises InputError when the descriptor is closed.
    """

    def __init__(self, limit: int, stats: InputStats, fd: int = 0) -> None:
        self._fd = fd
        self._stats = stats
        try:
            self._live = live = stat.S_ISSOCK(os.fstat(fd).st_mode)
        except OSError as error:
            raise InputError(f"standard input: {error.strerror}") from error
        self.queue = ReadQueue(limit if live else min(limit, WAITING_BYTES), live, stats)

    def open(self) -> None:
        """Make reads wait: a descriptor may come from a program that left it non-blocking."""
        os.set_blocking(self._fd, True)
        self._stats.connected = 1

    def read_until(self, descriptor: int, seconds: float) -> None:
        if self._live:
            self.queue.read_loop(self._fd, descriptor, seconds)

    def start(self) -> None:
        """Start the reader thread; it ends with the input, or with the process. Raises RuntimeError without threads."""
        start_thread("reader", self._read, self._count_failure)

    def stop(self) -> None:
        """Nothing: auditd closes its end itself, after its last record."""

    def _read(self) -> None:
        self.queue.read_loop(self._fd)
        self._stats.connected = 0
        self.queue.end()

    def _count_failure(self) -> None:
        self._stats.reader_failures += 1

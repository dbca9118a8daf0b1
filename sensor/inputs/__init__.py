"""Where audit records come from: the Input protocol, the buffer between reading and working, one file for each source.

An input hands over chunks of bytes exactly as they were read, for example

    type=EOE msg=audit(1700000000.123:4567): \n type=SYSCALL msg=audit(17000000

cut anywhere. It neither splits lines nor knows what they mean. A source that is slow or gone never keeps the caller
waiting longer than it asked to. Live sources are read by a thread of their own, which calls `Backlog.pump()` and does
nothing else, because auditd must never wait for what is done with its records. When the worker falls behind so far that
the buffer is full, a live source is still read, for an auditd that has to wait holds up every audited process of the
host: whole lines are dropped and counted. A source that can wait (a file, a pipe) is left waiting instead.
"""

from __future__ import annotations

import os
import select
import time
from queue import Empty, SimpleQueue
from typing import Protocol

from sensor.stats import InputStats

READ_BYTES = 65536
GATHER_BYTES = 262144
"""At most so much is handed over at once: about 5 ms of work, so that the worker looks at its other duties often."""

LINGER = 0.025
SMALL_READ = 16384
"""auditd writes every record with a write(2) of its own, and what a record costs is the wake-up. So when a first record
is there the reader waits LINGER seconds more, in which others gather in the socket. The socket holds 213 kB of kernel
memory, some 277 records however short, and behind it stands auditd's queue of 2,000: after a read of SMALL_READ bytes
or more it reads on at once. The wait ends early when the writer hangs up.
Measured at 300 execs, 1,800 writes, a second: 100 µs of CPU an exec without waiting, 46 with 10 ms, 31 with 25 ms."""


class Input(Protocol):
    """A live source of audit records."""

    def open(self) -> None:
        """Do what needs the rights the program was started with; raises InputError for what cannot ever work."""

    def start(self) -> None:
        """Begin to read, in a thread."""

    def get(self, timeout: float) -> bytes | None:
        """Return the next bytes; None when none came within `timeout` seconds; b"" at the end of input, for ever."""

    def stop(self) -> None:
        """Wait for no more input: what has arrived is still handed over, then the end of input."""


class Backlog:
    """A byte-bounded queue of chunks; one thread pumps, one gets.

    `limit` is in bytes. `live` tells that the writer must not wait: lines are dropped when the limit is reached.
    """

    def __init__(self, limit: int, live: bool, stats: InputStats) -> None:
        self._chunks: SimpleQueue[bytes] = SimpleQueue()
        self._limit = limit
        self._live = live
        self._stats = stats
        self._put_bytes = 0  # only the reader adds to it
        self._got_bytes = 0  # only the worker adds to it
        self._midline = False  # the stream stands within a line
        self._shedding = False
        self._ended = False

    def pump(self, fd: int) -> None:
        """Read the blocking descriptor until its end, or until it fails, which is the same for a stream."""
        data, hangup = select.poll(), select.poll()
        data.register(fd, select.POLLIN)
        hangup.register(fd, 0)
        size = 0
        while True:
            if size < SMALL_READ:
                data.poll()
                hangup.poll(LINGER * 1000)
            try:
                chunk = os.read(fd, READ_BYTES)
            except OSError:
                return
            if not chunk:
                return
            size = len(chunk)
            self.put(chunk)

    def put(self, chunk: bytes) -> None:
        """Take bytes as they were read."""
        stats = self._stats
        stats.chunks += 1
        stats.bytes += len(chunk)
        if self._shedding or self._full(chunk):
            chunk = self._make_room(chunk)
        else:
            self._midline = chunk[-1] != 10
        if chunk:
            self._put_bytes += len(chunk)
            self._chunks.put(chunk)
        stats.pending_bytes = self._put_bytes - self._got_bytes

    def end_line(self) -> None:
        """End a line whose rest will never come, so that it is not taken for the beginning of the next stream's."""
        if self._midline:
            self.put(b"\n")

    def end(self) -> None:
        """Say that nothing follows."""
        self._chunks.put(b"")

    def get(self, timeout: float) -> bytes | None:
        """Return what has gathered, up to GATHER_BYTES; None after `timeout` seconds; b"" at the end, for ever."""
        if self._ended:
            return b""
        try:
            chunk = self._chunks.get(timeout > 0, timeout)  # get(True, 0) can hang on Python 3.9
        except Empty:
            return None
        gathered, size = [chunk], len(chunk)
        while chunk and size < GATHER_BYTES and not self._chunks.empty():
            chunk = self._chunks.get()
            gathered.append(chunk)
            size += len(chunk)
        if not chunk:
            self._ended = True
        self._got_bytes += size
        self._stats.pending_bytes = self._put_bytes - self._got_bytes
        return b"".join(gathered)

    def _full(self, chunk: bytes, limits: int = 1) -> bool:
        return self._put_bytes - self._got_bytes + len(chunk) > limits * self._limit

    def _make_room(self, chunk: bytes) -> bytes:
        """Return what is handed over of a chunk that does not fit: all of it, but later, or the whole lines that do."""
        if self._live:
            return self._shed(chunk)
        while self._put_bytes > self._got_bytes and self._full(chunk):
            time.sleep(LINGER)
        self._midline = chunk[-1] != 10
        return chunk

    def _shed(self, chunk: bytes) -> bytes:
        """Drop lines: the one begun is completed first, and the first one after the gap is a whole one again.

        A line begun that has not ended when twice the limit is reached is cut; its rest counts as a dropped line.
        """
        rest_of_line = chunk.find(b"\n") + 1 if self._midline else 0
        unended = self._midline and not rest_of_line
        kept, dropped = chunk[:rest_of_line], chunk[rest_of_line:]
        if self._shedding:
            self._shedding = unended or self._full(chunk)
            kept, dropped = (b"", chunk) if self._shedding else (dropped, kept)
        elif not unended:
            self._shedding = True
        elif self._full(chunk, 2):
            self._shedding = True
            kept = b"\n"
        else:
            kept, dropped = chunk, b""
        self._midline = chunk[-1] != 10
        self._stats.dropped_bytes += len(dropped)
        self._stats.dropped_lines += dropped.count(b"\n")
        return kept

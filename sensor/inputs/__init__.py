"""Where audit records come from: the Input protocol, the buffer between reading and working, one file for each source.

An input hands over chunks of bytes exactly as they were read, for example

    type=EOE msg=audit(1700000000.123:4567): \n type=SYSCALL msg=audit(17000000

cut anywhere. It neither splits lines nor knows what they mean. A source that is slow or gone never keeps the caller
waiting longer than it asked to. Live sources are read by a thread of their own, which runs `ReadQueue.read_loop()` and
does nothing else, because auditd must never wait for the work on its records. When the worker falls behind so far that
the buffer is full, a live source is still read, for an auditd that has to wait holds up every audited process of the
host: whole lines are dropped and counted. A source that can wait (a file, a pipe) is left waiting instead.
"""

from __future__ import annotations

import select
import threading
import time
from contextlib import closing, suppress
from queue import Empty, SimpleQueue
from typing import Protocol

from sensor.inputs.gathering import ENOUGH, LINGER, readable
from sensor.stats import InputStats

READ_BYTES = 2 * ENOUGH
GATHER_BYTES = 262144
"""At most so much is handed over at once: about 5 ms of work, so that the worker looks at its other duties often."""


class Input(Protocol):
    """A live source of audit records.

    queue: what has been read.
    """

    queue: ReadQueue

    def open(self) -> None:
        """Do what needs the rights the program was started with; raises InputError for what cannot ever work."""

    def read_until(self, descriptor: int, seconds: float) -> None:
        """Between open() and start(): read until a descriptor is readable, time is up, or there is nothing to read.

        A source that can wait is left waiting.
        """

    def start(self) -> None:
        """Begin to read, in a thread."""

    def stop(self) -> None:
        """Wait for no more input: what has arrived is still handed over, then the end of input."""


class ReadQueue:
    """A byte-bounded queue of chunks; one thread reads, one gets.

    `live`: the writer must not wait: lines are dropped when the limit is reached.
    linger: seconds that a read from a socket waits for more, see sensor.inputs.gathering.
    limit: in bytes; it falls when there is no memory for so much.
    ended: nothing more is put; what is there can still be had.
    """

    def __init__(self, limit: int, live: bool, stats: InputStats, linger: float = LINGER) -> None:
        self._linger = linger
        self._chunks: SimpleQueue[bytes | None] = SimpleQueue()  # None: wake up
        self.limit = limit
        self._live = live
        # Here, for there may be no memory when the reader begins again. What is read at once has room if nothing waits.
        self._buffer = bytearray(min(READ_BYTES, limit))
        self._stats = stats
        self._gathered: list[bytes] = []  # taken from the queue, and not handed over
        self._lock = threading.Lock()  # for what both threads do
        self._put_bytes = 0
        self._got_bytes = 0  # or given up
        self._midline = False  # the stream stands within a line
        self._cut = False  # what was queued ends within a line; once shut, the rest of that line is no other
        self._shedding = False
        self._torn = False  # a line was begun, and its rest dropped
        self._handed_midline = False  # what was handed over ends within a line
        self._gap = False  # what is next to be handed over does not follow what was
        self._shut = False
        self._over = False  # the end was handed over
        self.ended = False

    def read_loop(self, fd: int, until: int | None = None, seconds: float | None = None) -> None:
        """Read the blocking descriptor until its end, or until it fails, which is the same for a stream.

        until: a descriptor that ends this, too, when it is readable; and so does the passing of `seconds`.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        data = select.poll()
        data.register(fd, select.POLLIN)
        if until is not None:
            data.register(until, select.POLLIN)
        buffer = self._buffer
        with memoryview(buffer) as view, closing(readable(fd, self._linger, len(buffer) // 2)) as source:
            while True:
                try:
                    ready = data.poll(None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000)
                    if deadline is not None and (not ready or any(number == until for number, _ in ready)):
                        return
                    size = source.read(buffer)
                except BlockingIOError:
                    continue
                except OSError:
                    return
                except MemoryError:
                    self.relieve()
                    continue
                if not size:
                    return
                begun = self._midline and not self._shedding
                try:
                    self.put(bytes(view[:size]))
                except Exception:  # noqa: BLE001  without memory, that is: the writer must not wait for more of it
                    self._lose(buffer, size, begun)
                if self._shut:
                    return

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
            if self._torn:
                chunk = b"\n" + chunk
            self._queue(chunk)
            self._torn = False
        stats.pending_bytes = self._put_bytes - self._got_bytes

    def end_line(self) -> None:
        """End a line whose rest will never come, so that it is not taken for the beginning of the next stream's."""
        if self._midline:
            self.put(b"\n")

    def end(self) -> None:
        """Announce that nothing follows."""
        self._chunks.put(b"")
        self.ended = True

    def shut(self) -> None:
        """Take no more: what is put from now on is dropped. For the thread that gets."""
        with self._lock:
            if not self._shut:
                self._shut = True
                self.end()

    def wake(self) -> None:
        """Let the thread that gets wait no longer, this time; may be called by a handler of a signal."""
        self._chunks.put(None)

    def get(self, timeout: float) -> bytes | None:
        """Return what has gathered, up to GATHER_BYTES; b"" at the end, for ever.

        None after `timeout` seconds, or when it was woken up.
        """
        gathered = self._gathered
        if self._over and not gathered:
            return b""
        try:
            if not gathered:
                first = self._chunks.get(timeout > 0, timeout)  # get(True, 0) can hang on Python 3.9
                if first is None:
                    return None
                gathered.append(first)
            size = sum(map(len, gathered))
            while gathered[-1] and size < GATHER_BYTES and not self._chunks.empty():
                chunk = self._chunks.get_nowait()
                if chunk is not None:
                    gathered.append(chunk)
                    size += len(chunk)
        except Empty:
            if not gathered:
                return None
        self._over = self._over or not gathered[-1]
        try:
            handed = b"".join(gathered)
            gathered.clear()
        except MemoryError:
            handed = gathered.pop(0)
        with self._lock:
            self._got_bytes += len(handed)
        if self._gap and handed:
            handed, self._gap = b"\n" + handed if self._handed_midline else handed, False
        self._stats.pending_bytes = self._put_bytes - self._got_bytes
        if handed:
            self._handed_midline = handed[-1] != 10
        return handed

    def abandon(self) -> bytes:
        """Drop what is there, for good; returns the rest of the line that was begun. For the thread that gets."""
        self.shut()
        rest, begun, last = [], self._handed_midline, b"\n"
        while (chunk := self.get(0)) != b"":
            if chunk is None:  # woken up
                continue
            end = (chunk.find(b"\n") + 1 or len(chunk)) if begun else 0
            begun = begun and chunk[end - 1] != 10
            rest.append(chunk[:end])
            last = chunk[end:] or last
            self.drop(chunk[end:])
        self._count_dropped(0, last[-1] != 10)
        return b"".join(rest)

    def drop(self, data: bytes) -> None:
        """Count input as dropped; a line counts with its end."""
        self._count_dropped(len(data), data.count(b"\n"))

    def relieve(self) -> None:
        """There is no memory: give up the older half of what waits, which is counted, and keep no more from now on."""
        # Here the old goes: what waits is the memory that there is not, and the pipeline may be the one who needs it.
        with self._lock:
            half = max((self._put_bytes - self._got_bytes) // 2, READ_BYTES)
            self.limit = min(self.limit, half)
            with suppress(Empty):
                while self._put_bytes - self._got_bytes > half:
                    chunk = self._chunks.get_nowait()
                    if chunk is None:
                        continue
                    if not chunk:
                        self._chunks.put(chunk)
                        break
                    self._got_bytes += len(chunk)
                    self._stats.dropped_bytes += len(chunk)
                    self._stats.dropped_lines += chunk.count(b"\n")
                    self._gap = True
        time.sleep(0.001)

    def _count_dropped(self, size: int, lines: int) -> None:
        with self._lock:
            self._stats.dropped_bytes += size
            self._stats.dropped_lines += lines

    def _queue(self, chunk: bytes) -> None:
        with self._lock:
            if not self._shut:
                self._chunks.put(chunk)
                self._put_bytes += len(chunk)
                self._cut = chunk[-1] != 10
                return
        ends = chunk.count(b"\n")
        self._count_dropped(len(chunk), ends - (self._cut and ends > 0))
        self._cut = self._cut and not ends

    def _lose(self, buffer: bytearray, size: int, begun: bool) -> None:
        """Drop what was read, without taking memory for it; begun: the line before has no end yet."""
        self.relieve()
        self._count_dropped(size, buffer.count(b"\n", 0, size))
        self._torn = self._torn or begun
        self._midline = buffer[size - 1] != 10
        self._shedding = True

    def _full(self, chunk: bytes, limits: int = 1) -> bool:
        return self._put_bytes - self._got_bytes + len(chunk) > limits * self.limit

    def _make_room(self, chunk: bytes) -> bytes:
        """Return what is handed over of a chunk that does not fit: all of it, but later, or the whole lines that do."""
        # auditd waits for a plugin that does not read, and the kernel for auditd: a system call must not wait for us.
        if self._live:
            return self._shed(chunk)
        while self._put_bytes > self._got_bytes and self._full(chunk):
            time.sleep(0.01)
        self._midline = chunk[-1] != 10
        return chunk

    def _shed(self, chunk: bytes) -> bytes:
        """Drop lines: the one begun is completed first, and the first one after the gap is a whole one again.

        A line begun that has not ended when twice the limit is reached is cut; its rest counts as a dropped line.
        """
        # The new goes, not what waits: that is in order and may be half of events whose rest was just read.
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
        self.drop(dropped)
        return kept

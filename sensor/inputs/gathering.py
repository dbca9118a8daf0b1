"""Reading many records at a time: auditd writes each with a write(2) of its own, and what costs is to wake up for it.

    few come, or a storm    one read, into which the kernel copies each record as it comes: the socket never fills up
    in between              sleep for PAUSE or less, take what the socket holds, and so on

Either ends when enough has come, LINGER after the first record, STEADILY times that in between, or with the stream.

A socket that is full makes auditd wait. So no sleep is longer than fills half of it at the rate of the last read, nor
than fills it at SUDDEN records a second of that size, and the first that brings much more ends them. By calculation,
30,000 short ones a second that set in meanwhile fill the socket once and take 900 places of auditd's queue.
"""

from __future__ import annotations

import math
import os
import socket
import stat
import struct
import time
from typing import Final, Protocol

LINGER = 0.2
"""In seconds. A processor that has been elsewhere begins with cold caches: at 300 execs a second the whole sensor takes
54 µs of CPU an exec if it is handed records every 0.2 s, 48 every 0.4 s and 45 every 0.8 s."""
STEADILY = 2
"""Where few come there is little to save: an event is seen sooner, and of its process more is still in /proc."""
ENOUGH = 163840
"""In bytes: more than 300 execs a second bring while they are waited for."""
PAUSE = 0.04
"""In seconds. Reading alone, at 300 execs, 1,800 records, a second: 75 µs of CPU an exec if each record is read, 23 if
the kernel gathers them, 17 asleep for 0.03 s, half of it in the kernel. At 2,400 it sleeps for 0.037."""
WORTH: Final = 4
"""Records in a pause; for fewer it costs less to let the kernel gather them."""
SHORTEST: Final = 0.005
"""Seconds; in a storm that fills half of the socket in less there is no sleep."""
_TIMEVAL: Final = "qq" if socket.SO_RCVTIMEO == 66 else "ll"
"""struct timeval of the option, which has another number where time is longer than a word (asm/socket.h)."""
SUDDEN: Final = 6000
"""Records a second, of the size of those before, that may begin to arrive in a sleep without making auditd wait."""
SAMPLE: Final = 8192
"""Bytes at the end of what was read in which records are looked at: the newest, which are in the caches."""


def room_of(size: int) -> int:
    """Bytes of a socket that a record takes, at most, where a page has 4 kB.

    That is struct sk_buff, and a power of two for the record and what stands behind it, struct skb_shared_info (Linux
    6.18, net/unix/af_unix.c and net/core/skbuff.c): 768 up to 192 bytes, 1280 up to 704, 2304 up to 1728, and so on.
    """
    return 256 + (1 << (size + 319).bit_length())


def _timeval(seconds: float) -> tuple[int, int]:
    """Whole seconds, and microseconds, of which the kernel takes less than a million."""
    return divmod(round(seconds * 1e6), 1_000_000)


class Readable(Protocol):
    """What is read."""

    def read(self, buffer: bytearray) -> int:
        """Wait for data; returns how many bytes of it are in the buffer, 0 at the end. Raises OSError."""

    def close(self) -> None:
        """Let go of it; the descriptor is another's."""


def readable(fd: int, linger: float, enough: int) -> Readable:
    """How to read a descriptor that blocks; a read from a stream socket gathers what comes in `linger` seconds,
    in STEADILY times as many while records come steadily.

    enough: bytes for which it waits at most.
    """
    if stat.S_ISSOCK(os.fstat(fd).st_mode):
        same = socket.socket(fileno=os.dup(fd))
        if same.type == socket.SOCK_STREAM:
            return _Gathering(same, linger, enough)
        same.close()
    return _Plain(fd)


class _Plain:
    """A descriptor of which a read ends with what is there."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def read(self, buffer: bytearray) -> int:
        return os.readv(self._fd, [buffer])

    def close(self) -> None:
        """Nothing was opened."""


class _Gathering:
    """A stream socket; a read waits for no single record."""

    def __init__(self, stream: socket.socket, linger: float, enough: int) -> None:
        self._socket = stream
        self._enough = enough
        self._linger = linger
        self._steadily = STEADILY * linger
        self._longest = min(PAUSE, linger)
        self._pause = 0.0  # the next ones; 0: none
        self._most = 0  # bytes that one of them may bring
        self._size = 0
        # Both ends take as much, by default net.core.wmem_default, mostly 212,992 bytes.
        self._half = stream.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) // 2
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, enough)

    def read(self, buffer: bytearray) -> int:
        self._size = 0
        try:
            with memoryview(buffer) as view:
                self._gather(buffer, view)
        except (OSError, MemoryError):  # nothing comes at the moment, for one
            self._pause = 0.0
            if not self._size:
                raise
        return self._size

    def close(self) -> None:
        """Close the copy of the descriptor."""
        self._socket.close()

    def _gather(self, buffer: bytearray, view: memoryview) -> None:
        begun = now = time.monotonic()
        if self._pause:
            calm = self._sleep_and_take(view)
            now = time.monotonic()
            self._choose_pause(buffer, now - begun)
            if calm:
                return
            self._pause = 0.0
        left = max(begun + self._linger - now, 0.001)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack(_TIMEVAL, *_timeval(left)))
        self._size += self._socket.recv_into(view[self._size :])
        self._choose_pause(buffer, time.monotonic() - begun)

    def _sleep_and_take(self, view: memoryview) -> bool:
        """False if a pause has brought more than there is room for, and more is to be expected."""
        pause, most, receive = self._pause, self._most, self._socket.recv_into
        for _ in range(math.ceil(self._steadily / pause)):  # few steps: each time they are done with cold caches
            time.sleep(pause)
            come = receive(view[self._size :], 0, socket.MSG_DONTWAIT)
            self._size += come
            if not come or self._size >= self._enough:
                return True
            if come > most:
                return False
        return True

    def _choose_pause(self, buffer: bytearray, seconds: float) -> None:
        """By what has come in so many seconds."""
        newest = buffer[max(0, self._size - SAMPLE) : self._size]
        share = self._size / max(len(newest), 1)
        records = share * newest.count(b"\n")
        room = share * sum([room_of(len(record) + 1) for record in newest.split(b"\n")]) + 1
        pause = min(self._longest, self._half / room * min(seconds, 2 * records / SUDDEN))
        self._most = int(1.5 * self._half * self._size / room)
        self._pause = pause if pause >= SHORTEST and records * pause >= WORTH * seconds else 0.0

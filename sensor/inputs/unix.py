"""`input: unix:/path`: auditd's own af_unix plugin, which serves the same lines on a socket.

Its configuration, plugins.d/af_unix.conf, sets the socket's mode and path, for example `args = 0640 /run/audit_events`.
That plugin serves one reader at a time and ends when auditd does; then this input tries again, for ever.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from contextlib import suppress

from sensor.errors import InputError
from sensor.inputs import ReadQueue
from sensor.stats import InputStats
from sensor.threads import start_thread

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds between two attempts to connect: doubled each time, from the first to the longest."""


class UnixInput:
    """Reads the stream socket at `path`. `limit` bounds the bytes read and not yet taken."""

    def __init__(self, path: str, limit: int, stats: InputStats) -> None:
        self._path = path
        self._stats = stats
        self.queue = ReadQueue(limit, True, stats)
        self._socket: socket.socket | None = None
        self._stopped = threading.Event()

    def open(self) -> None:
        """Connect while there are still rights to; it is no error if there is no listener yet."""
        if len(os.fsencode(self._path)) > 107:
            raise InputError(f"unix:{self._path}: a socket's path has at most 107 bytes")
        self._connect()

    def read_until(self, descriptor: int, seconds: float) -> None:
        if self._socket is not None:
            self.queue.read_loop(self._socket.fileno(), descriptor, seconds)

    def start(self) -> None:
        """Start the reader thread; it ends after stop(), or with the process."""
        start_thread("reader", self._read, self._count_failure)

    def stop(self) -> None:
        """Take what the socket holds, then no more."""
        self._stopped.set()
        connected = self._socket
        if connected is not None:
            with suppress(OSError):  # gone in this moment: the reader sees it too
                connected.shutdown(socket.SHUT_RD)

    def _connect(self) -> bool:
        try:
            connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        except OSError as error:  # out of descriptors, for the moment
            return self._refused(error)
        try:
            connected.connect(self._path)
        except OSError as error:
            connected.close()
            return self._refused(error)
        self._socket = connected
        self._stats.connected = 1
        return True

    def _refused(self, error: OSError) -> bool:
        log.warning("input: unix:%s: %s; trying again", self._path, error.strerror or error)
        return False

    def _read(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopped.is_set():
            if self._socket is not None or self._connect():
                pause = FIRST_PAUSE
                self._read_connected()
                if not self._stopped.is_set():
                    log.warning("input: unix:%s: the other end is gone; connecting again", self._path)
                self._stats.reconnects += not self._stopped.is_set()
            self._stopped.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        self.queue.end()

    def _count_failure(self) -> None:
        self._stats.reader_failures += 1

    def _read_connected(self) -> None:
        assert self._socket is not None
        try:
            with self._socket as connected:
                self.queue.read_loop(connected.fileno())
        finally:
            self._socket = None
            self._stats.connected = 0
            self.queue.end_line()

"""Where finished lines go: the Output protocol, its options, and what the outputs share; one file for each kind.

Lines arrive as strs in which each character is one byte (latin-1), without the newline:

    {"ID":"1700000000.123:4567","SYSCALL":{…},"EXECVE":{…}}

An output never raises for what goes wrong outside (a full disk, a reader that is gone) and never waits for it: what
cannot be written now stays in a bounded buffer and is tried again with every batch; what does not fit there is lost,
counted by its reason: the name of the errno that stood in the way, or "slow". A line is never torn in the middle.
"""

from __future__ import annotations

import errno
import os
import select
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sensor.options import OptionError, option, path_mistake
from sensor.stats import OutputStats

Log = Callable[[str], None]

_SOCKET_PATH = 107
"""Longest path of a socket: unix(7), sun_path without its final NUL."""


@dataclass(frozen=True)
class Options:
    """Where lines go, and who may read them."""

    file: str = option(
        "audit.jsonl",
        "File name, below `directory` unless absolute. `-` is standard output, `| /program arguments` the standard"
        " input of a program, started again when it ends, `unix:/path` a stream socket somebody listens on.",
    )
    size: int | None = option(10 << 20, "A new file begins before one grows beyond this; null: never.", (), 1, "bytes")
    age: int | None = option(
        None, "A new file begins whenever the clock passes a multiple of this (UTC); null: never.", (), 60, "seconds"
    )
    generations: int = option(5, "How many old files are kept, as FILE.1 (the newest), FILE.2 and so on.", minimum=0)
    read_users: tuple[str, ...] = option((), "Users who may read the files, by POSIX access control list.")
    read_groups: tuple[str, ...] = option((), "Groups who may read the files, by POSIX access control list.")
    read_other: bool = option(False, "Let everybody read the files.")
    line_prefix: str | None = option(None, 'Text before every line, for example "@cee: ".')
    buffer: int = option(
        16 << 20, "How much is kept while lines cannot be written; more is lost, and counted.", (), 65536, "bytes"
    )

    def __post_init__(self) -> None:
        mistake = _mistake(self.file)
        if mistake is not None:
            raise OptionError("file", mistake)


def _mistake(file: str) -> str | None:
    """What is wrong with the name of an output; None: nothing."""
    if not file.strip():
        return "expected a file name, `-`, `| /program` or `unix:/path`, found nothing"
    if file.startswith("|"):
        return _mistake_of_program(file[1:])
    if not file.startswith("unix:"):
        return path_mistake(file)
    path = file[len("unix:") :]
    if not path.startswith("/"):
        return f'expected unix:/path, found "{file}"'
    if len(path.encode()) > _SOCKET_PATH:
        return f"expected unix:/path of at most {_SOCKET_PATH} bytes, found {len(path.encode())}"
    return None


def _mistake_of_program(command: str) -> str | None:
    try:
        words = shlex.split(command)
    except ValueError as error:
        return f'expected a program and its arguments, found "{command.strip()}": {error}'
    if not words or not words[0].startswith("/"):
        return f'expected a program by its full path, found "{command.strip()}"'
    return None


class Output(Protocol):
    """Something lines are written to."""

    def write(self, lines: list[str]) -> None:
        """Write a batch, with one write(2) if it can be."""

    def flush(self) -> None:
        """Try again what could not be written, and see to what depends on time; call it every 0.1 s."""

    def reopen(self) -> None:
        """Close, and open again by name: somebody else has moved the file."""

    def close(self) -> None:
        """Write what can be written, count the rest as lost, and close."""


def encode(lines: list[str], prefix: str | None) -> bytes:
    """Turn lines into bytes as they are written; the prefix is ordinary text."""
    if not prefix:
        return "\n".join([*lines, ""]).encode("latin-1")
    before = prefix.encode().decode("latin-1")
    return "".join([f"{before}{line}\n" for line in lines]).encode("latin-1")


def reason(error: OSError) -> str:
    """The name by which an error is counted, as ENOSPC; "slow" for a reader that does not keep up."""
    if error.errno in {errno.EAGAIN, errno.EWOULDBLOCK}:
        return "slow"
    return errno.errorcode.get(error.errno or 0, "unknown")


class Unsent:
    """Whole lines not written yet, up to `limit` bytes; knows how much of the first one is out already."""

    def __init__(self, limit: int, stats: OutputStats) -> None:
        self._limit = limit
        self._stats = stats
        self._out = b""  # of the first line
        self._lines = 0
        self.data = bytearray()
        self.why = "slow"  # what stood in the way last

    def add(self, data: bytes, lines: int) -> None:
        """Take so many whole lines; those that do not fit are lost."""
        room = self._limit - len(self.data)
        if len(data) > room:
            fitting = data.rfind(b"\n", 0, max(0, room)) + 1
            lost = data.count(b"\n", fitting)
            self._lose(lost)
            data, lines = data[:fitting], lines - lost
        self.data += data
        self._lines += lines

    def write(self, fd: int, size: int) -> None:
        """Write the first `size` bytes, or what the descriptor takes of them; raises OSError."""
        with memoryview(self.data) as whole, whole[:size] as part:
            done = os.write(fd, part)
        line = self.data.rfind(b"\n", 0, done) + 1
        self._out = bytes(self.data[line:done]) if line else self._out + self.data[:done]
        # Counting newlines takes longer than writing them; a batch is nearly always written whole.
        lines = self._lines if done == len(self.data) else self.data.count(b"\n", 0, done)
        self._lines -= lines
        self._stats.lines += lines
        self._stats.bytes += done
        del self.data[:done]

    @property
    def torn(self) -> int:
        """Bytes written of a line that is not finished."""
        return len(self._out)

    def rewind(self) -> None:
        """Begin the unfinished line again: what was written of it is gone."""
        self.data[:0] = self._out
        self._out = b""

    def failed(self, error: OSError) -> None:
        """Count an attempt that failed; what is lost from now on is lost because of it."""
        self.why = reason(error)
        if self.why != "slow":
            self._stats.errors[self.why] = self._stats.errors.get(self.why, 0) + 1

    def give_up(self) -> None:
        """Count all that is left as lost."""
        self._lose(self._lines)
        self._lines = 0
        self.data.clear()
        self._out = b""

    def _lose(self, lines: int) -> None:
        if lines:
            self._stats.lost_lines[self.why] = self._stats.lost_lines.get(self.why, 0) + lines


FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds until a broken stream is tried again: doubled each time, from the first to the longest."""

STREAM_WRITE = 65536
CLOSING_GRACE = 1.0
"""Seconds a reader that does not keep up is waited for at the very end."""


class Stream:
    """What outputs to another program share: a descriptor that may be full or break, and is made again.

    A subclass says how to connect(); the line that was half written when a stream broke is written anew, whole.
    """

    def __init__(self, options: Options, stats: OutputStats, log: Log) -> None:
        self._prefix = options.line_prefix
        self._name = options.file
        self._stats = stats
        self._log = log
        self._unsent = Unsent(options.buffer, stats)
        self._fd = -1
        self._pause = FIRST_PAUSE
        self._connected_at = 0.0
        self._try_at = 0.0

    def connect(self) -> int:
        """Return a new descriptor; raises OSError."""
        raise OSError(errno.ENOTSUP, "a subclass says how to connect")

    def write(self, lines: list[str]) -> None:
        if lines:
            self._unsent.add(encode(lines, self._prefix), len(lines))
            self.flush()

    def flush(self) -> None:
        if self._fd < 0 and not self._connected():
            return
        try:
            while self._unsent.data:
                self._unsent.write(self._fd, STREAM_WRITE)
        except OSError as error:
            self._unsent.failed(error)
            if self._unsent.why != "slow":
                self._broken(error)

    def reopen(self) -> None:
        """Nothing: a stream has no name somebody could have moved."""

    def close(self) -> None:
        deadline = time.monotonic() + CLOSING_GRACE
        self.flush()
        while self._unsent.data and self._fd >= 0 and time.monotonic() < deadline:
            writable = select.poll()
            writable.register(self._fd, select.POLLOUT)
            writable.poll(1000 * (deadline - time.monotonic()))
            self.flush()
        self._unsent.give_up()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _connected(self) -> bool:
        """Connect when it is time to."""
        now = time.monotonic()
        if now < self._try_at:
            return False
        try:
            self._fd = self.connect()
        except OSError as error:
            self._unsent.failed(error)
            self._wait(error)
            return False
        if self._connected_at:
            self._stats.retries += 1
        self._connected_at = now
        return True

    def _broken(self, error: OSError) -> None:
        os.close(self._fd)
        self._fd = -1
        self._unsent.rewind()
        if time.monotonic() - self._connected_at > LONGEST_PAUSE:
            self._pause = FIRST_PAUSE
        self._wait(error)

    def _wait(self, error: OSError) -> None:
        self._log(f"{self._name}: {error.strerror}; trying again in {self._pause:g} s")
        self._try_at = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

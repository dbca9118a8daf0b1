"""Where finished lines go: the Output protocol, its options, and what the outputs share; one file for each kind.

Lines arrive as strs in which each character is one byte (latin-1), without the newline:

    {"ID":"1700000000.123:4567","SYSCALL":{…},"EXECVE":{…}}

An output never raises for what goes wrong outside (a full disk, a reader that is gone) and never waits for it: what
cannot be written now stays in a bounded buffer and is tried again with every batch; what does not fit there is lost,
counted by its reason: the name of the errno that stood in the way, "slow", or "crash" for what cannot be encoded. A
line is never torn in the middle.

Written, and counted as that, is what is in the file, or what the reader of a stream has taken from the kernel: what it
left in its pipe or socket when it ended is written again, to the next one. How much that is the kernel tells of a pipe
to the byte, of a socket only whether there was any: then some lines may come twice. At the very end, what a living
reader has not taken within CLOSING_GRACE counts as written, too.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import select
import shlex
import socket
import stat
import struct
import sys
import termios
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
        if "\n" in (self.line_prefix or ""):
            raise OptionError("line_prefix", "expected text without a line break")
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

    def release(self) -> tuple[bytes, int]:
        """Close without waiting, and return the lines that are not written, for another output to adopt."""

    def adopt(self, data: bytes, lines: int) -> None:
        """Take so many whole lines that another output released, before any other."""


def encode(lines: list[str], prefix: str | None) -> bytes:
    """Turn lines into bytes as they are written; the prefix is ordinary text."""
    if not prefix:
        return "\n".join([*lines, ""]).encode("latin-1")
    before = prefix.encode().decode("latin-1")
    return "".join([f"{before}{line}\n" for line in lines]).encode("latin-1")


def reason(error: Exception) -> str:
    """The name by which an error is counted, as ENOSPC; "slow" for a reader that does not keep up."""
    if isinstance(error, MemoryError):
        return "ENOMEM"
    if not isinstance(error, OSError):
        return "crash"
    if error.errno in {errno.EAGAIN, errno.EWOULDBLOCK}:
        return "slow"
    return errno.errorcode.get(error.errno or 0, "unknown")


class Unsent:
    """Whole lines not written yet, up to `limit` bytes; knows how much of the first one is out already."""

    def __init__(self, limit: int, stats: OutputStats) -> None:
        self._limit = limit
        self._stats = stats
        self._out = bytearray()  # of the first line
        self._lines = 0
        self.data = bytearray()
        self.why = "slow"  # what stood in the way last

    def take(self, lines: list[str], prefix: str | None) -> None:
        """Take lines; raises nothing: a line that cannot be had as bytes is lost alone."""
        try:
            self.add(encode(lines, prefix), len(lines))
        except Exception:  # noqa: BLE001  the border: one line costs no other
            for line in lines:
                try:
                    self.add(encode([_in_bytes(line)], prefix), 1)
                except Exception as error:  # noqa: BLE001
                    self._lose(1, reason(error))

    def add(self, data: bytes, lines: int) -> None:
        """Take so many whole lines; those that do not fit are lost."""
        room = self._limit - len(self.data)
        lost = 0
        if len(data) > room:
            fitting = data.rfind(b"\n", 0, max(0, room)) + 1
            lost = data.count(b"\n", fitting)
            data, lines = data[:fitting], lines - lost
        self.data += data
        self._lines += lines
        self._lose(lost, self.why)

    def write(self, fd: int, size: int) -> None:
        """Write the first `size` bytes, or what the descriptor takes of them; raises OSError."""
        with memoryview(self.data) as whole, whole[:size] as part:
            done = os.write(fd, part)
        self._stats.bytes += done
        if done == len(self.data):  # nearly always; counting newlines takes longer than writing them
            self._written(self._lines)
            self._out.clear()
            self.data.clear()
            return
        line = self.data.rfind(b"\n", 0, done) + 1
        if line:
            self._out.clear()
        self._out += self.data[line:done]
        self._written(self.data.count(b"\n", 0, done))
        del self.data[:done]

    @property
    def torn(self) -> int:
        """Bytes written of a line that is not finished."""
        return len(self._out)

    def rewind(self) -> None:
        """Begin the unfinished line again: what was written of it is gone."""
        self.data[:0] = self._out
        self._out.clear()

    def release(self) -> tuple[bytes, int]:
        """Give away all lines; one that is half written is begun again."""
        self.rewind()
        given = bytes(self.data), self._lines
        self.data.clear()
        self._lines = 0
        return given

    def failed(self, error: OSError) -> None:
        """Count an attempt that failed; what is lost from now on is lost because of it."""
        self.why = reason(error)
        if self.why != "slow":
            self._stats.errors[self.why] = self._stats.errors.get(self.why, 0) + 1

    def give_up(self) -> None:
        """Count all that is left as lost."""
        self._lose(self._lines, self.why)
        self._lines = 0
        self.data.clear()
        self._out.clear()

    def _written(self, lines: int) -> None:
        self._lines -= lines
        self._stats.lines += lines

    def _lose(self, lines: int, why: str) -> None:
        if lines:
            self._stats.lost_lines[why] = self._stats.lost_lines.get(why, 0) + lines


class Untaken(Unsent):
    """Lines for a stream: those that were written stay until the reader has taken them from the kernel."""

    def write(self, fd: int, size: int) -> None:
        with memoryview(self.data) as whole, whole[:size] as part:
            done = os.write(fd, part)
        self._stats.bytes += done
        self._out += self.data[:done]
        del self.data[:done]

    def taken(self, left: int) -> None:
        """Count as written what the reader has taken: all but the last `left` bytes that were written."""
        end = self._out.rfind(b"\n", 0, max(0, len(self._out) - left)) + 1
        self._written(self._out.count(b"\n", 0, end))
        del self._out[:end]

    @property
    def torn(self) -> int:
        return len(self._out) - self._out.rfind(b"\n") - 1


def _in_bytes(line: str) -> str:
    """A line in which every character is a byte; what is none is written as JSON text can have it."""
    return "".join([character if character <= "\xff" else json.dumps(character)[1:-1] for character in line])


def bytes_left(fd: int) -> int:
    """Bytes in a pipe or socket that its reader has not taken; of a socket at most so many (pipe(7), unix(7))."""
    mode = os.fstat(fd).st_mode
    if not stat.S_ISFIFO(mode) and not stat.S_ISSOCK(mode):
        return 0
    request = termios.FIONREAD if stat.S_ISFIFO(mode) else termios.TIOCOUTQ
    return int(struct.unpack("i", fcntl.ioctl(fd, request, bytes(4)))[0])


def bytes_left_behind(fd: int) -> int:
    """The same of a pipe or socket whose reader has ended; more than there can be where that is not known.

    A socket has the error ECONNRESET if the other end was closed with something in it (net/unix/af_unix.c,
    unix_release_sock).
    """
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        return bytes_left(fd)
    with socket.socket(fileno=os.dup(fd)) as same:
        return sys.maxsize if same.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) else 0


def has_reader(fd: int) -> bool:
    """Whether somebody can still read what is written to a pipe or socket."""
    state = select.poll()
    state.register(fd, 0)
    return not state.poll(0)


FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds until a broken stream is tried again: doubled each time, from the first to the longest."""

STREAM_WRITE = 65536
CLOSING_GRACE = 1.0
"""Seconds a reader that does not keep up is waited for at the very end."""
CLOSING_LOOK = 0.005
"""Seconds between two looks at it."""


class Stream:
    """What outputs to another program share: a descriptor that may be full or break, and is made again.

    A subclass says how to connect(); the lines that the reader has not taken when a stream breaks are written anew.
    """

    def __init__(self, options: Options, stats: OutputStats, log: Log) -> None:
        self._prefix = options.line_prefix
        self._name = options.file
        self._stats = stats
        self._log = log
        self._unsent = Untaken(options.buffer, stats)
        self._fd = -1
        self._pause = FIRST_PAUSE
        self._connected_at = 0.0
        self._try_at = 0.0

    def connect(self) -> int:
        """Return a new descriptor; raises OSError."""
        raise OSError(errno.ENOTSUP, "a subclass says how to connect")

    def write(self, lines: list[str]) -> None:
        if lines:
            self._unsent.take(lines, self._prefix)
            self.flush()

    def adopt(self, data: bytes, lines: int) -> None:
        self._unsent.add(data, lines)

    def flush(self) -> None:
        if self._fd < 0 and not self._connected():
            return
        try:
            self._see_what_is_taken()
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
        try:
            self.flush()
            while self._fd >= 0 and (self._unsent.data or bytes_left(self._fd)) and time.monotonic() < deadline:
                time.sleep(CLOSING_LOOK)
                self.flush()
            self._close()
        finally:
            self._unsent.give_up()

    def release(self) -> tuple[bytes, int]:
        self._close()
        return self._unsent.release()

    def _close(self) -> None:
        """Close; what a living reader has not taken yet it still can."""
        if self._fd >= 0:
            self._unsent.taken(0 if has_reader(self._fd) else bytes_left_behind(self._fd))
            os.close(self._fd)
            self._fd = -1

    def _see_what_is_taken(self) -> None:
        """Count what the reader has taken; raises OSError if there is none any more."""
        left = bytes_left(self._fd)
        # In this order: the kernel says that the other end of a socket is closed before it throws away what is in it.
        if not has_reader(self._fd):
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        self._unsent.taken(left)

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
        self._unsent.taken(bytes_left_behind(self._fd))
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

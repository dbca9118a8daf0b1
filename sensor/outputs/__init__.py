"""Where finished lines go: the Output protocol, its options, and what the outputs share; one file for each kind.

Lines arrive as strs in which each character is one byte (latin-1), without the newline:

    {"ID":"1700000000.123:4567","SYSCALL":{…},"EXECVE":{…}}

An output never raises for what goes wrong outside (a full disk, a reader that is gone) and never waits for it: what
cannot be written now stays in a bounded buffer and is tried again with every batch; what does not fit there is lost,
counted by its reason: the name of the errno that stood in the way, "slow", or "crash" for what cannot be encoded. A
line is never torn in the middle.

Written, and counted as that, is what is in the file, or what the reader of a stream has taken from the kernel: what it
left in its pipe or socket when it ended is written again, to the next one. The kernel reports how much that is: for a
pipe to the byte, for a socket only whether there was any: then some lines may come twice. At the very end, what a
living reader has not taken within CLOSING_GRACE counts as written, too.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sensor.options import OptionError, option, path_mistake
from sensor.outputs.write_buffer import StreamBuffer, bytes_left, bytes_left_behind, has_reader
from sensor.stats import OutputStats

Log = Callable[[str], None]

LEAST_LINE = 2048
"""Bytes below which lines are not shortened: what identifies an event needs as many."""
_SOCKET_PATH = 107
"""Longest path of a socket: unix(7), sun_path without its final NUL."""


@dataclass(frozen=True)
class Options:
    """Where lines go, and who may read them."""

    file: str = option(
        "audit.jsonl",
        "File name, below `directory` unless absolute. `-` is standard output, `| /program arguments` the standard"
        " input of a program, started again when it ends, `unix:/path` a stream socket somebody listens on; a FIFO that"
        " is there at the start is a stream, too.",
    )
    size: int | None = option(10 << 20, "A new file begins before one grows beyond this; null: never.", (), 1, "bytes")
    age: int | None = option(
        None, "A new file begins whenever the clock passes a multiple of this (UTC); null: never.", (), 60, "seconds"
    )
    generations: int = option(5, "How many old files are kept, as FILE.1 (the newest), FILE.2 and so on.", minimum=0)
    keep_unshipped: float | None = option(
        20.0,
        "Old files that `host-sensor ship` has not delivered yet are kept beyond `generations`, up to this share of the"
        " disk; null: they go with the others. What has to go is counted and reported.",
        (),
        0,
        "percent",
    )
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


@dataclass(frozen=True)
class EventOptions(Options):
    """Where events go, and how long a line may be."""

    max_line: int = option(
        0,
        "Shorten longer lines, line_prefix and newline counted, also those of the filter log: what is long loses its "
        "end, and SENSOR.shortened (host_sensor.shortened in ECS) names them; 0: never. At least 2 KiB; "
        "Fluent Bit takes 32 KiB, rsyslog 8 KiB.",
        (),
        0,
        "bytes",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if 0 < self.max_line < LEAST_LINE:
            raise OptionError("max_line", f"expected 0 or at least {LEAST_LINE} bytes, found {self.max_line}")

    @property
    def longest_line(self) -> int:
        """Bytes that a line may have without its prefix and newline; 0: any number."""
        return max(self.max_line - len((self.line_prefix or "").encode()) - 1, LEAST_LINE // 2) if self.max_line else 0


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
        """Try again what could not be written, and see to what depends on time; call it every 0.1 s
        while something waits, else every 0.5 s."""

    def reopen(self) -> None:
        """Close, and open again by name: somebody else has moved the file."""

    def close(self) -> None:
        """Write what can be written, count the rest as lost, and close."""

    def release(self) -> tuple[bytes, int]:
        """Close without waiting, and return the lines that are not written, for another output to adopt."""

    def adopt(self, data: bytes, lines: int) -> None:
        """Take so many whole lines that another output released, before any other."""


class Clock(Protocol):
    """What an output asks of the module `time`; seconds."""

    def time(self) -> float:
        """Since 1970."""

    def monotonic(self) -> float:
        """Since some moment."""

    def sleep(self, seconds: float, /) -> None:
        """Let time pass."""


FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds until a broken stream is tried again: doubled each time, from the first to the longest."""

STREAM_WRITE = 65536
CLOSING_GRACE = 1.0
"""Seconds a reader that does not keep up is waited for at the very end."""
CLOSING_LOOK = 0.005
"""Seconds between two looks at it."""


BUFFER_IS_FULL = "the buffer is full: lines are lost, and counted"


def lost_at_the_end(name: str, lines: int) -> str:
    """What is logged of lines that an output could not write before it had to end."""
    return f"{name}: {lines} lines could not be written and are lost"


class StreamOutput:
    """What outputs to another program share: a descriptor that may be full or break, and is made again.

    A subclass implements connect(); the lines that the reader has not taken when a stream breaks are written anew. A
    file, as standard output may be one, keeps what it was given: there a line begun is finished.
    """

    def __init__(self, options: Options, stats: OutputStats, log: Log, clock: Clock = time) -> None:
        self._clock = clock
        self._prefix = options.line_prefix
        self._name = options.file
        self._stats = stats
        self._log = log
        self._buffer = StreamBuffer(options.buffer, stats)
        stats.disk_bytes = stats.disk_free_bytes = stats.retained_bytes = 0
        self._fd = -1
        self._pause = FIRST_PAUSE
        self._connected_at = 0.0
        self._try_at = 0.0

    def connect(self) -> int:
        """Return a new descriptor; raises OSError."""
        raise OSError(errno.ENOTSUP, "a subclass implements connect")

    def room(self, fd: int) -> int:
        """Bytes to write at once to a descriptor of connect(); raises BlockingIOError if even that would wait."""
        return STREAM_WRITE

    def write(self, lines: list[str]) -> None:
        if lines:
            self._buffer.take(lines, self._prefix)
            self.flush()

    def adopt(self, data: bytes, lines: int) -> None:
        self._buffer.adopt(data, lines)
        self.flush()

    def flush(self) -> None:
        try:
            self._flush()
        finally:
            if self._buffer.bound():
                self._log(f"{self._name}: {BUFFER_IS_FULL}")
            self._stats.pending_bytes = len(self._buffer.data)

    def _flush(self) -> None:
        if self._fd < 0 and not self._connected():
            return
        try:
            self._see_what_is_taken()
            while self._buffer.data:
                self._buffer.write(self._fd, self.room(self._fd))
        except OSError as error:
            self._buffer.failed(error)
            if self._buffer.why != "slow":
                self._broken(error)

    def reopen(self) -> None:
        """Nothing: a stream has no name somebody could have moved."""

    def close(self) -> None:
        deadline = self._clock.monotonic() + CLOSING_GRACE
        try:
            self.flush()
            while self._fd >= 0 and (self._buffer.data or bytes_left(self._fd)) and self._clock.monotonic() < deadline:
                self._clock.sleep(CLOSING_LOOK)
                self.flush()
            self._close()
        finally:
            lost = self._buffer.give_up()
            if lost:
                self._log(lost_at_the_end(self._name, lost))

    def release(self) -> tuple[bytes, int]:
        self._close()
        return self._buffer.release()

    def _close(self) -> None:
        """Close; what a living reader has not taken yet it still can."""
        if self._fd >= 0:
            self._buffer.taken(0 if has_reader(self._fd) else bytes_left_behind(self._fd))
            os.close(self._fd)
            self._fd = -1

    def _see_what_is_taken(self) -> None:
        """Count what the reader has taken; raises OSError if there is none any more."""
        left = bytes_left(self._fd)
        # In this order: the kernel shows that the other end of a socket is closed before it throws away what is in it.
        if not has_reader(self._fd):
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        self._buffer.taken(left)

    def _connected(self) -> bool:
        """Connect when it is time to."""
        now = self._clock.monotonic()
        if now < self._try_at:
            return False
        try:
            self._fd = self.connect()
        except OSError as error:
            self._buffer.failed(error)
            self._wait(error)
            return False
        if self._connected_at:
            self._stats.retries += 1
        self._connected_at = now
        return True

    def _broken(self, error: OSError) -> None:
        self._buffer.taken(bytes_left_behind(self._fd))
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            self._buffer.rewind()
        os.close(self._fd)
        self._fd = -1
        if self._clock.monotonic() - self._connected_at > LONGEST_PAUSE:
            self._pause = FIRST_PAUSE
        self._wait(error)

    def _wait(self, error: OSError) -> None:
        self._log(f"{self._name}: {error.strerror}; trying again in {self._pause:g} s")
        self._try_at = self._clock.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

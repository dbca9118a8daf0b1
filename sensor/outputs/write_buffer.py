"""Lines on their way out: as bytes, not written yet or not taken by their reader yet, bounded and counted.

write ──► data ──► written, the unfinished line remembered      of a file (WriteBuffer)
          data ──► written ──► taken from the kernel            of a stream (StreamBuffer)
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import socket
import stat
import struct
import sys
import termios

from sensor.stats import OutputStats


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


class WriteBuffer:
    """Whole lines not written yet, up to `limit` bytes; knows how much of the first one is out already.

    Lines are taken, then written as far as can be, and only then bounded: a batch larger than `limit` is no loss where
    it can be written.
    """

    def __init__(self, limit: int, stats: OutputStats) -> None:
        self._limit = limit
        self._stats = stats
        stats.buffer_bytes = limit
        self._out = bytearray()  # of the first line
        self._lines = 0
        self._new = 0  # bytes taken since the last bound()
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
        """Take so many whole lines."""
        self.data += data
        self._new += len(data)
        self._lines += lines

    def adopt(self, data: bytes, lines: int) -> None:
        """Take whole lines that another one gave away; raises nothing: without memory they are lost."""
        try:
            self.add(data, lines)
        except MemoryError as error:
            self._lose(lines, reason(error))

    def bound(self) -> int:
        """Lose, of the lines taken since the last call, those that do not fit; one that was begun is finished.

        Returns how many are lost.
        """
        # Lines from before stay: they fitted, and a reader sees one gap where the output stood still, not many.
        kept = max(self._limit, len(self.data) - self._new)
        self._new = lost = 0
        if kept < len(self.data):
            end = self.data.rfind(b"\n", 0, kept) + 1 or (self.data.find(b"\n") + 1 if self.torn else 0)
            lost = self.data.count(b"\n", end)
            del self.data[end:]
            self._lines -= lost
            self._lose(lost, self.why)
        return lost

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
        self.data[:0] = self._out  # the next file or reader begins with a whole line
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

    def give_up(self) -> int:
        """Count all that is left as lost; returns how many lines that is."""
        lost, self._lines = self._lines, 0
        self._lose(lost, self.why)
        self.data.clear()
        self._out.clear()
        return lost

    def _written(self, lines: int) -> None:
        self._lines -= lines
        self._stats.lines += lines

    def _lose(self, lines: int, why: str) -> None:
        if lines:
            self._stats.lost_lines[why] = self._stats.lost_lines.get(why, 0) + lines


class StreamBuffer(WriteBuffer):
    """Lines for a stream: those that were written stay until the reader has taken them from the kernel."""

    def write(self, fd: int, size: int) -> None:
        before, done = len(self._out), 0
        self._out += self.data[:size]  # first: if there is no memory for that, nothing may have been written
        try:
            with memoryview(self._out) as whole, whole[before:] as part:
                done = os.write(fd, part)
        finally:
            del self._out[before + done :]
        self._stats.bytes += done
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
    return "".join([character if character <= "\xff" else _escaped(character) for character in line])


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join([f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4)])


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
    unix_release_sock). A reader that only refuses more (shutdown(2), SHUT_RD) has what it left before it still.
    """
    if stat.S_ISSOCK(os.fstat(fd).st_mode):
        with socket.socket(fileno=os.dup(fd)) as same:
            if same.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return sys.maxsize
    return bytes_left(fd)


def has_reader(fd: int) -> bool:
    """Whether somebody can still read what is written to a pipe or socket."""
    state = select.poll()
    state.register(fd, 0)
    return not state.poll(0)

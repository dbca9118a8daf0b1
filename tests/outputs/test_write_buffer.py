"""What the outputs share: bytes of lines, the bounded buffer, the stream that breaks and is made again."""

from __future__ import annotations

import errno
import os
import re

import pytest

from sensor.options import OptionError
from sensor.outputs import LONGEST_PAUSE, Options, StreamOutput
from sensor.outputs.write_buffer import StreamBuffer, WriteBuffer, encode, reason
from sensor.stats import OutputStats
from tests.support.clocks import Clock


@pytest.mark.parametrize(
    ("lines", "prefix", "expected"),
    [
        (["{}"], None, b"{}\n"),
        (["{1}", "{2}"], "", b"{1}\n{2}\n"),
        (["{1}", "{2}"], "@cee: ", b"@cee: {1}\n@cee: {2}\n"),
        (["\xc3\xa9"], None, b"\xc3\xa9\n"),
        (["{}"], "é", b"\xc3\xa9{}\n"),
    ],
)
def test_a_character_is_a_byte(lines, prefix, expected):
    assert encode(lines, prefix) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [(errno.ENOSPC, "ENOSPC"), (errno.EAGAIN, "slow"), (0, "unknown"), (99999, "unknown")],
)
def test_an_error_has_a_name_from_a_closed_set(number, expected):
    assert reason(OSError(number, "")) == expected


def test_what_does_not_fit_is_lost_in_whole_lines_and_counted():
    stats = OutputStats()
    buffer = WriteBuffer(10, stats)
    buffer.failed(OSError(errno.ENOSPC, ""))
    for data in (b"11\n22\n", b"33\n44\n55\n", b"66\n"):
        buffer.add(data, data.count(b"\n"))
        buffer.bound()
    assert buffer.data == b"11\n22\n33\n"
    assert (stats.lost_lines, stats.errors) == ({"ENOSPC": 3}, {"ENOSPC": 1})
    buffer.give_up()
    assert stats.lost_lines == {"ENOSPC": 6}


def test_an_unfinished_line_can_be_begun_again(tmp_path):
    stats = OutputStats()
    buffer = WriteBuffer(100, stats)
    fd = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    buffer.add(b"first\nsecond\n", 2)
    for size, torn in ((3, 3), (1, 4), (2, 0), (2, 2), (2, 4)):
        buffer.write(fd, size)
        assert buffer.torn == torn
    assert (stats.lines, stats.bytes) == (1, 10)
    buffer.rewind()
    assert (buffer.data, buffer.torn) == (b"second\n", 0)
    buffer.write(fd, 100)
    assert (stats.lines, stats.bytes) == (2, 17)
    os.close(fd)


@pytest.mark.parametrize(
    ("limit", "written", "left", "lost"),
    [
        (10, 9, b"", 0),  # all of it is out before anything is bounded
        (3, 6, b"33\n", 0),
        (4, 3, b"22\n", 1),
        (2, 3, b"", 2),
        (1, 4, b"2\n", 1),  # a line that was begun is finished
        (1, 0, b"", 3),
    ],
)
def test_only_what_cannot_be_written_is_bounded(tmp_path, limit, written, left, lost):
    stats = OutputStats()
    buffer = WriteBuffer(limit, stats)
    fd = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    buffer.add(b"11\n22\n33\n", 3)
    buffer.write(fd, written)
    buffer.bound()
    assert (buffer.data, sum(stats.lost_lines.values())) == (left, lost)
    buffer.give_up()
    assert stats.lines + sum(stats.lost_lines.values()) == 3
    os.close(fd)


def test_what_was_there_before_is_not_lost_for_what_comes():
    stats = OutputStats()
    buffer = WriteBuffer(6, stats)
    buffer.add(b"11\n22\n33\n", 3)
    buffer.bound()
    buffer.data[:0] = b"00\n"  # as when a stream breaks: what its reader left
    buffer.add(b"44\n", 1)
    buffer.bound()
    assert (buffer.data, stats.lost_lines) == (b"00\n11\n22\n", {"slow": 2})


class Pipes(StreamOutput):
    """A stream whose far ends the test holds, each of which takes some bytes only when it is read."""

    def __init__(self, options: Options) -> None:
        self.stats, self.clock = OutputStats(), Clock()
        super().__init__(options, self.stats, lambda message: None, self.clock)
        self.ends: list[int] = []
        self.refuse = False

    def connect(self) -> int:
        if self.refuse:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")
        end, ours = os.pipe()
        os.set_blocking(ours, False)
        os.set_blocking(end, False)
        self.ends.append(end)
        return ours

    def at_once(self) -> None:
        """Let the next flush try again without a pause."""
        self.clock.now += LONGEST_PAUSE


@pytest.fixture
def pipes():
    stream = Pipes(Options(buffer=1 << 20))
    yield stream
    stream.refuse = True
    for end in stream.ends:
        os.close(end)
    stream.close()


def everything(fd: int) -> bytes:
    got = b""
    try:
        while part := os.read(fd, 1 << 20):
            got += part
    except BlockingIOError:
        pass
    return got


def test_a_reader_that_stands_still_costs_no_time_and_gets_it_all_later(pipes):
    lines = ["x" * 999] * 100
    pipes.write(lines)  # 100 kB, into a pipe of 64
    got = everything(pipes.ends[0])
    assert len(got) < 100_000
    pipes.flush()
    assert got + everything(pipes.ends[0]) == encode(lines, None)
    assert pipes.stats.errors == {}


def test_a_reader_that_stands_still_too_long_loses_whole_lines(pipes):
    for _ in range(20):
        pipes.write(["x" * 999] * 100)  # 2 MB in all, and a buffer of 1
    got = everything(pipes.ends[0])
    while pipes.stats.pending_bytes:
        pipes.flush()
        got += everything(pipes.ends[0])
    assert got.count(b"\n") + pipes.stats.lost_lines["slow"] == 2000
    assert set(got.split(b"\n")) == {b"x" * 999, b""}


def test_a_line_cut_by_a_break_is_whole_on_the_next_stream(pipes):
    lines = [f"{number:0999}" for number in range(100)]
    pipes.write(lines)
    first = everything(pipes.ends[0])
    os.close(pipes.ends.pop())
    pipes.flush()
    pipes.at_once()
    pipes.flush()
    second = everything(pipes.ends[0])
    while pipes.stats.pending_bytes:
        pipes.flush()
        second += everything(pipes.ends[0])
    assert first[: first.rfind(b"\n") + 1] + second == encode(lines, None)
    assert pipes.stats.errors == {"EPIPE": 1}
    assert pipes.stats.retries == 1


def test_nobody_there_is_tried_again_but_not_at_once(pipes):
    pipes.refuse = True
    for _ in range(5):
        pipes.write(["{}"])
    assert pipes.stats.errors == {"ECONNREFUSED": 1}
    pipes.refuse = False
    pipes.at_once()
    pipes.flush()
    assert everything(pipes.ends[0]) == b"{}\n" * 5


def test_the_end_counts_what_stays_behind():
    stream = Pipes(Options(buffer=1 << 20))
    stream.refuse = True
    stream.write(["{}"] * 3)
    stream.close()
    assert stream.stats.lost_lines == {"ECONNREFUSED": 3}


@pytest.mark.parametrize("kind", [WriteBuffer, StreamBuffer])
def test_as_much_is_written_as_was_asked_for(kind, tmp_path):
    buffer = kind(100, OutputStats())
    buffer.take(["{1}", "{2}"], None)
    with (tmp_path / "log").open("wb") as file:
        buffer.write(file.fileno(), 6)
    assert (tmp_path / "log").read_bytes() == b"{1}\n{2"


@pytest.mark.parametrize("kind", [WriteBuffer, StreamBuffer])
def test_what_is_given_away_begins_with_a_whole_line(kind, tmp_path):
    buffer = kind(100, OutputStats())
    buffer.take(["{1}", "{2}"], None)
    with (tmp_path / "log").open("wb") as file:
        buffer.write(file.fileno(), 2)
    assert buffer.release() == (b"{1}\n{2}\n", 2)
    assert (bytes(buffer.data), buffer.torn) == (b"", 0)


@pytest.mark.parametrize(
    ("file", "found"),
    [("unix:log", 'expected unix:/path, found "unix:log"'), ("unix:/" + "x" * 200, "at most 107 bytes, found 201")],
)
def test_a_socket_has_a_whole_path_that_fits(file, found):
    with pytest.raises(OptionError, match=re.escape(found)):
        Options(file)

"""What counts as written: what the reader of a stream has taken. What it left goes to the next one, or is lost."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

from sensor.outputs import LONGEST_PAUSE, Options
from sensor.outputs.program import ProgramOutput
from sensor.outputs.stdout import StdoutOutput
from sensor.outputs.unix import UnixOutput
from sensor.outputs.write_buffer import StreamBuffer, bytes_left, bytes_left_behind, has_reader
from sensor.stats import OutputStats
from tests.support.clocks import Clock
from tests.support.small_disk import small_disk

LINES = [f"{number:099}" for number in range(300)]


def accounted(stats: OutputStats) -> int:
    return stats.lines + sum(stats.lost_lines.values())


@pytest.mark.parametrize("read", [0, 1, 99, 100, 101, 5000, 30_000])
def test_of_a_pipe_the_kernel_knows_to_the_byte(read):
    ours, theirs = os.pipe()
    stats = OutputStats()
    buffer = StreamBuffer(1 << 20, stats)
    buffer.take(LINES, None)
    buffer.write(theirs, 1 << 20)
    assert len(os.read(ours, read) if read else b"") == read
    assert (bytes_left(theirs), has_reader(theirs)) == (30_000 - read, True)
    os.close(ours)
    assert (bytes_left_behind(theirs), has_reader(theirs)) == (30_000 - read, False)
    buffer.taken(bytes_left_behind(theirs))
    buffer.rewind()
    assert stats.lines == read // 100
    assert buffer.data == "".join([f"{line}\n" for line in LINES[read // 100 :]]).encode()
    buffer.give_up()
    assert accounted(stats) == 300
    os.close(theirs)


def test_of_a_socket_it_knows_whether_anything_was_left():
    for read, known in ((200, True), (150, False)):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.send(b"x" * 100)
            ours.send(b"y" * 100)
            theirs.recv(read)
            assert (bytes_left(ours.fileno()) == 0) == known
            theirs.close()
            assert (bytes_left_behind(ours.fileno()) == 0) == known


@pytest.mark.parametrize(("read", "left"), [(0, True), (150, True), (200, False)])
def test_of_a_socket_that_takes_no_more_it_knows_it_too(read, left):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.send(b"x" * 100)
        ours.send(b"y" * 100)
        if read:
            theirs.recv(read)
        theirs.shutdown(socket.SHUT_RD)
        assert (bytes_left_behind(ours.fileno()) > 0) == left


def test_a_peer_that_takes_no_more_has_not_taken_what_it_left(tmp_path):
    """It refuses to read, closes later, and again; at the end nothing counts as written."""
    path = str(tmp_path / "socket")
    stats, clock = OutputStats(), Clock()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        output = UnixOutput(Options(file=f"unix:{path}"), stats, lambda message: None, clock)
        for _ in range(3):
            output.write(LINES[:100])
            with listener.accept()[0] as peer:
                peer.shutdown(socket.SHUT_RD)
                output.write(LINES[:1])
            clock.now += LONGEST_PAUSE
    Path(path).unlink()
    output.close()
    assert (stats.lines, sum(stats.lost_lines.values())) == (0, 303)


def test_a_file_leaves_nothing(tmp_path):
    with (tmp_path / "file").open("w") as file:
        assert (bytes_left(file.fileno()), bytes_left_behind(file.fileno()), has_reader(file.fileno())) == (0, 0, True)


@pytest.mark.parametrize("count", [0, 1, 50, 299])
def test_a_program_that_ends_leaves_what_it_did_not_read_to_the_next(count, tmp_path):
    """`read` of a shell takes a pipe byte by byte, so that each line is read once."""
    script = f'i=0; while [ $i -lt {count} ]; do read -r x || exit; echo "$x" >> {tmp_path}/log; i=$((i+1)); done'
    if not count:
        script = f"[ -e {tmp_path}/second ] && exec cat >> {tmp_path}/log; touch {tmp_path}/second"
    stats = OutputStats()
    output = ProgramOutput(Options(file=f"| /bin/sh -c '{script}'"), stats, lambda message: None)
    (tmp_path / "log").touch()
    output.write(LINES)
    deadline = time.monotonic() + 20
    while len((tmp_path / "log").read_text().splitlines()) < 300 and time.monotonic() < deadline and count != 1:
        output.flush()
        time.sleep(0.01)
    output.close()
    got = (tmp_path / "log").read_text().splitlines()
    assert got == LINES[: len(got)]
    assert stats.lines == len(got)
    assert accounted(stats) == 300


def test_a_program_that_reads_nothing_is_given_nothing():
    stats = OutputStats()
    output = ProgramOutput(Options(file="| /bin/true"), stats, lambda message: None)
    for start in range(0, 300, 10):
        output.write(LINES[start : start + 10])
        time.sleep(0.005)
    output.close()
    assert (stats.lines, stats.lost_lines) == (0, {"EPIPE": 300})


class Server:
    """Listens on a socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()

    def accept(self) -> socket.socket:
        peer, _ = self.listener.accept()
        peer.settimeout(10)
        return peer


@pytest.mark.parametrize("read", [0, 2500, 30_000])
def test_a_peer_that_ends_leaves_what_it_did_not_read_to_the_next(read, tmp_path):
    server = Server(tmp_path / "socket")
    stats = OutputStats()
    output = UnixOutput(Options(file=f"unix:{server.path}"), stats, lambda message: None)
    output.write(LINES)
    first = server.accept()
    got = first.recv(read, socket.MSG_WAITALL) if read else b""
    first.close()
    output.flush()
    time.sleep(0.15)
    output.flush()
    with server.accept() as second:
        output.close()
        more = b""
        while part := second.recv(1 << 16):
            more += part
    lines = [*got.decode().split("\n")[:-1], *more.decode().split("\n")[:-1]]
    assert set(lines) >= set(LINES)
    assert more.decode().split("\n")[:1] != [""] or read == 30_000
    assert accounted(stats) == 300
    server.listener.close()


def test_a_peer_that_accepts_and_closes_has_taken_nothing(tmp_path):
    server = Server(tmp_path / "socket")
    stats = OutputStats()
    output = UnixOutput(Options(file=f"unix:{server.path}"), stats, lambda message: None)
    output.write(LINES)
    server.accept().close()
    server.listener.close()
    output.close()
    assert (stats.lines, sum(stats.lost_lines.values())) == (0, 300)


def test_standard_output_without_a_reader_takes_nothing(monkeypatch):
    ours, theirs = os.pipe()
    monkeypatch.setattr(os, "dup", lambda fd, real=os.dup: real(theirs if fd == 1 else fd))
    stats = OutputStats()
    output = StdoutOutput(Options(file="-"), stats, lambda message: None)
    output.write(LINES[:5])
    os.read(ours, 200)
    os.close(ours)
    output.close()
    os.close(theirs)
    assert (stats.lines, stats.lost_lines) == (2, {"EPIPE": 3})


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_standard_output_that_nobody_reads_is_not_waited_for(kind, monkeypatch):
    """Though its descriptor waits: its flags belong to all who have it."""
    ours, theirs = os.pipe() if kind == "pipe" else [end.detach() for end in socket.socketpair()]
    monkeypatch.setattr(os, "dup", lambda fd, real=os.dup: real(theirs if fd == 1 else fd))
    stats = OutputStats()
    output = StdoutOutput(Options(file="-", buffer=1 << 20), stats, lambda message: None)
    begun = time.monotonic()
    for _ in range(100):
        output.write([LINES[0] * 200] * 2)
    assert os.get_blocking(theirs)
    got = os.read(ours, 1 << 20)
    output.flush()
    output.close()
    assert time.monotonic() - begun < 5
    os.close(ours)
    os.close(theirs)
    assert got.startswith(LINES[0].encode())
    assert stats.lost_lines["slow"] + stats.lines == 200


@pytest.mark.root
def test_a_line_half_written_to_a_file_that_is_standard_output_is_finished_there(monkeypatch, tmp_path):
    """The disk is full for a while; a descriptor made anew leads to the same file, and half a line is in it."""
    clock = Clock()
    with small_disk(tmp_path / "disk", 1 << 16) as disk, (disk / "log").open("ab") as log:
        monkeypatch.setattr(os, "dup", lambda fd, real=os.dup: real(log.fileno() if fd == 1 else fd))
        stats = OutputStats()
        output = StdoutOutput(Options(file="-"), stats, lambda message: None, clock)
        texts = [f"{number:0999}" for number in range(100)]
        output.write(texts)
        assert stats.errors == {"ENOSPC": 1}
        subprocess.run(["mount", "-o", "remount,size=1M", disk], check=True)
        clock.now += LONGEST_PAUSE
        output.flush()
        output.close()
        assert (disk / "log").read_text().splitlines() == texts
        assert (stats.lines, stats.lost_lines) == (100, {})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{}", b"{}"),
        ('{"comm":"中"}', b'{"comm":"\\u4e2d"}'),
        ('{"comm":"\xff😀"}', b'{"comm":"\xff\\ud83d\\ude00"}'),
        ('{"comm":"\udc80"}', b'{"comm":"\\udc80"}'),
    ],
)
def test_a_line_with_characters_that_are_no_bytes_costs_no_other_and_is_no_lost_one(line, expected, tmp_path):
    stats = OutputStats()
    buffer = StreamBuffer(1000, stats)
    buffer.take(["{1}", line, "{2}"], "p ")
    assert bytes(buffer.data) == b"p {1}\np " + expected + b"\np {2}\n"
    json.loads(expected.decode("latin-1"))
    assert stats.lost_lines == {}


def test_what_is_no_line_is_lost_alone():
    stats = OutputStats()
    buffer = StreamBuffer(1000, stats)
    buffer.take(["{1}", None, "{2}"], None)
    assert (bytes(buffer.data), stats.lost_lines) == (b"{1}\n{2}\n", {"crash": 1})


class Full(bytearray):
    """Has no memory for what is long."""

    def __iadd__(self, other):
        if len(other) > 8:
            raise MemoryError
        return super().__iadd__(other)


def test_without_memory_lines_are_lost_and_counted():
    stats = OutputStats()
    buffer = StreamBuffer(1000, stats)
    buffer.data = Full()
    buffer.take(["{1}", "{a very long one}", "{2}"], None)
    assert (bytes(buffer.data), stats.lost_lines) == (b"{1}\n{2}\n", {"ENOMEM": 1})


def test_without_memory_what_another_output_left_is_lost_and_counted():
    stats = OutputStats()
    buffer = StreamBuffer(1000, stats)
    buffer.data = Full()
    buffer.adopt(b"{1}\n{2}\n", 2)
    buffer.adopt(b"{3}\n{4}\n{5}\n", 3)
    assert (bytes(buffer.data), stats.lost_lines) == (b"{1}\n{2}\n", {"ENOMEM": 3})


class Whole(bytearray):
    """Has no memory for a copy of a part."""

    def __getitem__(self, key):
        raise MemoryError


def test_without_memory_nothing_is_written_twice():
    ours, theirs = os.pipe()
    stats = OutputStats()
    buffer = StreamBuffer(1000, stats)
    buffer.data = Whole()
    buffer.take(["{1}", "{2}"], None)
    with pytest.raises(MemoryError):
        buffer.write(theirs, 1000)
    assert bytes_left(theirs) == 0
    buffer.data = bytearray(buffer.data)
    buffer.write(theirs, 1000)
    assert os.read(ours, 1000) == b"{1}\n{2}\n"
    buffer.taken(0)
    assert (stats.lines, stats.lost_lines) == (2, {})
    os.close(ours)
    os.close(theirs)

"""How a live source is read: many records at a time, in time, none lost, and auditd is not kept waiting."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensor.inputs import ReadQueue
from sensor.inputs.gathering import LINGER, PAUSE, STEADILY, Readable, readable, room_of
from sensor.stats import InputStats

RECORD = b"type=CWD msg=audit(1700000000.123:%06d): cwd=" + b"/" * 150 + b"\n"


class Reading:
    """A thread that reads a socket, and one that takes what it has read; `taken` with the time of that."""

    def __init__(self, room: int = 0) -> None:
        """room: bytes that the socket takes, with the kernel's own; 0: as many as it does by default."""
        self.ours, self.theirs = socket.socketpair()
        for end in (self.ours, self.theirs) if room else ():
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room // 2)
        self.stats = InputStats()
        self.queue = ReadQueue(1 << 26, True, self.stats)
        self.taken: list[tuple[float, bytes]] = []
        self.switches = 0  # times the reader was woken up
        self._threads = [threading.Thread(target=work) for work in (self._read, self._take)]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        before = self._woken()
        self.queue.read_loop(self.ours.fileno())
        self.switches = self._woken() - before
        self.queue.end()

    @staticmethod
    def _woken() -> int:
        status = Path(f"/proc/self/task/{threading.get_native_id()}/status").read_text()
        return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])

    def _take(self) -> None:
        while chunk := self.queue.get(10):
            self.taken.append((time.monotonic(), chunk))

    def send(self, first: int, count: int, per_second: float = 0.0) -> list[float]:
        """Send so many records; when each was sent."""
        begun, sent = time.monotonic(), []
        for number in range(count):
            if per_second:
                time.sleep(max(0.0, begun + number / per_second - time.monotonic()))
            self.theirs.send(RECORD % (first + number))
            sent.append(time.monotonic())
        return sent

    def end(self) -> bytes:
        """End the input; all that was read."""
        self.theirs.close()
        for thread in self._threads:
            thread.join()
        self.ours.close()
        return b"".join([chunk for _, chunk in self.taken])


def records(count: int) -> bytes:
    return b"".join([RECORD % number for number in range(count)])


def test_a_steady_stream_does_not_wake_the_reader_for_each_record():
    reading = Reading()
    reading.send(0, 1000, 1000.0)
    assert reading.end() == records(1000)
    assert reading.switches < 250
    assert len(reading.taken) <= 8


@pytest.mark.parametrize(
    ("per_second", "longest"),
    [(0.0, LINGER), (15.0, LINGER), (60.0, LINGER), (300.0, STEADILY * LINGER), (3000.0, STEADILY * LINGER)],
)
def test_records_are_handed_over_in_time(per_second: float, longest: float):
    reading = Reading()
    count = int(max(10, per_second))
    sent = reading.send(0, count, per_second)
    time.sleep(2 * LINGER)  # the end of the stream would hasten the last
    before_the_end = len(reading.taken)
    assert reading.end() == records(count)
    assert len(reading.taken) == before_the_end
    late, number = [], 0
    for when, chunk in reading.taken:
        late.append(when - sent[number])
        number += chunk.count(b"\n")
    assert sorted(late)[len(late) * 9 // 10] < longest + 0.1  # the machine may be busy for a while


@pytest.mark.parametrize("room", [8192, 32768])
def test_a_small_socket_does_not_slow_down_who_writes(room: int):
    """net.core.wmem_default may be anything: in a pause of 40 ms so few bytes come that they fill it."""
    reading = Reading(room)
    sent = reading.send(0, 2000, 2000.0)
    assert reading.end() == records(2000)
    assert sent[-1] - sent[0] < 2.0  # 7 and 2.1 otherwise


def test_a_storm_that_sets_in_while_the_reader_sleeps_waits_for_one_pause():
    reading = Reading()
    waited = 0.0
    for number in range(5):
        reading.send(1500 * number, 500, 1000.0)
        sent = reading.send(1500 * number + 500, 1000)  # four times what the socket holds
        waited = max(waited, sent[-1] - sent[0])
    assert reading.end() == records(7500)
    assert waited < PAUSE + 0.2


@pytest.mark.parametrize("size", [1, 50, 192, 193, 704, 705, 1728, 1729, 3776, 3777, 5000, 8970])
def test_no_record_takes_more_of_a_socket_than_is_reckoned(size: int):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    room, sent = ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF), 0
    with ours, theirs, contextlib.suppress(BlockingIOError):
        while True:
            ours.send(b"x" * size)
            sent += 1
    assert sent * room_of(size) >= room


@pytest.mark.parametrize("size", [150, 700, 1750, 3000])
def test_ten_times_as_many_as_before_keep_nobody_waiting(size: int):
    """Records of 1,750 bytes take 4,352 in the socket, which 49 fill: in 10 ms, of which it may have slept one."""
    record = b"x" * (size - 1) + b"\n"
    reading = Reading()
    reading.theirs.setblocking(False)
    in_time = 0
    for _ in range(12):  # the machine may be busy for a while, and the reader oversleep
        for count, per_second in ((200, 500.0), (250, 5000.0)):
            begun, full = time.monotonic(), False
            for number in range(count):
                time.sleep(max(0.0, begun + number / per_second - time.monotonic()))
                try:
                    reading.theirs.send(record)
                except BlockingIOError:
                    full = True
        in_time += not full
        if in_time == 3:
            break
    reading.end()
    assert in_time == 3


def test_whatever_comes_when_it_is_all_there():
    chance = random.Random(10)
    reading = Reading()
    sent = []
    for _ in range(150):
        part = bytes(chance.choices(b"ab\n", k=chance.choice([1, 10, 1000, 30000])))
        sent.append(part)
        reading.theirs.sendall(part)
        if chance.random() < 0.3:
            time.sleep(chance.choice([0.001, 0.01, 0.05]))
    assert reading.end() == b"".join(sent)


def test_the_end_while_the_reader_sleeps_hands_over_all():
    for count in (700, 701, 750):
        reading = Reading()
        reading.send(0, count, 2000.0)
        begun = time.monotonic()
        assert reading.end() == records(count)
        assert time.monotonic() - begun < LINGER + PAUSE + 0.3


def test_packets_are_read_one_by_one():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    queue = ReadQueue(1 << 20, True, InputStats())
    for _ in range(3):
        theirs.send(b"x\n")
    theirs.close()
    queue.read_loop(ours.fileno())
    queue.end()
    assert queue.get(1) == b"x\nx\nx\n"
    ours.close()


def test_the_descriptor_stays_open_and_blocking():
    ours, theirs = socket.socketpair()
    queue = ReadQueue(1 << 20, True, InputStats())
    theirs.send(b"x\n")
    theirs.close()
    queue.read_loop(ours.fileno())
    assert os.get_blocking(ours.fileno())
    ours.close()


@contextlib.contextmanager
def gathering(linger: float, enough: int) -> Iterator[tuple[Readable, socket.socket]]:
    """What reads one end of a pair, and the other end, which is shut down after a while: no wait is without an end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        source = readable(ours.fileno(), linger, enough)
        guard = threading.Timer(linger + 5, theirs.shutdown, [socket.SHUT_RDWR])
        guard.start()
        try:
            yield source, theirs
        finally:
            guard.cancel()
            source.close()


@pytest.mark.parametrize("linger", [0.02, 0.2, 0.999, 1.0, 1.3])
@pytest.mark.parametrize("size", [0, 100])
def test_a_read_ends_in_time_with_what_there_is(size: int, linger: float):
    """By the kernel's timeout, whatever the width of its struct timeval."""
    buffer = bytearray(8192)
    with gathering(linger, 4096) as (source, theirs):
        theirs.sendall(b"x" * size)
        begun = time.monotonic()
        if size:
            assert source.read(buffer) == size
        else:
            with pytest.raises(BlockingIOError):
                source.read(buffer)
        took = time.monotonic() - begun
    assert buffer[:size] == b"x" * size
    assert linger - 0.005 <= took < linger + 2


def test_enough_ends_a_read_before_its_time():
    with gathering(30.0, 100) as (source, theirs):
        theirs.sendall(b"x" * 100)
        begun = time.monotonic()
        assert source.read(bytearray(8192)) == 100
        assert time.monotonic() - begun < 4


def test_a_read_ends_in_time_where_time_is_longer_than_a_word():
    """There the option is SO_RCVTIMEO_NEW (asm-generic/socket.h), which every Linux from 5.1 on takes as well."""
    script = """
import socket, time
socket.SO_RCVTIMEO = 66
from sensor.inputs.gathering import readable
ours, theirs = socket.socketpair()
source = readable(ours.fileno(), 0.3, 4096)
theirs.sendall(b"few")
begun = time.monotonic()
print(source.read(bytearray(8192)), 0.29 < time.monotonic() - begun < 5)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("3 True\n", "")

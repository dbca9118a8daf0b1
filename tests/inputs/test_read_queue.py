"""The buffer between reader and worker: order, bounds, what is dropped when it is full, how reading is paced."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor import inputs
from sensor.inputs import ReadQueue
from sensor.stats import InputStats


def make(limit: int = 1000, live: bool = True, linger: float = inputs.LINGER) -> tuple[ReadQueue, InputStats]:
    stats = InputStats()
    return ReadQueue(limit, live, stats, linger), stats


def drain(queue: ReadQueue) -> bytes:
    """Everything that is there now."""
    got = b""
    while chunk := queue.get(0):
        got += chunk
    return got


def test_what_was_put_is_got_in_order_and_at_once():
    queue, stats = make()
    for chunk in (b"a", b"b\n", b"c"):
        queue.put(chunk)
    assert stats.pending_bytes == 4
    assert queue.get(0) == b"ab\nc"
    assert (stats.bytes, stats.chunks, stats.pending_bytes) == (4, 3, 0)


def test_nothing_is_none_and_the_end_is_for_ever():
    queue, _ = make()
    assert queue.get(0) is None
    queue.put(b"last")
    queue.end()
    assert [queue.get(0) for _ in range(3)] == [b"last", b"", b""]


def test_no_more_is_handed_over_than_a_few_milliseconds_of_work():
    queue, _ = make(limit=10 * inputs.GATHER_BYTES)
    for _ in range(8):
        queue.put(bytes(inputs.GATHER_BYTES // 2))
    assert len(queue.get(0)) == inputs.GATHER_BYTES


@pytest.mark.parametrize(
    ("chunks", "kept", "dropped_lines"),
    [
        pytest.param([b"11\n", b"22\n", b"33\n"], b"11\n22\n33\n", 0, id="all fits"),
        pytest.param([b"11\n22\n33\n", b"44\n"], b"11\n22\n33\n", 1, id="a whole line too much"),
        pytest.param([b"11\n22\n3", b"3\n44\n"], b"11\n22\n33\n", 1, id="the line begun is completed"),
        pytest.param([b"11\n22\n3", b"3\n44", b"4\n55\n"], b"11\n22\n33\n", 2, id="a dropped line in two chunks"),
        pytest.param([b"11\n22\n33", b"33333", b"3\n4\n"], b"11\n22\n33333333\n", 1, id="even if it is long"),
        pytest.param([b"11\n22\n33", b"x" * 11, b"3\n"], b"11\n22\n33\n", 1, id="one without end is cut"),
    ],
)
def test_a_full_buffer_keeps_whole_lines(chunks, kept, dropped_lines):
    queue, stats = make(limit=9)
    for chunk in chunks:
        queue.put(chunk)
    assert drain(queue) == kept
    assert stats.dropped_lines == dropped_lines


def test_after_a_gap_the_stream_goes_on_at_a_line_start():
    queue, stats = make(limit=9)
    queue.put(b"11\n22\n33\n")
    queue.put(b"44\n5")  # dropped, and the next line with it, for its start is gone
    assert drain(queue) == b"11\n22\n33\n"
    queue.put(b"5\n66\n")
    assert drain(queue) == b"66\n"
    assert (stats.dropped_lines, stats.dropped_bytes) == (2, 6)


@given(
    st.lists(st.integers(0, 30).map(lambda n: b"x" * n + b"\n"), max_size=40),
    st.lists(st.tuples(st.integers(1, 25), st.booleans()), min_size=1, max_size=40),
    st.integers(40, 80),
)
def test_every_line_is_kept_whole_or_dropped_and_counted(lines, steps, limit):
    """`steps` say how much is put at a time, and whether the worker takes what is there afterwards."""
    stream = b"".join(b"%d " % number + line for number, line in enumerate(lines))
    queue, stats = make(limit)
    got = b""
    position = step = 0
    while position < len(stream):
        size, take = steps[step % len(steps)]
        queue.put(stream[position : position + size])
        position, step = position + size, step + 1
        if take:
            got += drain(queue)
    got += drain(queue)
    original = stream.splitlines(keepends=True)
    assert len(got) + stats.dropped_bytes == len(stream)
    assert got.count(b"\n") + stats.dropped_lines == len(original)
    assert set(got.splitlines(keepends=True)) <= set(original)


def test_a_source_that_can_wait_waits():
    queue, stats = make(limit=10, live=False)
    reader = threading.Thread(target=lambda: [queue.put(b"0123456\n") for _ in range(20)])
    reader.start()
    got = b""
    while len(got) < 160:
        assert stats.pending_bytes <= 10
        got += queue.get(1) or b""
    reader.join()
    assert got == b"0123456\n" * 20
    assert stats.dropped_lines == 0


def test_a_torn_line_is_ended_once():
    queue, _ = make()
    queue.put(b"torn")
    queue.end_line()
    queue.end_line()
    assert drain(queue) == b"torn\n"


def test_a_handler_of_a_signal_wakes_who_gets():
    queue, _ = make()
    before = signal.signal(signal.SIGALRM, lambda *_: queue.wake())
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    begun = time.monotonic()
    assert queue.get(5) is None
    assert 0.04 < time.monotonic() - begun < 1
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("woken", range(8))
def test_to_be_woken_up_costs_no_input(woken: int):
    """Before, between and after chunks, by the bits of a number."""
    queue, stats = make()
    for place, chunk in enumerate([b"a\n", b"b\n"]):
        if woken & (1 << place):
            queue.wake()
        queue.put(chunk)
    if woken & 4:
        queue.wake()
    queue.end()
    taken = []
    while (chunk := queue.get(0)) != b"":
        taken.append(chunk or b"")
    assert (b"".join(taken), stats.pending_bytes) == (b"a\nb\n", 0)


@pytest.mark.parametrize("woken", range(8))
def test_to_be_woken_up_hides_nothing_that_is_dropped(woken: int):
    queue, stats = make()
    for place, chunk in enumerate([b"a\n", b"b\n", b""]):
        if woken & (1 << place):
            queue.wake()
        if chunk:
            queue.put(chunk)
    assert queue.abandon() == b""
    assert (stats.dropped_bytes, stats.dropped_lines) == (4, 2)


def test_small_writes_gather():
    ours, theirs = socket.socketpair()
    queue, stats = make()
    reader = threading.Thread(target=queue.read_loop, args=(ours.fileno(),))
    reader.start()
    for number in range(6):
        theirs.send(b"%d\n" % number)
    assert queue.get(1) == b"0\n1\n2\n3\n4\n5\n"
    assert stats.chunks == 1
    theirs.close()
    reader.join()
    ours.close()


def test_much_does_not_wait():
    ours, theirs = socket.socketpair()
    queue, _ = make(limit=1 << 20, linger=0.9)
    reader = threading.Thread(target=queue.read_loop, args=(ours.fileno(),))
    reader.start()
    begun = time.monotonic()
    theirs.sendall(b"x" * inputs.ENOUGH)
    assert len(queue.get(1)) >= inputs.ENOUGH
    assert time.monotonic() - begun < 0.8
    theirs.close()
    reader.join()
    ours.close()


@pytest.mark.parametrize("limit", [65536, 100_000, 163_840, 300_000])
def test_what_is_read_at_once_has_room_in_a_small_queue(limit: int):
    ours, theirs = socket.socketpair()
    queue, stats = make(limit=limit)
    reader = threading.Thread(target=queue.read_loop, args=(ours.fileno(),))
    reader.start()
    taken: list[bytes] = []
    taker = threading.Thread(target=lambda: taken.extend(iter(lambda: queue.get(1) or b"", b"")))
    taker.start()
    begun, count = time.monotonic(), limit // 500
    for number in range(count):
        time.sleep(max(0.0, begun + 0.15 * number / count - time.monotonic()))
        theirs.send(b"x" * 999 + b"\n")
    theirs.close()
    reader.join()
    queue.end()
    taker.join()
    assert (len(b"".join(taken)), stats.dropped_lines) == (1000 * count, 0)
    ours.close()


def test_the_socket_never_fills_while_records_gather():
    """The writer of 1,000 small records, four times what the socket holds, is not kept waiting."""
    ours, theirs = socket.socketpair()
    queue, stats = make(limit=1 << 20, linger=0.9)
    reader = threading.Thread(target=queue.read_loop, args=(ours.fileno(),))
    reader.start()
    begun = time.monotonic()
    for _ in range(1000):
        theirs.send(b"x\n")
    assert time.monotonic() - begun < 0.8
    theirs.close()
    reader.join()
    assert (stats.bytes, stats.chunks) == (2000, 1)
    ours.close()


def test_the_end_of_input_does_not_wait():
    ours, theirs = socket.socketpair()
    queue, _ = make(linger=0.9)
    theirs.send(b"last\n")
    theirs.close()
    begun = time.monotonic()
    queue.read_loop(ours.fileno())
    assert time.monotonic() - begun < 0.8
    assert drain(queue) == b"last\n"
    ours.close()


def test_a_descriptor_that_fails_is_at_its_end(tmp_path):
    queue, _ = make()
    directory = os.open(tmp_path, os.O_RDONLY)
    queue.read_loop(directory)
    os.close(directory)
    assert drain(queue) == b""


@pytest.mark.parametrize(
    ("taken", "chunks", "rest", "dropped"),
    [
        pytest.param(b"", [], b"", (0, 0), id="nothing"),
        pytest.param(b"a\n", [b"b\n", b"c\nd\n"], b"", (6, 3), id="whole lines"),
        pytest.param(b"a\nb", [b"c\nd\n"], b"c\n", (2, 1), id="the line begun is completed"),
        pytest.param(b"a\nb", [b"c", b"c", b"\nd\n"], b"cc\n", (2, 1), id="in three pieces"),
        pytest.param(b"a\nb", [b"c", b"c"], b"cc", (0, 0), id="or has no end"),
        pytest.param(b"a\n", [b"b\nc"], b"", (3, 2), id="a last line without an end is one"),
        pytest.param(b"a\n", [b"b\nc", b"c", b"\nd"], b"", (6, 3), id="a line in three pieces is one"),
    ],
)
def test_what_is_abandoned_is_counted_line_by_line(taken, chunks, rest, dropped):
    queue, stats = make()
    if taken:
        queue.put(taken)
        assert queue.get(0) == taken
    for chunk in chunks:
        queue.put(chunk)
    assert queue.abandon() == rest
    assert (stats.dropped_bytes, stats.dropped_lines, stats.pending_bytes) == (*dropped, 0)
    torn = chunks and chunks[-1][-1:] != b"\n"  # then what comes is the rest of a line that is counted, or handed over
    for late, lines in ((b"la", 0), (b"te\n", 0 if torn else 1), (b"l\nm\n", 2), (b"n", 0), (b"\n", 1)):
        before = stats.dropped_lines
        queue.put(late)
        assert (stats.dropped_lines - before, queue.get(0)) == (lines, b"")


def test_what_was_there_when_it_was_shut_is_handed_over():
    queue, stats = make()
    queue.put(b"1\n")
    assert not queue.ended
    queue.shut()
    queue.shut()
    queue.put(b"2\n")
    assert queue.ended
    assert [queue.get(0) for _ in range(3)] == [b"1\n", b"", b""]
    assert (stats.dropped_bytes, stats.dropped_lines) == (2, 1)


class Poor(ReadQueue):
    """A buffer for which there is no memory now and then."""

    def __init__(self, limit: int, live: bool, stats: InputStats) -> None:
        super().__init__(limit, live, stats)
        self.failing: list[bool] = []

    def put(self, chunk: bytes) -> None:
        if self.failing.pop(0):
            raise MemoryError
        super().put(chunk)


@pytest.mark.parametrize(
    ("writes", "failing", "kept", "dropped"),
    [
        ([b"1\n", b"2\n", b"3\n"], [0, 1, 0], b"1\n3\n", 1),
        ([b"1\n2", b"2\n3\n", b"4\n"], [0, 1, 0], b"1\n2\n4\n", 2),
        ([b"1\n2", b"2", b"2\n3\n"], [0, 1, 0], b"1\n2\n3\n", 1),
        ([b"1\n2", b"2\n3", b"3\n4\n"], [0, 1, 0], b"1\n2\n4\n", 2),
        ([b"1\n2", b"2", b"2\n", b"3\n"], [0, 1, 1, 0], b"1\n2\n3\n", 1),
        ([b"1\n", b"2"], [1, 1], b"", 1),
    ],
)
def test_without_memory_the_writer_is_read_on_and_what_is_dropped_is_counted(writes, failing, kept, dropped, tmp_path):
    """A descriptor that gives what is written to it piece by piece, as one of packets does."""
    stats = InputStats()
    queue = Poor(1000, True, stats)
    queue.failing = [bool(each) for each in failing]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        for text in writes:
            theirs.send(text)
        theirs.shutdown(socket.SHUT_WR)
        queue.read_loop(ours.fileno())
    assert drain(queue) == kept
    assert stats.dropped_lines == dropped


def test_without_memory_the_older_half_is_given_up_and_no_more_is_kept():
    queue, stats = make(limit=10 * inputs.READ_BYTES)
    chunk = (b"x" * 99 + b"\n") * (inputs.READ_BYTES // 100)
    queue.put(b"begun")
    assert queue.get(0) == b"begun"
    for _ in range(8):
        queue.put(chunk)
    queue.relieve()
    assert inputs.READ_BYTES <= queue.limit <= 4 * inputs.READ_BYTES
    assert stats.dropped_lines == 4 * chunk.count(b"\n")
    queue.end()
    rest = drain(queue)
    assert rest == b"\n" + chunk * 4
    for _ in range(5):
        queue.relieve()
    assert queue.limit == inputs.READ_BYTES
    assert queue.get(0) == b""

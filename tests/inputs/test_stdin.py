"""Standard input as auditd gives it, and as a shell does."""

from __future__ import annotations

import os
import socket

import pytest

from sensor.errors import InputError
from sensor.inputs.stdin import StdinInput
from sensor.stats import InputStats


def everything(source: StdinInput) -> bytes:
    got = b""
    while (chunk := source.queue.get(5)) != b"":
        assert chunk is not None, "nothing came"
        got += chunk
    return got


@pytest.mark.parametrize("kind", ["socketpair", "pipe", "file"])
def test_all_is_read_until_the_end(kind, tmp_path):
    data = b"type=EOE msg=audit(1.000:1): \n" * 3000
    if kind == "socketpair":
        ours, theirs = (end.detach() for end in socket.socketpair())
    elif kind == "pipe":
        ours, theirs = os.pipe()
    else:
        (tmp_path / "log").write_bytes(data)
        ours, theirs = os.open(tmp_path / "log", os.O_RDONLY), -1
    stats = InputStats()
    source = StdinInput(1 << 20, stats, ours)
    source.open()
    assert stats.connected == 1
    source.start()
    if theirs != -1:
        with open(theirs, "wb") as writer:
            writer.write(data)
    assert everything(source) == data
    assert (stats.connected, stats.bytes, stats.dropped_lines) == (0, len(data), 0)
    os.close(ours)


def test_auditd_is_never_left_waiting_but_a_pipe_is():
    """More than the limit into each: the socket's writer gets rid of it all, the pipe's does not."""
    ours, theirs = socket.socketpair()
    stats = InputStats()
    source = StdinInput(100_000, stats, ours.fileno())
    source.open()
    source.start()
    theirs.sendall(b"x" * 99 + b"\n" * 1 + (b"x" * 99 + b"\n") * 9999)
    theirs.close()
    kept = everything(source)
    assert stats.dropped_lines > 0
    assert kept.count(b"\n") + stats.dropped_lines == 10000
    assert set(kept.split(b"\n")) == {b"x" * 99, b""}
    ours.close()

    end, writer = os.pipe()
    stats = InputStats()
    source = StdinInput(1000, stats, end)
    source.open()
    source.start()
    os.write(writer, b"y" * 5000)
    os.close(writer)
    assert everything(source) == b"y" * 5000
    os.close(end)


def test_a_non_blocking_descriptor_is_made_to_wait():
    end, writer = os.pipe()
    os.set_blocking(end, False)
    source = StdinInput(1000, InputStats(), end)
    source.open()
    assert os.get_blocking(end)
    os.close(end)
    os.close(writer)


def test_a_closed_descriptor_is_an_error():
    end, writer = os.pipe()
    os.close(end)
    os.close(writer)
    with pytest.raises(InputError, match="standard input: Bad file descriptor"):
        StdinInput(1000, InputStats(), end)

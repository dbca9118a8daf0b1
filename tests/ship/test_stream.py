"""A connection that knows how much the far end's kernel has."""

from __future__ import annotations

import socket

import pytest

from sensor.errors import UnavailableError
from sensor.ship.stream import Stream
from tests.ship.far_ends import wait_until


@pytest.fixture
def pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stream = Stream(("127.0.0.1", listener.getsockname()[1]), None, 1.0)
        connection, _ = listener.accept()
        yield stream, connection
        stream.close()
        connection.close()


def test_what_the_kernel_has_is_acknowledged_though_nobody_reads_it(pair) -> None:
    stream, _ = pair
    mark = stream.write(b"x" * 100)
    wait_until(lambda: stream.acknowledged(mark))


def test_what_does_not_fit_there_is_not(pair) -> None:
    stream, _ = pair
    marks = [stream.write(b"x" * 100)]
    with pytest.raises(UnavailableError, match="in time"):
        wait_until(lambda: marks.append(stream.write(b"x" * 200_000)))
    assert stream.acknowledged(marks[0])
    assert not stream.acknowledged(marks[-1])


def test_what_comes_is_read_and_the_end_is_an_error(pair) -> None:
    stream, connection = pair
    assert stream.read(0) == b""
    connection.sendall(b"5\n")
    assert stream.read(1) == b"5\n"
    connection.close()
    with pytest.raises(UnavailableError, match="closed the connection"):
        stream.read(1)


def test_it_shows_what_it_is(pair) -> None:
    assert pair[0].describe() == "TCP"

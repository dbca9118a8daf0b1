"""auditd's af_unix socket: read, lost, found again."""

from __future__ import annotations

import socket
import time

import pytest

from sensor.errors import InputError
from sensor.inputs.unix import UnixInput
from sensor.stats import InputStats


def listen(path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()
    server.settimeout(5)
    return server


def read(source: UnixInput, size: int) -> bytes:
    got = b""
    deadline = time.monotonic() + 5
    while len(got) < size and time.monotonic() < deadline:
        got += source.queue.get(0.05) or b""
    return got


def test_a_lost_connection_is_made_again_and_its_torn_line_ended(tmp_path):
    path = tmp_path / "socket"
    stats = InputStats()
    source = UnixInput(str(path), 1000, stats)
    with listen(path) as server:
        source.open()
        source.start()
        first, _ = server.accept()
        first.sendall(b"one\ntor")
        first.close()
        second, _ = server.accept()
        second.sendall(b"two\n")
        assert read(source, 12) == b"one\ntor\ntwo\n"
        assert (stats.reconnects, stats.connected) == (1, 1)
        second.sendall(b"three\n")
        source.stop()
        assert read(source, 6) == b"three\n"
        second.close()
    assert source.queue.get(5) == b""


def test_nobody_listening_yet_is_no_error(tmp_path):
    path = tmp_path / "socket"
    source = UnixInput(str(path), 1000, InputStats())
    source.open()
    source.start()
    assert source.queue.get(0.05) is None
    with listen(path) as server:
        peer, _ = server.accept()
        peer.sendall(b"here\n")
        assert read(source, 5) == b"here\n"
        source.stop()
        peer.close()
    assert source.queue.get(5) == b""


def test_what_cannot_be_connected_to_is_logged(tmp_path, caplog):
    path = tmp_path / "socket"
    source = UnixInput(str(path), 1000, InputStats())
    source.open()
    assert caplog.messages == [f"input: unix:{path}: No such file or directory; trying again"]
    with listen(path):
        pass  # bound, and nobody listens any more
    source.open()
    assert caplog.messages[1:] == [f"input: unix:{path}: Connection refused; trying again"]


def test_that_the_other_end_is_gone_is_logged_unless_we_stop(tmp_path, caplog):
    path = tmp_path / "socket"
    source = UnixInput(str(path), 1000, InputStats())
    with listen(path) as server:
        source.open()
        source.start()
        first, _ = server.accept()
        first.close()
        second, _ = server.accept()
        assert caplog.messages == [f"input: unix:{path}: the other end is gone; connecting again"]
        source.stop()
        second.close()
        assert source.queue.get(5) == b""
    assert len(caplog.messages) == 1


def test_a_path_that_can_never_be_is_an_error(tmp_path):
    with pytest.raises(InputError, match="at most 107 bytes"):
        UnixInput("/" + "x" * 107, 1000, InputStats()).open()

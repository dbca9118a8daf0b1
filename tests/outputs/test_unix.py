"""Lines to a stream socket."""

from __future__ import annotations

import socket

from sensor.outputs import LONGEST_PAUSE, Options
from sensor.outputs.unix import UnixOutput
from sensor.stats import OutputStats
from tests.support.clocks import Clock


def test_lines_arrive_and_nobody_listening_is_only_counted(tmp_path):
    path = str(tmp_path / "socket")
    stats = OutputStats()
    clock = Clock()
    output = UnixOutput(Options(file=f"unix:{path}"), stats, lambda message: None, clock)
    output.write(["{1}"])
    assert stats.errors == {"ENOENT": 1}
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        server.settimeout(5)
        clock.now += LONGEST_PAUSE
        output.write(["{2}"])
        peer, _ = server.accept()
        assert peer.recv(100) == b"{1}\n{2}\n"
        peer.close()
        output.write(["{3}"])
    assert stats.errors == {"ENOENT": 1, "EPIPE": 1}
    output.close()
    assert stats.lost_lines == {"EPIPE": 1}

"""RELP against rsyslog itself, killed on the way, and against what only looks like it."""

from __future__ import annotations

import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from sensor.errors import UnavailableError
from sensor.ship.batch import Batch, Position
from sensor.ship.kinds import Common
from sensor.ship.kinds.relp import RelpKind
from sensor.ship.messages import Options
from tests.ship import certificates
from tests.ship.far_ends import Ship, account, numbers_in, wait_until
from tests.ship.logs import Log
from tests.ship.rsyslog import Rsyslog

EVENTS = 100_000


@pytest.mark.slow
def test_100000_events_past_an_rsyslog_that_is_killed_four_times(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(EVENTS)
    pems = certificates.make(tmp_path)
    server = Rsyslog(tmp_path, "imrelp", pems)
    tls = {"use": True, "ca": str(pems.ca), "certificate": str(pems.client)}
    options = {"tls": tls, "rate": "800 KiB", "batch": {"events": 1000}}
    try:
        with Ship(tmp_path, log.path, kind="relp", to=f"127.0.0.1:{server.port}", **options) as ship:
            ship.start()
            for number in range(4):
                wait_until(lambda mark=number: len(server.lines()) > mark * EVENTS // 5, 60)
                time.sleep(0.1)
                server.kill()
                server.start()
            wait_until(lambda: f"acknowledged  {EVENTS:,}" in ship.run("--status").stdout, 60)
            assert ship.kill(signal.SIGTERM) == 0
        lines = [line for line in server.lines() if line.endswith(b"}}")]
    finally:
        server.stop()
    found = account(numbers_in(lines), EVENTS)
    print(f"relp to rsyslog with TLS: {found}")
    assert (found["missing"], found["out of order"]) == (0, 0)
    assert found["repeated"] <= 4 * 4 * 1000


class Pretender:
    """Accepts one connection and answers with what it is reported, once for each thing it is sent."""

    def __init__(self, *answers: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._answers = answers
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with self._listener, connection:
            for answer in self._answers:
                connection.recv(1 << 20)
                connection.sendall(answer)
            connection.recv(1 << 20)


OPEN = b"1 rsp 25 200 OK\nrelp_version=0\nx=y\n"


@pytest.mark.parametrize(
    ("answers", "output"),
    [
        ([b"HTTP/1.1 400 Bad Request\r\n" * 10], "expected RELP"),
        ([b"1 rsp 3 500\n"], "does not open a session"),
        ([b"1 rsp 99999999 x\n" * 5000], "expected RELP"),
        ([OPEN, b"2 rsp 9 500 error\n"], "it answers b'rsp' b'500 error'"),
        ([OPEN, b"0 serverclose 0\n"], "has closed the session"),
        ([OPEN, b""], "nothing was acknowledged"),
    ],
)
def test_what_does_not_keep_to_the_protocol_is_left(answers: list[bytes], output: str) -> None:
    server = Pretender(*answers)
    kind = RelpKind(Options(), Common("far", "host", 0.5))
    try:
        with pytest.raises(UnavailableError, match=output):
            deliver(kind, server.port)
    finally:
        kind.close()


def deliver(kind: RelpKind, port: int) -> None:
    kind.connect(f"127.0.0.1:{port}")
    kind.send(Batch(Position("f"), Position("f"), [b"{}"]))
    for _ in range(10):
        assert kind.wait(0.1) == []


def test_a_batch_is_acknowledged_when_all_its_messages_are() -> None:
    server = Pretender(OPEN, b"2 rsp 6 200 OK\n3 rs", b"p 6 200 OK\n4 rsp 6 200 OK\n")
    kind = RelpKind(Options(), Common("far", "host", 5.0))
    kind.connect(f"127.0.0.1:{server.port}")
    kind.send(Batch(Position("f"), Position("f"), [b"{}", b"{}"]))
    assert kind.wait(0.3) == []
    kind.send(Batch(Position("f"), Position("f"), [b"{}"]))
    receipts = 0
    while receipts < 2:
        receipts += len(kind.wait(1))
    kind.close()

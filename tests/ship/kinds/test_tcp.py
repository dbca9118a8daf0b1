"""JSON Lines over TCP and TLS: nothing lost when the far end dies, with and without an acknowledgement of its own."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from sensor.errors import UnavailableError
from sensor.ship.batch import Batch, Position
from sensor.ship.kinds import Common
from sensor.ship.kinds.tcp import Options, TcpKind
from tests.ship.far_ends import Receiver, Ship, account, numbers_in, wait_until
from tests.ship.logs import Log

EVENTS = 100_000


def batch(*lines: bytes) -> Batch:
    return Batch(Position("a"), Position("a", 1, len(lines)), list(lines))


@pytest.mark.slow
@pytest.mark.parametrize("acknowledge", ["kernel", "count"])
def test_100000_events_past_a_receiver_that_dies_eight_times(acknowledge: str, tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(EVENTS)
    receiver = Receiver(counts=acknowledge == "count")
    options = {"tcp": {"acknowledge": acknowledge, "settle": 0.3}, "rate": "600 KiB", "batch": {"events": 500}}
    with Ship(tmp_path, log.path, kind="tcp", to=f"127.0.0.1:{receiver.port}", **options) as ship:
        ship.start()
        for _ in range(8):
            before = len(receiver.lines)
            wait_until(lambda mark=before: len(receiver.lines) > mark + EVENTS // 50)
            time.sleep(0.4)
            receiver.stop()
            receiver.start()
        wait_until(lambda: len(set(receiver.lines)) >= EVENTS, 60)
        wait_until(lambda: "100,000 events" in ship.run("--status").stdout)
        assert ship.kill(signal.SIGTERM) == 0
    found = account(numbers_in(receiver.lines), EVENTS)
    print(f"tcp, acknowledged by {acknowledge}: {found}, {receiver.connections} connections")
    assert (found["missing"], found["out of order"]) == (0, 0)
    assert receiver.connections >= 9
    assert found["repeated"] < EVENTS


def test_a_count_acknowledges_exactly_what_it_counts() -> None:
    receiver = Receiver(counts=True)
    kind = TcpKind(Options(acknowledge="count"), Common("far", "host", 5.0))
    kind.connect(f"127.0.0.1:{receiver.port}")
    assert kind.wait(0) == []
    receiver.pause()
    kind.send(batch(b"{}", b"{}"))
    kind.send(batch(b"{}"))
    assert kind.wait(0.1) == []
    receiver.resume()
    receipts = 0
    while receipts < 2:
        receipts += len(kind.wait(1))
    assert receiver.lines == [b"{}"] * 3
    kind.close()


def test_what_lies_unread_is_not_acknowledged_before_it_has_settled() -> None:
    receiver = Receiver()
    kind = TcpKind(Options(settle=0.5), Common("far", "host", 5.0))
    kind.connect(f"127.0.0.1:{receiver.port}")
    kind.send(batch(b"{}"))
    began = time.monotonic()
    while not kind.wait(1.0):
        pass
    assert time.monotonic() - began >= 0.45
    kind.send(batch(b"{}"))
    wait_until(lambda: len(receiver.lines) == 2)
    receiver.stop()
    with pytest.raises(UnavailableError):
        wait_until(lambda: kind.wait(0.1))
    kind.close()


@pytest.mark.parametrize("output", [b"no number\n", b"99\n", b"-1\n", b"1" * 100])
def test_what_is_no_count_is_an_error(output: bytes) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        kind = TcpKind(Options(acknowledge="count"), Common("far", "host", 5.0))
        kind.connect(f"127.0.0.1:{listener.getsockname()[1]}")
        connection, _ = listener.accept()
        kind.send(batch(b"{}"))
        connection.sendall(output)
        with pytest.raises(UnavailableError, match="expected the count"):
            wait_until(lambda: kind.wait(0.1))
        kind.close()
        connection.close()


def test_a_receiver_that_takes_nothing_is_left_after_the_timeout() -> None:
    receiver = Receiver()
    receiver.pause()
    kind = TcpKind(Options(), Common("far", "host", 0.3))
    kind.connect(f"127.0.0.1:{receiver.port}")
    with pytest.raises(UnavailableError, match="in time"):
        wait_until(lambda: kind.send(batch(b"x" * (1 << 20))))
    kind.close()


def test_nobody_listens() -> None:
    kind = TcpKind(Options(), Common("far", "host", 0.3))
    with pytest.raises(UnavailableError, match="refused"):
        kind.connect("127.0.0.1:1")


def test_a_line_of_ten_megabytes_arrives_whole(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(1)
    log.size = 10 << 20
    log.write(1)
    log.size = 0
    log.write(1)
    receiver = Receiver(counts=True)
    options = {"tcp": {"acknowledge": "count"}}
    with Ship(tmp_path, log.path, kind="tcp", to=f"127.0.0.1:{receiver.port}", **options) as ship:
        assert ship.run("--once").returncode == 0
    assert numbers_in(receiver.lines) == [0, 1, 2]
    assert len(receiver.lines[1]) > 10 << 20

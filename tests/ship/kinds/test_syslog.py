"""Syslog to rsyslog: framing, TLS with both sides' certificates, and a process that is killed."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.ship import certificates
from tests.ship.far_ends import Receiver, Ship, account, numbers_in, wait_until
from tests.ship.logs import Log
from tests.ship.rsyslog import Rsyslog

EVENTS = 100_000


@pytest.mark.slow
@pytest.mark.parametrize("framing", ["count", "newline"])
def test_100000_events_past_an_rsyslog_that_is_killed_three_times(framing: str, tmp_path: Path) -> None:
    """What rsyslog had not read when it was killed is sent again, as it had not settled."""
    log = Log(tmp_path)
    log.write(EVENTS)
    pems = certificates.make(tmp_path)
    server = Rsyslog(tmp_path, "imtcp", pems)
    tls = {"use": True, "ca": str(pems.ca), "certificate": str(pems.client)}
    options = {"tls": tls, "rate": "600 KiB", "batch": {"events": 500}, "syslog": {"framing": framing, "settle": 2}}
    try:
        with Ship(tmp_path, log.path, kind="syslog", to=f"127.0.0.1:{server.port}", **options) as ship:
            ship.start()
            for _ in range(3):
                before = len(server.lines())
                wait_until(lambda mark=before: len(server.lines()) > mark + EVENTS // 20, 60)
                time.sleep(0.5)
                server.kill()
                server.start()
            wait_until(lambda: f"acknowledged  {EVENTS:,}" in ship.run("--status").stdout, 90)
            assert ship.kill(signal.SIGTERM) == 0
        lines = [line for line in server.lines() if line.endswith(b"}}")]
    finally:
        server.stop()
    found = account(numbers_in(lines), EVENTS)
    print(f"syslog ({framing}) to rsyslog with TLS: {found}")
    assert (found["missing"], found["out of order"]) == (0, 0)


def test_a_count_stands_before_each_message(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(2)
    receiver = Receiver()
    options = {"syslog": {"settle": 0}, "host": "web01"}
    with Ship(tmp_path, log.path, kind="syslog", to=f"127.0.0.1:{receiver.port}", **options) as ship:
        ship.run("--once")
    # No newline ends a message, so all of it is one unfinished line to this receiver: look at the other framing.
    assert receiver.lines == []
    options["syslog"]["framing"] = "newline"
    (ship.state / "cursor").unlink()
    with Ship(tmp_path, log.path, kind="syslog", to=f"127.0.0.1:{receiver.port}", **options) as ship:
        ship.run("--once")
    wait_until(lambda: len(receiver.lines) == 2)  # the kernel has them at once, the receiver a little later
    assert [line.partition(b" - audit - ")[2] for line in receiver.lines] == [log.line(0), log.line(1)]
    assert receiver.lines[0].startswith(b"<110>1 2023-11-14T22:13:20.000Z web01 host-sensor")

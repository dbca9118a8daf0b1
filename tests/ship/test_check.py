"""What --check prints: for each address what came back, and nothing else happens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ship.far_ends import Collector, Receiver, Ship, free_port, responds
from tests.ship.logs import Log


def test_one_line_goes_to_every_address_and_nothing_changes(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(5)
    receiver = Receiver()
    dead = free_port()
    addresses = [f"127.0.0.1:{receiver.port}", f"127.0.0.1:{dead}"]
    ship = Ship(tmp_path, log.path, kind="tcp", to=addresses, host="web01", tcp={"settle": 0})
    done = ship.run("--check")
    first, second = done.stdout.splitlines()
    assert done.returncode == 1
    assert first.startswith(f"{addresses[0]}: acknowledged after ")
    assert first.endswith(" ms (TCP)")
    assert second == f"{addresses[1]}: FAILED: Connection refused"
    (line,) = [json.loads(line) for line in receiver.lines]
    assert line["SHIP"] == {"TEST": "host-sensor ship --check", "HOST": "web01"}
    assert not ship.state.exists()


def test_a_refusal_is_reported(tmp_path: Path) -> None:
    server = Collector()
    server.plan = [responds(400, b"no such field"), responds(401, b"who are you?")]
    ship = Ship(tmp_path, tmp_path / "log", kind="http", to=server.url)
    assert ship.run("--check").stdout == f"{server.url}: FAILED: HTTP 400: no such field\n"
    assert ship.run("--check").stdout == f"{server.url}: FAILED: HTTP 401: who are you?\n"
    done = ship.run("--check")
    assert (done.returncode, "acknowledged after" in done.stdout, "HTTP 200" in done.stdout) == (0, True, True)


@pytest.mark.parametrize(
    ("log", "code", "expected"),
    [
        ("log", 0, ""),
        ("none", 0, "none: is not there; nothing is shipped until it is\n"),
        ("log/x", 1, "log/x: Not a directory; nothing can be shipped\n"),
    ],
)
def test_a_log_that_cannot_be_read_is_reported(log: str, code: int, expected: str, tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    receiver = Receiver()
    ship = Ship(tmp_path, tmp_path / log, kind="tcp", to=f"127.0.0.1:{receiver.port}", tcp={"settle": 0})
    done = ship.run("--check")
    assert (done.returncode, done.stderr.replace(f"{tmp_path}/", "")) == (code, expected)

"""JSON Lines in POSTs, past a server that does everything wrong that a server can."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.ship.far_ends import (
    Collector,
    Ship,
    account,
    lies_about_the_length,
    numbers_in,
    resets,
    responds,
    stalls,
    wait_until,
)
from tests.ship.logs import Log

pytest.importorskip("urllib3", reason="needs urllib3 (python3-urllib3)")

EVENTS = 100_000


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


@pytest.mark.slow
def test_100000_events_past_a_server_that_misbehaves_and_dies(log: Log, tmp_path: Path) -> None:
    log.write(EVENTS)
    server = Collector()
    server.plan = [
        responds(503, Retry_After="0"),
        resets(),
        resets(taken=True),
        stalls(1.5),
        responds(429, Retry_After="1"),
        responds(401),
        lies_about_the_length(+5),
        lies_about_the_length(-5, taken=True),
        responds(500),
        responds(301, Location="http://127.0.0.1:1/"),
        responds(404),
        responds(408),
    ]
    options = {"timeout": 1, "batch": {"events": 2000}, "rate": "1 MiB"}
    with Ship(tmp_path, log.path, kind="http", to=f"{server.url}/ingest", **options) as ship:
        ship.start()
        for number in range(1, 4):
            wait_until(lambda mark=number: len(server.lines) > mark * EVENTS // 5, 60)
            server.stop()
            time.sleep(0.2)
            server.start()
        wait_until(lambda: len(set(server.lines)) >= EVENTS, 60)
        assert ship.kill(signal.SIGTERM) == 0
        journal = ship.journal
    found = account(numbers_in(server.lines), EVENTS)
    print(f"http: {found}")
    assert (found["missing"], found["out of order"]) == (0, 0)
    assert (
        2000 <= found["repeated"] <= 8000
    )  # the batch that was taken and not acknowledged, and at most one for each death
    for output in ("HTTP 503", "HTTP 429", "HTTP 401", "HTTP 301", "HTTP 404", "its answer is shorter"):
        assert output in journal, journal
    assert server.plan == []


def test_a_batch_too_large_is_halved_and_what_is_refused_alone_is_a_dead_letter(log: Log, tmp_path: Path) -> None:
    log.write(1000)
    poison = b'"1700000000.666:666"'

    def judge(handler) -> bool:
        server.plan.append(judge)
        if len(handler.body) > 20_000:
            return responds(413, b"too large")(handler)
        if poison in handler.body:
            return responds(400, b"line 666\nis evil \xff")(handler)
        return responds(200, b"{}", taken=True)(handler)

    server = Collector()
    server.plan.append(judge)
    with Ship(tmp_path, log.path, kind="http", to=server.url, http={"compression": "none"}) as ship:
        done = ship.run("--once")
        assert done.returncode == 0, done.stderr
        letters = (ship.state / "dead-letters.jsonl").read_text().splitlines()
    assert numbers_in(server.lines) == [number for number in range(1000) if number != 666]
    assert len(letters) == 1
    assert '"reason":"HTTP 400: line 666 is evil' in letters[0]
    assert poison.decode().replace('"', '\\"') in letters[0]
    assert (ship.state / "dead-letters.jsonl").stat().st_mode & 0o777 == 0o600
    assert len(server.requests) < 150


def test_where_everything_is_refused_nearly_nothing_is_given_up(log: Log, tmp_path: Path) -> None:
    log.write(500)

    def refuse(handler) -> bool:
        server.plan.append(refuse)
        return responds(400)(handler)

    server = Collector()
    server.plan.append(refuse)
    options = {"dead_letters": {"in_a_row": 3}, "retry": {"first": 0.01, "longest": 0.05}}
    with Ship(tmp_path, log.path, kind="http", to=server.url, **options) as ship:
        ship.start()
        wait_until(lambda: "refuses everything" in ship.journal)
        time.sleep(0.5)
        assert len((ship.state / "dead-letters.jsonl").read_text().splitlines()) == 3
        server.plan.clear()
        wait_until(lambda: len(server.lines) >= 497)
        ship.kill(signal.SIGTERM)
    assert numbers_in(server.lines) == list(range(3, 500))


def test_credentials_come_from_files_and_never_go_elsewhere(log: Log, tmp_path: Path) -> None:
    log.write(1)
    secret = tmp_path / "token"
    secret.write_text("geheim\n")
    secret.chmod(0o600)
    server, other = Collector(), Collector()
    server.plan = [responds(307, Location=other.url)]
    options = {"http": {"token": f"file:{secret}", "headers": {"X-Scope-OrgID": "tenant"}}}
    with Ship(tmp_path, log.path, kind="http", to=server.url, **options) as ship:
        assert ship.run("--once").returncode == 0
        assert other.requests == []
        headers = server.requests[-1][1]
        assert (headers["Authorization"], headers["X-Scope-OrgID"]) == ("Bearer geheim", "tenant")
        secret.chmod(0o644)
        log.write(1)
        ship.start()
        wait_until(lambda: "everybody may read" in ship.journal)
    assert "geheim" not in ship.journal


def test_the_next_address_is_taken_when_one_fails_and_the_first_again_later(log: Log, tmp_path: Path) -> None:
    log.write(10)
    first, second = Collector(), Collector()
    port = first.port
    first.stop()
    addresses = [f"http://127.0.0.1:{port}", second.url]
    options = {"failback": 1, "batch": {"wait": 0.05}}
    with Ship(tmp_path, log.path, kind="http", to=addresses, **options) as ship:
        ship.start()
        wait_until(lambda: len(second.lines) == 10)
        first.start()
        time.sleep(1.5)
        log.write(10)
        wait_until(lambda: len(first.lines) == 10)
        assert len(second.lines) == 10


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_bodies_are_packed_as_configured(compression: str, log: Log, tmp_path: Path) -> None:
    log.write(100)
    server = Collector()
    with Ship(tmp_path, log.path, kind="http", to=server.url, http={"compression": compression}) as ship:
        assert ship.run("--once").returncode == 0
    (_, headers, body), *_ = server.requests
    assert headers.get("Content-Encoding", "none") == compression
    if compression == "zstd":
        zstandard = pytest.importorskip("zstandard")
        body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
    assert numbers_in(body.splitlines()) == log.numbers

"""Splunk's collector: envelopes, and the indexers' acknowledgement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ship.far_ends import Collector, Ship, answer, numbers_in, responds, wait_until
from tests.ship.logs import Log


class Hec(Collector):
    """Acknowledges a batch at the second question, and loses `lost` of them before that."""

    def __init__(self, lost: int = 0, gives_numbers: bool = True) -> None:
        super().__init__()
        self.lost, self.gives_numbers = lost, gives_numbers
        self.waiting: dict[int, list[bytes]] = {}
        self.asked: dict[int, int] = {}
        self.tokens: set[str] = set()

    def serve(self, handler: Any) -> None:
        if not self.plan:
            self.plan.append(self._act)
        super().serve(handler)

    def _act(self, handler: Any) -> bool:
        self.tokens.add(handler.headers["Authorization"])
        if handler.path.startswith("/services/collector/ack?channel="):
            assert handler.path.endswith(handler.headers["X-Splunk-Request-Channel"])
            acks = {}
            for number in json.loads(handler.body)["acks"]:
                self.asked[number] = self.asked.get(number, 0) + 1
                acks[number] = self.asked[number] > 1 and number in self.waiting
                if acks[number]:
                    self.lines += self.waiting.pop(number)
            answer(handler, 200, json.dumps({"acks": acks}).encode())
            return False
        number = len(self.requests)
        if self.lost:
            self.lost -= 1
        else:
            self.waiting[number] = handler.body.splitlines()
        more = {"ackId": number} if self.gives_numbers else {}
        answer(handler, 200, json.dumps({"text": "Success", "code": 0, **more}).encode())
        return False


def test_a_batch_that_the_indexers_lose_is_sent_again(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(1000)
    (tmp_path / "token").write_text("geheim\n")
    (tmp_path / "token").chmod(0o600)
    server = Hec(lost=1)
    options = {
        "http": {"token": f"file:{tmp_path}/token"},
        "splunk": {"index": "audit"},
        "host": "web01",
        "timeout": 1,
        "batch": {"events": 400},
    }
    with Ship(tmp_path, log.path, kind="splunk", to=server.url, **options) as ship:
        ship.start()
        wait_until(lambda: len(server.lines) >= 1000)
        wait_until(lambda: "acknowledged  1,000 events" in ship.run("--status").stdout)
    server.stop()
    rows = [json.loads(line) for line in server.lines]
    assert numbers_in([json.dumps(row["event"], separators=(",", ":")).encode() for row in rows]) == list(range(1000))
    first = {name: value for name, value in rows[0].items() if name != "event"}
    assert first == {
        "time": 1700000000.0,
        "host": "web01",
        "source": "host-sensor",
        "sourcetype": "host-sensor",
        "index": "audit",
    }
    assert server.tokens == {"Splunk geheim"}
    assert "did not acknowledge in time" in ship.journal


def test_a_token_without_acknowledgement_is_reported_and_can_be_done_without(tmp_path: Path) -> None:
    server = Hec(gives_numbers=False)
    ship = Ship(tmp_path, tmp_path / "log", kind="splunk", to=server.url)
    assert "it gives no ackId" in ship.run("--check").stdout
    ship = Ship(tmp_path, tmp_path / "log", kind="splunk", to=server.url, splunk={"acknowledge": False})
    assert "acknowledged after" in ship.run("--check").stdout
    server.stop()


@pytest.mark.parametrize("body", [b"[]", b'{"text":"Invalid token","code":4}', b"<html>", b""])
def test_an_answer_that_is_no_success_is_none(body: bytes, tmp_path: Path) -> None:
    server = Collector()
    server.plan = [responds(200, body)]
    ship = Ship(tmp_path, tmp_path / "log", kind="splunk", to=server.url)
    assert "FAILED" in ship.run("--check").stdout
    server.stop()

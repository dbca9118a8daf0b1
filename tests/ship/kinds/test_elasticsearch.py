"""The bulk interface: what is sent, and what each answer means; nginx with TLS stands before the server."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from sensor.errors import UnavailableError
from sensor.ship.kinds.elasticsearch import judge, stamped
from tests.ship import certificates
from tests.ship.far_ends import Collector, Part, Ship, account, answer, free_port, numbers_in, wait_until
from tests.ship.logs import Log

EVENTS = 100_000
NGINX = """
user root; worker_processes 1; daemon off; error_log {folder}/nginx.log; pid {folder}/nginx.pid;
events {{}}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; access_log off; client_max_body_size 100k;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate}; ssl_certificate_key {certificate};
        location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_read_timeout 2s; }}
    }}
}}
"""


class Index(Collector):
    """Stores documents by id, as the bulk interface does; `act` may say what becomes of an event instead."""

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[str, bytes] = {}
        self.order: list[bytes] = []
        self.act = lambda number: None  # status and error of an event; None: stored

    def serve(self, handler: Any) -> None:
        self.plan.append(self._bulk) if len(self.plan) == 0 else None
        super().serve(handler)

    def _bulk(self, handler: Any) -> bool:
        rows = handler.body.splitlines()
        items, errors = [], False
        for action, document in zip(rows[::2], rows[1::2]):
            identity = json.loads(action)["create"]["_id"]
            (number,) = numbers_in([document])
            result = self.act(number)
            if result is None and identity in self.documents:
                result = {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "exists"}}
            if result is None:
                self.documents[identity] = document
                self.order.append(document)
                result = {"status": 201}
            errors |= "error" in result
            items.append({"create": result})
        answer(handler, 200, json.dumps({"errors": errors, "items": items} if errors else {"errors": False}).encode())
        return False


@pytest.mark.slow
def test_100000_events_past_nginx_and_a_cluster_that_takes_half_of_a_batch(tmp_path: Path) -> None:
    if not shutil.which("nginx"):
        pytest.skip("needs nginx")
    log = Log(tmp_path)
    log.write(EVENTS)
    pems = certificates.make(tmp_path)
    index = Index()
    port = free_port()
    (tmp_path / "nginx.conf").write_text(
        NGINX.format(folder=tmp_path, port=port, behind=index.port, certificate=pems.good)
    )
    nginx = Part(["nginx", "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "nginx.log")], tmp_path, port)
    busy = {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "queue full"}}
    evil = {
        "status": 400,
        "error": {"type": "document_parsing_exception", "reason": "failed", "caused_by": {"reason": "x"}},
    }
    times = iter(range(10_000))
    index.act = lambda number: (
        evil if number in {777, 50_000} else busy if number % 2 and number < 9000 and next(times) < 4000 else None
    )
    options = {"tls": {"ca": str(pems.ca)}, "rate": "2 MiB", "http": {"compression": "none"}, "timeout": 5}
    try:
        with Ship(tmp_path, log.path, kind="elasticsearch", to=f"https://127.0.0.1:{port}", **options) as ship:
            ship.start()
            for number in range(1, 4):
                wait_until(lambda mark=number: len(index.documents) > mark * EVENTS // 5, 60)
                nginx.kill()
                time.sleep(0.2)
                nginx.start()
                index.stop()
                wait_until(lambda: "HTTP 502" in ship.journal)
                index.start()
            wait_until(lambda: f"acknowledged  {EVENTS:,}" in ship.run("--status").stdout, 60)
            assert ship.kill(signal.SIGTERM) == 0
            journal, letters = ship.journal, (ship.state / "dead-letters.jsonl").read_text().splitlines()
    finally:
        nginx.stop()
    found = account(numbers_in(index.order), EVENTS)
    print(f"elasticsearch behind nginx with TLS: {found}, {len(letters)} dead letters")
    assert (found["missing"], found["repeated"]) == (2, 0)
    assert len(letters) == 2
    assert '"reason":"400: document_parsing_exception: failed: x"' in letters[0]
    assert "HTTP 502" in journal
    assert "not all was taken: 429: es_rejected_execution_exception" in journal
    assert any(request[0].startswith("/logs-host_sensor.audit-default/_bulk?") for request in index.requests)
    document = json.loads(index.order[0])
    assert document["@timestamp"] == "2023-11-14T22:13:20.000Z"


@pytest.mark.parametrize(
    ("line", "first"),
    [
        (b'{"ID":"1700000000.123:1","a":1}', '{"@timestamp":"2023-11-14T22:13:20.123Z","ID":"1700000000.123:1","a":1}'),
        (b'{"@timestamp":"2026-11-22T10:09:25.025Z","a":1}', '{"@timestamp":"2026-11-22T10:09:25.025Z","a":1}'),
        (b"{}", "{}"),
        (b"text", "text"),
        (b"", ""),
    ],
)
def test_a_line_gets_a_time_stamp(line: bytes, first: str) -> None:
    assert stamped(line) == first.encode()


def test_a_line_without_a_time_gets_that_of_now() -> None:
    stamp = json.loads(stamped(b'{"ID":null,"PARSE_ERROR":{}}'))["@timestamp"]
    assert stamp[:13] in {time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() - age)) for age in (0, 5)}


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"errors": False}, []),
        ({"errors": True, "items": [{"create": {"status": 201}}, {"create": {"status": 409, "error": {}}}]}, []),
        (
            {
                "errors": True,
                "items": [{"create": {"status": 400, "error": {"type": "t"}}}, {"create": {"status": 201}}],
            },
            [(0, "400: t")],
        ),
        ({"errors": True, "items": [{"create": {"status": 201}}, {"create": {"status": 413}}]}, [(1, "413")]),
    ],
)
def test_an_answer_shows_what_is_refused(given: Any, refused: list) -> None:
    assert judge(given, 2).refused == refused


@pytest.mark.parametrize(
    "given",
    [
        [],
        "ok",
        {},
        {"errors": True},
        {"errors": True, "items": []},
        {"errors": True, "items": [1, 2]},
        {"errors": True, "items": [{}, {}]},
        {"errors": True, "items": [{"create": {"status": "201"}}] * 2},
        {"errors": True, "items": [{"create": {"status": 429, "error": {"type": "busy"}}}] * 2},
        {"errors": True, "items": [{"create": {"status": 503}}] * 2},
        {"errors": True, "items": [{"create": {"status": 404, "error": {"type": "index_not_found_exception"}}}] * 2},
    ],
)
def test_an_answer_that_makes_no_sense_or_shows_not_now_holds_everything(given: Any) -> None:
    with pytest.raises(UnavailableError):
        judge(given, 2)

"""ClickHouse: Debian's server over HTTP, and the types of the current engine (chdb)."""

from __future__ import annotations

import json
import shutil
import signal
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from sensor.ship.batch import Batch, Position
from tests.ship.far_ends import Collector, Part, Ship, account, free_port, numbers_in, wait_until
from tests.ship.logs import Log
from tests.support.chdb import load

pytest.importorskip("urllib3", reason="needs urllib3 (python3-urllib3)")

EVENTS = 100_000
TABLE = """CREATE TABLE events (time DateTime, host String, id String, key String, event String)
    ENGINE = ReplacingMergeTree PARTITION BY toDate(time) ORDER BY (host, time, key)"""
CONFIG = """<yandex><logger><level>warning</level><console>1</console></logger>
<listen_host>127.0.0.1</listen_host><http_port>{port}</http_port><tcp_port>{tcp}</tcp_port>
<path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path><mark_cache_size>10000000</mark_cache_size>
<users_config>{folder}/users.xml</users_config><default_profile>default</default_profile>
<default_database>default</default_database></yandex>"""
USERS = """<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default><password></password>
<networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users></yandex>"""


class Server(Part):
    """clickhouse-server with a configuration and data of its own."""

    def __init__(self, folder: Path) -> None:
        if not shutil.which("clickhouse-server"):
            pytest.skip("needs clickhouse-server")
        port = free_port()
        (folder / "config.xml").write_text(CONFIG.format(port=port, tcp=free_port(), folder=folder))
        (folder / "users.xml").write_text(USERS)
        super().__init__(["clickhouse-server", f"--config-file={folder}/config.xml"], folder, port)

    def ask(self, query: str) -> str:
        url = f"http://127.0.0.1:{self.port}/?" + urllib.parse.urlencode({"query": query})
        with urllib.request.urlopen(urllib.request.Request(url, data=b""), timeout=30) as answer:
            return answer.read().decode()

    def count(self) -> int:
        return int(self.ask("SELECT count() FROM events"))


@pytest.mark.slow
def test_100000_events_past_a_server_that_is_killed_three_times(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(EVENTS)
    server = Server(tmp_path)
    try:
        server.ask(TABLE)
        options = {"clickhouse": {"milliseconds": False}, "rate": "1 MiB", "batch": {"events": 4000}}
        with Ship(tmp_path, log.path, kind="clickhouse", to=f"http://127.0.0.1:{server.port}", **options) as ship:
            ship.start()
            for number in range(3):
                wait_until(lambda mark=number: server.count() > mark * EVENTS // 4)
                time.sleep(0.2)
                server.kill()
                server.start()
            wait_until(lambda: f"acknowledged  {EVENTS:,}" in ship.run("--status").stdout, 60)
            assert ship.kill(signal.SIGTERM) == 0
        lines = server.ask("SELECT event FROM events ORDER BY key, time FORMAT TSVRaw").encode().splitlines()
        unique = int(server.ask("SELECT count() FROM events FINAL"))
    finally:
        server.stop()
    found = account(sorted(numbers_in(lines)), EVENTS)
    print(f"clickhouse: {found}, {unique} rows with FINAL")
    assert (found["missing"], unique) == (0, EVENTS)
    assert found["repeated"] <= 3 * 4000


def test_a_line_that_is_no_text_and_one_that_is_no_event_are_rows(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_bytes(b'{"ID":"1700000000.123:1","x":"\xff\\n\'\\"\\\\"}\nno event \xff\\x\n')
    server = Server(tmp_path)
    try:
        server.ask(TABLE)
        options = {"clickhouse": {"milliseconds": False}, "host": "web'01"}
        with Ship(tmp_path, log, kind="clickhouse", to=f"http://127.0.0.1:{server.port}", **options) as ship:
            assert ship.run("--once").returncode == 0
            missing = Ship(
                tmp_path, log, kind="clickhouse", to=f"http://127.0.0.1:{server.port}", clickhouse={"table": "x"}
            )
            assert "doesn't exist" in missing.run("--check").stdout
        rows = [
            json.loads(row) for row in server.ask("SELECT * FROM events ORDER BY id FORMAT JSONEachRow").splitlines()
        ]
    finally:
        server.stop()
    assert [row["event"] for row in rows] == [
        "no event \ufffd\\x",
        '{"ID":"1700000000.123:1","x":"\ufffd\\n\'\\"\\\\"}',
    ]
    assert [row["id"] for row in rows] == ["", "1700000000.123:1"]
    assert {row["host"] for row in rows} == {"web'01"}


@pytest.mark.parametrize(("event", "column"), [("text", "String"), ("object", "JSON")])
def test_the_current_engine_takes_what_is_sent(event: str, column: str, tmp_path: Path) -> None:
    chdb = load()
    log = Log(tmp_path)
    log.write(100)
    server = Collector()
    with Ship(tmp_path, log.path, kind="clickhouse", to=server.url, clickhouse={"event": event}) as ship:
        assert ship.run("--once").returncode == 0
    server.stop()
    ((path, _, body),) = server.requests
    query = urllib.parse.parse_qs(path.partition("?")[2])["query"][0]
    assert query == "INSERT INTO `default`.`events` FORMAT JSONEachRow"
    rows = tmp_path / "rows.jsonl"
    rows.write_bytes(body)
    structure = f"time DateTime64(3), host LowCardinality(String), id String, key String, event {column}"
    number = "event.SYSCALL.pid::Int64" if event == "object" else "JSONExtractInt(event, 'SYSCALL', 'pid')"
    asked = (
        f"SELECT count(), uniqExact(key), sum({number}), toUnixTimestamp64Milli(max(time))"
        f" FROM file('{rows}', JSONEachRow, '{structure}')"
    )
    found = str(chdb.query(asked, "CSV")).strip()
    assert found == f"100,100,{sum(range(100))},1700000000099"


def test_names_are_quoted() -> None:
    from sensor.ship import http
    from sensor.ship.kinds import Common
    from sensor.ship.kinds.clickhouse import ClickHouseKind, Options

    server = Collector()
    kind = ClickHouseKind(
        Options(table="a`; DROP", database="b\\"), Common("far", "h"), http.Options(compression="none")
    )
    kind.connect(server.url)
    kind.deliver(Batch(Position("f"), Position("f"), [b"{}"]))
    kind.close()
    server.stop()
    query = urllib.parse.parse_qs(server.requests[0][0].partition("?")[2])["query"][0]
    assert query == "INSERT INTO `b\\\\`.`a\\`; DROP` FORMAT JSONEachRow"

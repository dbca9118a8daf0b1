"""Redis streams and lists, against a real server."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.ship import certificates
from tests.ship.far_ends import Part, Ship, account, free_port, numbers_in, wait_until
from tests.ship.logs import Log

EVENTS = 100_000

redis = pytest.importorskip("redis", reason="needs redis-py (python3-redis)")


class Server(Part):
    """redis-server that keeps everything in its append-only file, so that it survives kill -9."""

    def __init__(self, folder: Path, *arguments: str, tls: bool = False) -> None:
        if not shutil.which("redis-server"):
            pytest.skip("needs redis-server")
        port = free_port()
        command = ["redis-server", "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "yes"]
        ports = ["--port", "0", "--tls-port", str(port)] if tls else ["--port", str(port)]
        super().__init__([*command, "--appendfsync", "always", *ports, *arguments], folder, port)

    def client(self, **options) -> redis.Redis:
        return redis.Redis(port=self.port, **options)


def is_loaded(server: Server) -> bool:
    try:
        return bool(server.client().ping())
    except redis.RedisError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["stream", "list"])
def test_100000_events_past_a_server_that_is_killed_five_times(kind: str, tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(EVENTS)
    server = Server(tmp_path)
    options = {"redis": {"type": kind, "length": None}, "rate": "1 MiB", "batch": {"events": 2000}}
    length = "xlen" if kind == "stream" else "llen"
    try:
        with Ship(tmp_path, log.path, kind="redis", to=f"127.0.0.1:{server.port}", **options) as ship:
            ship.start()
            for number in range(5):
                wait_until(lambda mark=number: getattr(server.client(), length)("host-sensor") > mark * EVENTS // 6)
                time.sleep(0.1)
                server.kill()
                server.start()
                wait_until(lambda: is_loaded(server))
            wait_until(lambda: f"acknowledged  {EVENTS:,}" in ship.run("--status").stdout, 60)
            assert ship.kill(signal.SIGTERM) == 0
        client = server.client()
        if kind == "stream":
            lines = [fields[b"event"] for _, fields in client.xrange("host-sensor")]
        else:
            lines = client.lrange("host-sensor", 0, -1)
    finally:
        server.stop()
    found = account(numbers_in(lines), EVENTS)
    print(f"redis, {kind}: {found}")
    assert (found["missing"], found["out of order"]) == (0, 0)
    assert found["repeated"] <= 5 * 2000


def test_a_stream_is_trimmed(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(5000)
    server = Server(tmp_path)
    try:
        options = {"redis": {"length": 1000, "key": "events"}, "host": "web01"}
        with Ship(tmp_path, log.path, kind="redis", to=f"127.0.0.1:{server.port}", **options) as ship:
            assert ship.run("--once").returncode == 0
        client = server.client()
        assert 1000 <= client.xlen("events") < 1500
        ((_, fields),) = client.xrevrange("events", count=1)
        assert numbers_in([fields[b"event"]]) == [4999]
        assert fields[b"host"] == b"web01"
    finally:
        server.stop()


def test_tls_and_a_password_and_a_server_that_is_full(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(100)
    pems = certificates.make(tmp_path)
    files = ["--tls-cert-file", str(pems.good), "--tls-key-file", str(pems.good), "--tls-ca-cert-file", str(pems.ca)]
    server = Server(tmp_path, *files, "--requirepass", "geheim", tls=True)
    secret = tmp_path / "password"
    secret.write_text("geheim\n")
    secret.chmod(0o600)
    tls = {"use": True, "ca": str(pems.ca), "certificate": str(pems.client)}
    address = f"127.0.0.1:{server.port}"
    try:
        with Ship(tmp_path, log.path, kind="redis", to=address, tls=tls) as ship:
            output = ship.run("--check")
            assert (output.returncode, "uthenticat" in output.stdout) == (1, True), output.stdout
        wrong = {**tls, "server_name": "elsewhere.example"}
        with Ship(tmp_path, log.path, kind="redis", to=address, tls=wrong) as ship:
            assert "its certificate is not accepted" in ship.run("--check").stdout
        options = {"tls": tls, "redis": {"password": f"file:{secret}"}}
        with Ship(tmp_path, log.path, kind="redis", to=address, **options) as ship:
            assert ship.run("--once").returncode == 0
            client = server.client(
                ssl=True, ssl_ca_certs=pems.ca, ssl_certfile=pems.client, ssl_keyfile=pems.client, password="geheim"
            )
            client.config_set("maxmemory", "1")
            log.write(10)
            ship.start()
            wait_until(lambda: "OOM command not allowed" in ship.journal)
            client.config_set("maxmemory", "0")
            wait_until(lambda: client.xlen("host-sensor") == 110)
            client.close()
        assert "geheim" not in ship.journal
    finally:
        server.stop()

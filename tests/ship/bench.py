"""What shipping costs: events a second and CPU time an event of each kind, beside rsyslog's imfile → omfwd.

    python -m tests.ship.bench [ROUNDS]

One log, a recorded session many times over (events of about 830 bytes, as `run` writes them), is sent to sinks on the
loopback address that do next to nothing: a process that counts newlines, nginx that answers every POST; to rsyslog,
Redis and librdkafka's mock brokers as they are. All share the machine, so look at the CPU time first.
"""

from __future__ import annotations

import lzma
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.ship.far_ends import SHIP, Part, Ship, cpu_of, free_port, wait_until

CORPUS = Path(__file__).resolve().parents[1] / "data" / "corpora" / "session-mixed.raw.jsonl.xz"
TIMES = 12
SINK = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
counts = sys.argv[2] == "count"
buffer = bytearray(1 << 20)
while True:
    connection, _ = listener.accept()
    total = 0
    while size := connection.recv_into(buffer):
        total += buffer.count(b"\\n", 0, size)
        if counts:
            connection.sendall(b"%d\\n" % total)
        else:
            with open(sys.argv[3], "w") as file:
                file.write(str(total))
"""
NGINX = """
user root; worker_processes 1; daemon off; error_log {folder}/nginx.log; pid {folder}/nginx.pid;
events {{}}
http {{
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; access_log off;
    client_max_body_size 0; client_body_buffer_size 8m; keepalive_requests 100000;
    server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{answer}'; }} }}
}}
"""
IMFILE = """
global(workDirectory="{folder}" maxMessageSize="1m")
module(load="imfile" mode="inotify")
template(name="line" type="string" string="%msg%\\n")
ruleset(name="out" queue.type="LinkedList" queue.size="200000") {{
    action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" template="line" TCP_Framing="traditional")
}}
input(type="imfile" file="{log}" tag="x" ruleset="out" persistStateInterval="10000")
"""


Cost = tuple[float, float, float]
"""Seconds, CPU seconds, resident megabytes."""
Measure = Callable[[], Cost]


def make_log(folder: Path) -> tuple[Path, int]:
    """The log, and how many events it has."""
    path = folder / "audit.jsonl"
    content = lzma.decompress(CORPUS.read_bytes())
    path.write_bytes(content * TIMES)
    return path, content.count(b"\n") * TIMES


@contextmanager
def running(part: Part) -> Iterator[Part]:
    try:
        yield part
    finally:
        part.stop()


def sink(folder: Path, how: str) -> Part:
    port = free_port()
    return Part([sys.executable, "-c", SINK, str(port), how, str(folder / "total")], folder, port)


def nginx(folder: Path, answer: str) -> Part:
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, answer=answer))
    return Part(["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log")], folder, port)


def ship(folder: Path, log: Path, **options: Any) -> Cost:
    """Seconds, CPU seconds and resident megabytes of one `ship --once`."""
    shutil.rmtree(folder / "state", ignore_errors=True)
    shipper = Ship(folder, log, **options)
    began = time.monotonic()
    with subprocess.Popen([*SHIP, "-c", str(shipper.config), "--once"], stderr=subprocess.DEVNULL) as process:
        resident = 0.0
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            resident = max(resident, highest_resident(process.pid))
            time.sleep(0.05)
        seconds, cpu = time.monotonic() - began, cpu_of(process.pid)
    assert process.returncode == 0
    return seconds, cpu, resident


def highest_resident(pid: int) -> float:
    """Megabytes that a process had resident at most; 0 when it has ended."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000 if "VmHWM:" in status else 0.0


def rsyslog(folder: Path, log: Path, count: int) -> Cost:
    """The same of rsyslog, until the sink has everything."""
    with running(sink(folder, "file")) as part:
        (folder / "rsyslog.conf").write_text(IMFILE.format(folder=folder, port=part.port, log=log))
        for state in folder.glob("imfile-state*"):
            state.unlink()
        command = ["rsyslogd", "-n", "-f", str(folder / "rsyslog.conf"), "-i", str(folder / "rsyslog.pid")]
        total = folder / "total"
        total.unlink(missing_ok=True)
        began = time.monotonic()
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
            wait_until(lambda: total.exists() and total.read_text() == str(count), 120)
            seconds, cpu = time.monotonic() - began, cpu_of(process.pid)
            resident = highest_resident(process.pid)
            process.terminate()
    return seconds, cpu, resident


class Ways:
    """How each kind is measured."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder, self.log = folder, log

    def sink(self, how: str, **options: Any) -> Measure:
        def measure() -> Cost:
            with running(sink(self.folder, how)) as part:
                return ship(self.folder, self.log, to=f"127.0.0.1:{part.port}", **options)

        return measure

    def nginx(self, answer: str, **options: Any) -> Measure:
        def measure() -> Cost:
            with running(nginx(self.folder, answer)) as part:
                return ship(self.folder, self.log, to=f"http://127.0.0.1:{part.port}", **options)

        return measure

    def rsyslog(self) -> Cost:
        from tests.ship.rsyslog import Rsyslog

        with running(Rsyslog(self.folder, "imrelp")) as part:
            return ship(self.folder, self.log, kind="relp", to=f"127.0.0.1:{part.port}")

    def redis(self, kind: str) -> Measure:
        from tests.ship.kinds.test_redis import Server

        def measure() -> Cost:
            with running(Server(self.folder, "--appendonly", "no")) as part:
                return ship(self.folder, self.log, kind="redis", to=f"127.0.0.1:{part.port}", redis={"type": kind})

        return measure

    def kafka(self) -> Cost:
        from tests.ship.mock_kafka import Cluster

        cluster = Cluster()
        cluster.create("host-sensor")
        try:
            addresses = cluster.addresses.split(",")
            return ship(self.folder, self.log, kind="kafka", to=addresses, kafka={"compression": "lz4"})
        finally:
            cluster.close()


def cases(folder: Path, log: Path, count: int) -> dict[str, Measure]:
    """Name and measurement of each row."""
    ways = Ways(folder, log)
    return {
        "rsyslog: imfile → omfwd": lambda: rsyslog(folder, log, count),
        "tcp, acknowledged by the kernel": ways.sink("file", kind="tcp", tcp={"settle": 0.1}),
        "tcp, acknowledged by count": ways.sink("count", kind="tcp", tcp={"acknowledge": "count"}),
        "syslog": ways.sink("file", kind="syslog", syslog={"settle": 0.1}),
        "relp to rsyslog": ways.rsyslog,
        "http, plain": ways.nginx("{}", kind="http", http={"compression": "none"}),
        "http, gzip": ways.nginx("{}", kind="http"),
        "http, zstd": ways.nginx("{}", kind="http", http={"compression": "zstd"}),
        "elasticsearch, gzip": ways.nginx('{"errors":false}', kind="elasticsearch"),
        "splunk, gzip": ways.nginx('{"text":"Success","code":0}', kind="splunk", splunk={"acknowledge": False}),
        "loki, gzip": ways.nginx("{}", kind="loki"),
        "clickhouse, gzip": ways.nginx("{}", kind="clickhouse"),
        "otlp, gzip": ways.nginx("{}", kind="otlp"),
        "redis stream": ways.redis("stream"),
        "redis list": ways.redis("list"),
        "kafka, lz4": ways.kafka,
    }


def main(rounds: int) -> None:
    """Print the table: of each row the best of so many rounds, for others use the machine, too."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        log, count = make_log(folder)
        print(f"{count:,} events, {log.stat().st_size / 1e6:.0f} MB, {os.cpu_count()} cores, best of {rounds}\n")
        print("| way | events a second | CPU µs an event | resident MB |\n| --- | ---: | ---: | ---: |")
        for name, measure in cases(folder, log, count).items():
            found = [measure() for _ in range(rounds)]
            seconds, cpu = min(row[0] for row in found), min(row[1] for row in found)
            print(f"| {name} | {count / seconds:,.0f} | {cpu / count * 1e6:.1f} | {found[0][2]:.0f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)

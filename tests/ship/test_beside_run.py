"""`run` beside a destination that is dead, slow, or comes and goes: it costs the sensor nothing, and no event."""

from __future__ import annotations

import json
import lzma
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from tests.ship.far_ends import Receiver, Ship, cpu_of, free_port, wait_until

CORPUS = Path(__file__).resolve().parents[1] / "data" / "corpora" / "session-mixed.raw.audit.xz"
CHUNK = 65536
CONFIG = """
user: null
directory: {folder}/log
auditlog: {{size: 1 MiB, generations: {generations}, keep_unshipped: {keep}}}
metrics: {{listen: "{listen}"}}
probe: {{use: false}}
oom_score_adj: 0
"""


class Sensor:
    """`host-sensor run` with a recorded session on its standard input."""

    def __init__(
        self, folder: Path, generations: int = 50, keep: str = "null", within: tuple[str, ...] = (), listen: str = ""
    ) -> None:
        self.folder = folder
        (folder / "config.yaml").write_text(
            CONFIG.format(folder=folder, generations=generations, keep=keep, listen=listen)
        )
        self.log = folder / "log" / "audit.jsonl"
        command = [*within, sys.executable, "-m", "sensor", "run", "-c", str(folder / "config.yaml")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.longest = 0.0

    def feed(self, data: bytes) -> None:
        """Write, and remember for how long the longest write was held up."""
        assert self.process.stdin is not None
        for start in range(0, len(data), CHUNK):
            began = time.monotonic()
            self.process.stdin.write(data[start : start + CHUNK])
            self.process.stdin.flush()
            self.longest = max(self.longest, time.monotonic() - began)

    def end(self) -> tuple[float, float]:
        """End the input; returns CPU seconds and the highest resident megabytes."""
        assert self.process.stdin is not None
        wait_until(self.is_idle, 60)
        cpu = cpu_of(self.process.pid)
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        self.process.stdin.close()
        self.process.wait(30)
        return cpu, int(status.partition("VmHWM:")[2].split()[0]) / 1000

    def is_idle(self) -> bool:
        """Whether it has used no processor time for a while."""
        before = cpu_of(self.process.pid)
        time.sleep(0.5)
        return cpu_of(self.process.pid) - before < 0.03

    def count(self) -> int:
        """Events in all generations."""
        return sum(path.read_bytes().count(b"\n") for path in self.log.parent.glob("audit.jsonl*"))


def later(data: bytes, times: int) -> bytes:
    """The same session, ten thousand seconds later each time: no event has the id of another."""
    return data.replace(b"audit(1795", b"audit(%d" % (1795 + times))


def flap(receiver: Receiver, stop: threading.Event) -> None:
    while not stop.wait(0.3):
        receiver.stop()
        if not stop.wait(0.3):
            receiver.start()


@pytest.mark.slow
def test_the_sensor_costs_what_it_costs_alone(tmp_path: Path) -> None:
    data = lzma.decompress(CORPUS.read_bytes())
    found: dict[str, tuple[float, float, float, int]] = {}
    for name in ("alone", "dead", "slow", "flapping", "alone again"):
        folder = tmp_path / name.replace(" ", "-")
        folder.mkdir()
        sensor = Sensor(folder)
        receiver, stop = Receiver(), threading.Event()
        port = free_port() if name == "dead" else receiver.port
        rate = {"rate": "100 KiB"} if name == "slow" else {}
        worker = threading.Thread(target=flap, args=(receiver, stop))
        with Ship(folder, sensor.log, kind="tcp", to=f"127.0.0.1:{port}", tcp={"settle": 0}, **rate) as ship:
            if not name.startswith("alone"):
                ship.start()
            if name == "flapping":
                worker.start()
            for number in range(3):
                sensor.feed(later(data, number))
            cpu, resident = sensor.end()
            found[name] = (cpu, resident, sensor.longest, sensor.count())
            stop.set()
            if worker.ident is not None:
                worker.join()
        receiver.stop()
    for name, (cpu, resident, longest, count) in found.items():
        print(f"{name}: {cpu:.2f} s of CPU, {resident:.1f} MB, longest wait {longest * 1000:.0f} ms, {count:,} events")
    alone = [found["alone"], found["alone again"]]
    for name in ("dead", "slow", "flapping"):
        assert found[name][0] <= 1.3 * max(row[0] for row in alone)
        assert found[name][1] <= 1.1 * max(row[1] for row in alone)
        assert found[name][2] <= 2 * max(row[2] for row in alone) + 0.25
        assert found[name][3] == alone[0][3]


@pytest.mark.root
def test_what_is_not_shipped_is_kept_until_it_is(tmp_path: Path) -> None:
    """In a mount namespace, so that the cursors' folder is the test's own."""
    os.makedirs("/var/lib/host-sensor-ship", exist_ok=True)
    states = tmp_path / "states"
    states.mkdir()
    within = ("unshare", "--mount", "sh", "-c", f'mount --bind {states} /var/lib/host-sensor-ship && exec "$@"', "sh")
    data = lzma.decompress(CORPUS.read_bytes())
    receiver = Receiver()
    sensor = Sensor(tmp_path, generations=1, keep="20 %", within=within)
    options = {"state": str(states / "far"), "tcp": {"settle": 0}, "batch": {"wait": 0}}
    with Ship(tmp_path, sensor.log, kind="tcp", to=f"127.0.0.1:{receiver.port}", **options) as ship:
        ship.start()
        sensor.feed(data[: len(data) // 20])
        wait_until(lambda: receiver.lines)  # from now on there is a cursor, for which files are kept
        sensor.feed(data[len(data) // 20 : len(data) // 3])
        wait_until(lambda: len(set(receiver.lines)) == sensor.count() + lost(receiver, sensor) > 1000, 60)
        receiver.stop()
        sensor.feed(data[len(data) // 3 :])
        wait_until(sensor.is_idle, 60)
        kept = len(list(sensor.log.parent.glob("audit.jsonl.*")))
        receiver.start()
        wait_until(lambda: len(set(receiver.lines)) == sensor.count() + lost(receiver, sensor), 60)
        sensor.feed(later(data[: len(data) // 5], 1))  # enough for a rotation
        wait_until(sensor.is_idle, 60)
        ship.kill(signal.SIGTERM)
    left = len(list(sensor.log.parent.glob("audit.jsonl.*")))
    sensor.end()
    reports = [line for line in receiver.lines if b'"GAP"' in line]
    arrived = len(set(receiver.lines))
    print(f"kept {kept} files where 1 is configured, then {left}; {arrived:,} events arrived, {len(reports)} gaps")
    assert kept > 4 > 2 >= left
    assert reports == []


def lost(receiver: Receiver, sensor: Sensor) -> int:
    """Events that arrived and are in no file any more: shipped, and then removed."""
    there = {line for path in sensor.log.parent.glob("audit.jsonl*") for line in path.read_bytes().split(b"\n")}
    return len(set(receiver.lines) - there)


def unshipped(port: int) -> dict[str, float]:
    """What was removed before it was shipped, as the metrics show it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        found = re.findall(r"(?m)^host_sensor_output_unshipped_(files|bytes)_total (.*)$", answer.read().decode())
    return {name: float(value) for name, value in found}


@pytest.mark.root
def test_what_retention_takes_is_counted_and_reported_where_it_is_missing(tmp_path: Path) -> None:
    os.makedirs("/var/lib/host-sensor-ship", exist_ok=True)
    states = tmp_path / "states"
    states.mkdir()
    within = ("unshare", "--mount", "sh", "-c", f'mount --bind {states} /var/lib/host-sensor-ship && exec "$@"', "sh")
    data = lzma.decompress(CORPUS.read_bytes())
    receiver = Receiver()
    metrics = free_port()
    sensor = Sensor(tmp_path, 1, "0 %", within, f"127.0.0.1:{metrics}")
    options = {"state": str(states / "far"), "tcp": {"settle": 0}, "batch": {"wait": 0}}
    with Ship(tmp_path, sensor.log, kind="tcp", to=f"127.0.0.1:{receiver.port}", **options) as ship:
        ship.start()
        sensor.feed(data[: len(data) // 3])
        wait_until(lambda: receiver.lines and len(set(receiver.lines)) == sensor.count() + lost(receiver, sensor))
        wait_until(lambda: any((states / "far/cursor").read_bytes()))  # what was shipped before counts as nobody's
        receiver.stop()
        sensor.feed(data[len(data) // 3 :])
        wait_until(sensor.is_idle, 60)
        wait_until(lambda: unshipped(metrics)["files"] >= 3, 30)
        counted = unshipped(metrics)
        receiver.start()
        newest = sensor.log.read_bytes().splitlines()[-1]
        wait_until(lambda: newest in receiver.lines, 60)
    sensor.end()
    gaps = [json.loads(line)["SHIP"] for line in receiver.lines if b'"GAP"' in line]
    print(f"removed before they were shipped: {counted}; reported: {gaps}")
    assert counted["files"] >= 3
    assert counted["bytes"] > 2 << 20
    assert {gap["GAP"] for gap in gaps} == {"removed"}
    assert gaps[0]["AFTER"] is not None

"""The program: killed at any moment, stopped in time, as which user, with what it shows."""

from __future__ import annotations

import json
import os
import pwd
import random
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from tests.ship.far_ends import Receiver, Ship, account, free_port, numbers_in, wait_until
from tests.ship.logs import Log


@pytest.mark.slow
def test_killed_100_times_at_random_while_the_log_grows_and_is_rotated(tmp_path: Path) -> None:
    """Repeats are within what was not acknowledged: no line comes again that lies behind the saved cursor."""
    chance = random.Random(14)
    log = Log(tmp_path)
    receiver = Receiver(counts=True)
    options = {"tcp": {"acknowledge": "count"}, "rate": "200 KiB", "batch": {"events": 200, "wait": 0.02}}
    kills = saved = behind = 0
    with Ship(tmp_path, log.path, kind="tcp", to=f"127.0.0.1:{receiver.port}", **options) as ship:
        while kills < 100:
            log.write(300)
            if kills % 2:
                log.rotate()
            ship.start()
            before = len(receiver.lines)
            if kills % 4 == 0:
                wait_until(lambda mark=before: len(receiver.lines) > mark)
            time.sleep(chance.random() * 0.35)
            ship.kill()
            kills += 1
            time.sleep(0.01)
            came = numbers_in(receiver.lines[before:])
            behind += sum(number < saved for number in came)
            saved = _saved(ship)
        ship.start()
        wait_until(lambda: len(set(receiver.lines)) >= len(log.numbers), 120)
        assert ship.kill(signal.SIGTERM) == 0
    found = account(numbers_in(receiver.lines), len(log.numbers))
    print(f"kill -9 a hundred times: {found}, {behind} behind the cursor")
    assert (found["missing"], found["out of order"], behind) == (0, 0, 0)


@pytest.mark.parametrize("again", [False, True], ids=["one process", "killed meanwhile"])
def test_files_removed_while_the_far_end_has_never_answered_are_reported_to_it(again: bool, tmp_path: Path) -> None:
    log = Log(tmp_path)
    for _ in range(3):
        log.write(100)
        log.rotate()
    log.write(100)
    port = free_port()
    with Ship(tmp_path, log.path, kind="tcp", to=f"127.0.0.1:{port}", tcp={"settle": 0.1}) as ship:
        ship.start()
        wait_until(lambda: "refused" in ship.journal)
        if again:
            ship.kill()
        for number in (3, 2):
            log.path.with_name(f"audit.jsonl.{number}").unlink()
        receiver = Receiver(port)
        if again:
            ship.start()
        wait_until(lambda: log.line(399) in receiver.lines)
        ship.kill(signal.SIGTERM)
    reports = [json.loads(line)["SHIP"] for line in receiver.lines if b'"GAP"' in line]
    numbers = [json.loads(line)["ID"] for line in receiver.lines]
    assert [(report["GAP"]) for report in reports] == ["removed"]
    first = 200 if again else 0  # a process that lives has the oldest open
    assert numbers.index(None) == (0 if again else 100)
    assert json.loads(receiver.lines[0])["ID"] == (None if again else f"1700000000.{first:03}:{first}")


def _saved(ship: Ship) -> int:
    from sensor import slots

    try:
        value = slots.read(str(ship.state / "cursor"))
    except FileNotFoundError:
        return 0
    return value["number"] if value else 0


@pytest.mark.slow
def test_50_rotations_while_the_network_is_down(tmp_path: Path) -> None:
    log = Log(tmp_path)
    port = free_port()
    with Ship(tmp_path, log.path, kind="tcp", to=f"127.0.0.1:{port}", tcp={"settle": 0.1}) as ship:
        ship.start()
        for number in range(50):
            log.write(200)
            log.rotate()
            if number % 3 == 2:
                log.pack(2)
            time.sleep(0.02)
        log.write(1)
        wait_until(lambda: "refused" in ship.journal)
        receiver = Receiver(port)
        wait_until(lambda: len(set(receiver.lines)) == 10_001)
        ship.kill(signal.SIGTERM)
    found = account(numbers_in(receiver.lines), 10_001)
    print(f"50 rotations: {found}")
    assert (found["missing"], found["out of order"], found["repeated"]) == (0, 0, 0)


@pytest.mark.root
def test_it_becomes_the_user_and_keeps_no_capability(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o011)
        if folder == Path("/tmp"):
            break
    log = Log(tmp_path)
    log.write(10)
    log.path.chmod(0o644)
    receiver = Receiver()
    options = {"user": "nobody", "tcp": {"settle": 0}}
    with Ship(tmp_path, log.path, kind="tcp", to=f"127.0.0.1:{receiver.port}", **options) as ship:
        process = ship.start()
        wait_until(lambda: len(receiver.lines) == 10)
        status = dict(
            line.split(":\t", 1)
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
            if ":\t" in line
        )
        nobody = pwd.getpwnam("nobody")
        assert status["Uid"].split() == [str(nobody.pw_uid)] * 4
        assert status["CapPrm"] == status["CapEff"] == status["CapBnd"] == "0000000000000000"
        assert status["NoNewPrivs"] == "1"
        assert (ship.state / "cursor").stat().st_uid == nobody.pw_uid


def test_a_user_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    ship = Ship(tmp_path, tmp_path / "log", kind="stdout", user="nobody-of-that-name")
    done = ship.run("--once")
    assert (done.returncode, "there is no user nobody-of-that-name" in done.stderr) == (1, True)


def test_sigterm_ends_it_soon_even_when_the_far_end_is_silent(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.size = 2000
    log.write(20_000)
    receiver = Receiver(counts=True)
    receiver.pause()
    options = {"tcp": {"acknowledge": "count"}}
    with Ship(tmp_path, log.path, kind="tcp", to=f"127.0.0.1:{receiver.port}", **options) as ship:
        ship.start()
        wait_until(lambda: receiver.connections)
        time.sleep(0.3)
        began = time.monotonic()
        assert ship.kill(signal.SIGTERM) == 0
        assert time.monotonic() - began < 8


def test_metrics_are_served(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(10)
    receiver = Receiver()
    port = free_port()
    options = {"tcp": {"settle": 0}, "metrics": {"listen": f"127.0.0.1:{port}"}}
    with Ship(tmp_path, log.path, kind="tcp", to=f"127.0.0.1:{receiver.port}", **options) as ship:
        ship.start()
        wait_until(lambda: len(receiver.lines) == 10)

        def metrics() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                return answer.read().decode()

        wait_until(lambda: 'host_sensor_ship_acknowledged_events_total{destination="far"} 10.0' in metrics())
        assert 'host_sensor_ship_connected{destination="far"} 1.0' in metrics()

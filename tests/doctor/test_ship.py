"""Destinations: with mistakes, not running, behind, refusing, left behind, and well."""

from __future__ import annotations

import fcntl
import json
import sys
import time
from pathlib import Path

import pytest

from sensor.doctor.ship import check_ship
from sensor.ship.batch import Position
from sensor.ship.cursor import Cursor
from sensor.ship.generations import generations
from tests.doctor.examined import ExaminedHost, levels

LOG = "/var/log/host-sensor/audit.jsonl"
STATE = "/var/lib/host-sensor-ship/central"


@pytest.fixture
def cursor(host: ExaminedHost):
    """A cursor that a process has, at the beginning of the log."""
    host.write("/etc/host-sensor/ship/central.yaml", "kind: tcp\nto: logs.example:1\n")
    Path(host.path("/etc/host-sensor/ship/central.yaml")).chmod(0o644)
    host.write(LOG, f'{{"ID":"{time.time() - 5:.3f}:1"}}\n')
    host.write(f"{STATE}/status.json", json.dumps({"connected": 1}))
    made = Cursor(host.path(f"{STATE}/cursor"), host.path(LOG), "host")
    (generation,) = generations(host.path(LOG))
    made.move(Position(generation.identity, 0), generation.inode)
    yield made
    made.close()


def test_nothing_is_reported_where_nothing_is_configured(host: ExaminedHost) -> None:
    assert list(check_ship(host)) == []


def test_one_that_is_well(host: ExaminedHost, cursor: Cursor) -> None:
    assert levels(check_ship(host)) == {"ship.delivery": "ok"}


def test_one_that_is_behind(host: ExaminedHost, cursor: Cursor) -> None:
    host.write(LOG, f'{{"ID":"{time.time() - 5000:.3f}:1"}}\n')
    host.write(f"{STATE}/status.json", json.dumps({"error": "refused"}))
    (finding,) = check_ship(host)
    assert (finding.level, finding.name) == ("warning", "ship.behind")
    assert finding.text.startswith("central lacks events from up to 1 h 23 min ago: refused")


def test_one_that_refuses(host: ExaminedHost, cursor: Cursor) -> None:
    host.write(f"{STATE}/status.json", json.dumps({"connected": 1, "refused": 3}))
    (finding,) = check_ship(host)
    assert (finding.name, finding.text) == ("ship.refused", "central refused 3 events for good")
    assert finding.advice.endswith("/var/lib/host-sensor-ship/central/dead-letters.jsonl")


def test_one_that_does_not_run(host: ExaminedHost, cursor: Cursor) -> None:
    fcntl.flock(cursor.lock, fcntl.LOCK_UN)
    (finding,) = check_ship(host)
    assert (finding.name, finding.advice) == ("ship.running", "systemctl enable --now host-sensor-ship@central")


def test_mistakes_are_a_failure(host: ExaminedHost, cursor: Cursor) -> None:
    host.write("/etc/host-sensor/ship/central.yaml", "kind: tpc\n")
    assert levels(check_ship(host)) == {"ship.configuration": "failure"}


def test_what_is_left_of_a_destination_keeps_files(host: ExaminedHost, cursor: Cursor) -> None:
    Path(host.path("/etc/host-sensor/ship/central.yaml")).unlink()
    (finding,) = check_ship(host)
    assert (finding.name, finding.advice) == (
        "ship.left_behind",
        "systemctl clean --what=state host-sensor-ship@central",
    )


def test_what_it_lacks_to_work_is_a_failure(
    host: ExaminedHost, cursor: Cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)  # as import does for what is not there
    host.write("/etc/host-sensor/ship/central.yaml", "kind: redis\nto: logs.example:6379\n")
    (finding,) = check_ship(host)
    assert (finding.level, finding.name) == ("failure", "ship.configuration")
    assert finding.text.startswith("central: kind redis: python3-redis is not installed")

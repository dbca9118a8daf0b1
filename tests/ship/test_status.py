"""What --status prints."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sensor.jsonl import loads
from sensor.ship.options import Destination
from sensor.ship.status import ago, names, status
from sensor.slots import Slots
from tests.ship.far_ends import Receiver, Ship, wait_until
from tests.ship.logs import Log


@pytest.mark.parametrize(
    ("seconds", "output"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (7380, "2 h 3 min"), (90000, "1 d 1 h"), (-5, "0 s")],
)
def test_a_time_since(seconds: float, output: str) -> None:
    assert ago(time.time() - seconds - 0.01) == output


def test_a_destination_that_never_ran(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(25)
    lines, well = status("far", Destination(kind="tcp", to=("a:1",), log=str(log.path), state=str(tmp_path)))
    text = "\n".join(lines)
    assert not well
    assert lines[0] == "far: tcp to a:1, NOT RUNNING"
    assert "acknowledged  0 events, up to none" in text
    assert "behind        25 events, 0.0 MB in 1 file, the oldest from " in text
    assert "cursor        none yet" in text


def test_a_damaged_cursor_is_reported(tmp_path: Path) -> None:
    (tmp_path / "cursor").write_bytes(b"garbage")
    lines, well = status("far", Destination(kind="stdout", log=str(tmp_path / "log"), state=str(tmp_path)))
    assert not well
    assert any("is damaged" in line for line in lines)


@pytest.mark.parametrize("name", ["cursor", "status.json"])
def test_no_fifo_is_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    lines, well = status("far", Destination(kind="stdout", log=str(tmp_path / "log"), state=str(tmp_path)))
    assert (len(lines), well) == (4, False)


@pytest.mark.parametrize(
    "seen",
    [
        '{"error":"refused","error_at":"yesterday","refused":"many"}',
        '{"error":["x"],"error_at":1e999}',
        '{"refused":null,"missed_files":[],"address":{}}',
        "[" * 100_000,
        "[]",
    ],
)
@pytest.mark.parametrize("cursor", ['{"file":1,"offset":"x","number":[]}', '{"number":"x","file":"y"}'])
def test_state_of_another_shape_is_left_out(seen: str, cursor: str, tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text(seen)
    slots = Slots(str(tmp_path / "cursor"))
    slots.write(loads(cursor))
    slots.close()
    lines, well = status("far", Destination(kind="stdout", log=str(tmp_path / "log"), state=str(tmp_path)))
    assert (lines[0], well) == ("far: stdout to -, NOT RUNNING", False)


def test_one_that_runs_is_well_until_its_far_end_dies(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(100)
    receiver = Receiver()
    options = {"tcp": {"settle": 0}, "batch": {"wait": 0}}
    with Ship(tmp_path, log.path, kind="tcp", to=f"127.0.0.1:{receiver.port}", **options) as ship:
        ship.start()
        wait_until(lambda: ship.run("--status").returncode == 0)
        shown = ship.run("--status").stdout
        assert f"far: tcp to 127.0.0.1:{receiver.port}, running, connected\n" in shown
        assert "acknowledged  100 events, up to 1700000000.099:99\n" in shown
        assert "behind        nothing\n" in shown
        receiver.stop()
        log.write(1)
        wait_until(lambda: "last failure" in (output := ship.run("--status")).stdout and output.returncode == 1)
        shown = ship.run("--status").stdout
        assert "running, not connected" in shown
        assert "behind        1 events" in shown


def test_all_that_are_configured_are_named(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml", ".hidden.yaml", "readme"):
        (tmp_path / name).touch()
    assert [name for name, _ in names(str(tmp_path))] == ["a", "b"]
    assert list(names(str(tmp_path / "nowhere"))) == []

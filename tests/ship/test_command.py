"""What `host-sensor ship` can be asked to do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.ship.far_ends import SHIP, Ship
from tests.ship.logs import Log, numbers_of


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SHIP, *arguments], capture_output=True, text=True, timeout=60)


def test_everything_there_is_goes_to_standard_output_once(tmp_path: Path) -> None:
    log = Log(tmp_path)
    for _ in range(3):
        log.write(1000)
        log.rotate()
    log.write(1)
    ship = Ship(tmp_path, log.path, kind="stdout")
    assert numbers_of(ship.run("--once").stdout.encode().splitlines()) == log.numbers
    assert ship.run("--once").stdout == ""
    log.write(2)
    assert numbers_of(ship.run("--once").stdout.encode().splitlines()) == log.numbers[-2:]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 1, "which destination"),
        (["../x"], 1, "expected a name"),
        (["nowhere"], 1, "/etc/host-sensor/ship/nowhere.yaml: No such file"),
        (["-c", "/nowhere.yaml", "--check"], 1, "/nowhere.yaml: No such file"),
        (["--status", "--check"], 2, "not allowed with"),
    ],
)
def test_what_makes_no_sense_is_said(arguments: list[str], code: int, said: str) -> None:
    done = run(*arguments)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_every_mistake_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "far.yaml"
    path.write_text("kind: tcp\nto: x\nbatsch: {}\n")
    for how in ("--check", "--once"):
        done = run("-c", str(path), how)
        assert done.returncode == 1
        assert "far.yaml:2: to:" in done.stderr
        assert 'far.yaml:3: batsch: no such key; did you mean "batch"?' in done.stderr
    assert "far.yaml:3" in run("-c", str(path), "--status").stdout


def test_options_are_printed() -> None:
    shown = run("--options")
    assert shown.returncode == 0
    for word in ("#kind:", "elasticsearch:", "#settle: 1.0", "#in_a_row: 100", "#listen: "):
        assert word in shown.stdout

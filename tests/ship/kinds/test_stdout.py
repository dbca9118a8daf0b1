"""Standard output: all of it, and a reader that is gone."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.ship.far_ends import SHIP, Ship
from tests.ship.logs import Log, numbers_of


def test_a_reader_that_ends_early_costs_nothing(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.size = 1000
    log.write(3000)
    ship = Ship(tmp_path, log.path, kind="stdout", retry={"first": 60, "longest": 60})
    command = [*SHIP, "-c", str(ship.config), "--once"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        while b"Broken pipe" not in process.stderr.readline():
            pass
        process.kill()
    assert numbers_of([first]) == [0]
    again = numbers_of(ship.run("--once").stdout.encode().splitlines())
    assert again == list(range(again[0], 3000))

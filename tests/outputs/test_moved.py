"""What another program does to the log is logged: such a program may be wrong, or an attacker."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sensor.outputs import Options
from sensor.outputs.file import LOOK_PERIOD, FileOutput
from sensor.stats import OutputStats
from tests.support.clocks import Clock


def _move(path: Path) -> None:
    path.rename(path.with_suffix(".old"))


def _replace(path: Path) -> None:
    _move(path)
    path.touch()


def _replace_and_remove(path: Path) -> None:
    path.unlink()
    path.touch()


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (_move, "another program has moved it; going on in a new file"),
        (_replace, "another program has moved it; going on in a new file"),
        (os.unlink, "another program has removed it; going on in a new file"),
        (_replace_and_remove, "another program has removed it; going on in a new file"),
        (lambda path: os.truncate(path, 0), "another program has cut it from 4 to 0 bytes"),
        (lambda path: os.truncate(path, 2), "another program has cut it from 4 to 2 bytes"),
        (lambda path: path.write_text("1\n2\n3\n"), None),
        (lambda path: None, None),
        (lambda path: path.chmod(0o600), None),
    ],
    ids=["moved", "replaced", "removed", "removed and made", "emptied", "cut", "added to", "left alone", "mode"],
)
def test_what_others_do_to_it(what: Callable[[Path], object], expected: str | None, tmp_path: Path) -> None:
    path, clock = tmp_path / "log", Clock()
    messages: list[str] = []
    output = FileOutput(str(path), Options(), OutputStats(), messages.append, clock)
    output.write(["1", "2"])
    what(path)
    clock.now += LOOK_PERIOD
    output.flush()
    output.write(["9"])
    output.close()
    assert messages == ([f"{path}: {expected}"] if expected else [])
    assert path.read_text().endswith("9\n")


@pytest.mark.parametrize("options", [{"size": 4}, {"size": 4, "generations": 0}, {"age": 60.0}])
def test_its_own_rotation_is_none(options: dict[str, float], tmp_path: Path) -> None:
    clock = Clock()
    messages: list[str] = []
    output = FileOutput(str(tmp_path / "log"), Options(**options), OutputStats(), messages.append, clock)
    for number in range(5):
        output.write([str(number)] * 2)
        clock.now += 61
        output.flush()
    output.close()
    assert messages == []


def test_nor_is_a_file_that_is_opened_again_as_asked(tmp_path: Path) -> None:
    path, clock = tmp_path / "log", Clock()
    messages: list[str] = []
    output = FileOutput(str(path), Options(), OutputStats(), messages.append, clock)
    output.write(["1"])
    _move(path)
    output.reopen()
    clock.now += LOOK_PERIOD
    output.flush()
    output.close()
    assert messages == []

"""CONTRIBUTING's table "to add X, write Y": every place exists, and two rows are followed word by word, in a copy."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TABLE = re.findall(
    r"^\| (an? .*?) \| (.*?) \| (.*?) \|$", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE
)
ROWS = {row[0].partition(" (")[0]: row[1:] for row in TABLE}


def code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_what_newcomers_ask_for_is_there() -> None:
    asked = ("an enrichment", "a filter", "a record type", "an option", "a metric", "an input", "an output form")
    assert [thing for thing in asked if thing not in ROWS] == []


@pytest.mark.parametrize("thing", ROWS)
def test_every_place_exists(thing: str) -> None:
    paths = [word for cell in ROWS[thing] for word in code(cell) if "/" in word]
    folders = [Path(path).parent if "NAME" in path else Path(path) for path in paths]
    assert [str(path) for path in folders if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("thing", ROWS)
def test_every_name_stands_where_the_row_shows(thing: str) -> None:
    """`NAMES` of `sensor/tables/record_types.py`, `make_input` of …"""
    pairs = re.findall(r"`(\w+)(?:\(\))?` (?:of|in) `([^`]+/[^`]+)`", " ".join(ROWS[thing]))
    assert [name for name, file in pairs if name not in (ROOT / file).read_text(encoding="utf-8")] == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository as it is now, for a change."""
    for name in ("sensor", "packaging", "grafana", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "data")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    return tmp_path


def run(folder: Path, *arguments: str, input: str = "") -> str:
    command = [sys.executable, "-B", *arguments]
    done = subprocess.run(command, cwd=folder, input=input, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_option_is_added_by_its_row(copy: Path) -> None:
    """A field made with option() in the options' class of a part; nothing else."""
    assert "`option()`" in ROWS["an option"][0]
    file = copy / "sensor/audit/options.py"
    text = file.read_text(encoding="utf-8")
    added = '    patience: float = option(7.0, "How patient it is.", minimum=1, unit="seconds")\n'
    file.write_text(re.sub(r'(class CoalesceOptions:\n    """.*?"""\n\n)', rf"\1{added}", text, flags=re.DOTALL))
    assert "#patience: 7.0" in run(copy, "-m", "sensor", "options")
    config = copy / "config.yaml"
    config.write_text("coalesce: {patience: 0.5}\n")
    checked = subprocess.run(
        [sys.executable, "-B", "-m", "sensor", "check", config], cwd=copy, capture_output=True, text=True
    )
    assert checked.stdout == f'{config}:1: coalesce.patience: expected at least 1, found "0.5"\n'
    run(copy, "packaging/man/generate.py", str(copy / "man"))
    assert "How patient it is. Seconds, at least 1." in (copy / "man/man5/host-sensor.yaml.5").read_text()


def test_a_record_type_is_added_by_its_row(copy: Path) -> None:
    """Its number and name in NAMES; another shape than a list in sensor/audit/types.py."""
    assert code(ROWS["a record type"][0]) == ["NAMES", "sensor/tables/record_types.py"]
    record = "type=UNKNOWN[1499] msg=audit(1700000000.001:7): a=1 b=2\n"
    assert '"UNKNOWN[1499]":[{' in run(copy, "-m", "sensor", "convert", input=record)
    file = copy / "sensor/tables/record_types.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("NAMES: dict[int, str] = {\n", 'NAMES: dict[int, str] = {\n    1499: "NOVELTY",\n', 1))
    assert '"NOVELTY":[{' in run(copy, "-m", "sensor", "convert", input=record)

"""Golden twins: for each `NAME.audit` below tests/data, `host-sensor convert` prints what `NAME.jsonl` holds.

Both may end in `.xz`. `NAME.yaml`, where there is one, is the configuration. With `--rewrite-golden` the expected
halves are written anew, to be read before they are committed.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from sensor.cli import main

DATA = Path(__file__).parent / "data"
INPUTS = sorted([*DATA.rglob("*.audit"), *DATA.rglob("*.audit.xz")])
FOLDERS = {"choices": 1, "corpora": 4, "demo": 1, "ecs": 2, "field": 14, "laurel-special-cases": 83, "origin": 2}


def stem(path: Path) -> str:
    return path.name[: path.name.index(".audit")]


def expected(path: Path) -> Path:
    return path.with_name(path.name.replace(".audit", ".jsonl"))


def content(path: Path) -> bytes:
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()


def rewrite(path: Path, data: bytes) -> None:
    if not path.exists() or content(path) != data:
        path.write_bytes(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME) if path.suffix == ".xz" else data)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key occurs twice in {keys}"
    return dict(pairs)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def test_every_folder_has_its_cases() -> None:
    found = {folder: sum(path.parent.name == folder for path in INPUTS) for folder in FOLDERS}
    assert found == FOLDERS


def test_every_case_has_both_halves(rewrite_golden: bool) -> None:
    if not rewrite_golden:
        assert [path.name for path in INPUTS if not expected(path).exists()] == []
    twins = {expected(path) for path in INPUTS}
    assert [path.name for path in [*DATA.rglob("*.jsonl"), *DATA.rglob("*.jsonl.xz")] if path not in twins] == []


@pytest.mark.parametrize("path", INPUTS, ids=stem)
def test_convert_prints_the_golden_half(
    path: Path, rewrite_golden: bool, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    feed = tmp_path / "feed"
    feed.write_bytes(content(path))
    config = path.with_name(f"{stem(path)}.yaml")
    options = ["--config", str(config)] if config.exists() else []

    status = main(["convert", *options, str(feed)])

    lines = capfdbinary.readouterr().out
    assert status == all(b'"PARSE_ERROR":' in line for line in lines.splitlines())
    if rewrite_golden:
        rewrite(expected(path), lines)
    got, wanted = lines.splitlines(), content(expected(path)).splitlines()
    differing = [pair for pair in zip(got, wanted) if pair[0] != pair[1]]
    assert differing[:3] == []  # a few lines, not two megabytes
    assert len(got) == len(wanted)
    for line in got:
        json.loads(line, object_pairs_hook=unique, parse_constant=refuse)

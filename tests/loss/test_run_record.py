"""The record of a run: what was written is read, nothing else is, and none while its sensor lives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.loss.run_record import Run, RunRecord
from sensor.tables.losses import ROWS

NUMBER = st.integers(0, 2**63)
RUNS = st.builds(
    Run,
    boot_id=st.binary(min_size=16, max_size=16),
    begun=st.floats(0, 1e10),
    serial=st.none() | st.integers(0, 2**32 - 1),
    holes=NUMBER,
    unwritten=NUMBER,
    unreported=st.tuples(*[NUMBER] * len(ROWS)),
    ended=st.booleans(),
)
RUN = Run(bytes(16), 1000.0, 7, 1, 2, (0,) * len(ROWS), False)


def written(path: Path, *runs: Run) -> None:
    record = RunRecord(str(path))
    for run in runs:
        record.write(run)
    record.close()


def read(path: Path) -> Run | None:
    record = RunRecord(str(path))
    record.close()
    return record.before


@given(st.lists(RUNS, min_size=1, max_size=3))
def test_the_last_one_is_read(tmp_path_factory: pytest.TempPathFactory, runs: list[Run]) -> None:
    path = tmp_path_factory.mktemp("run") / "record"
    written(path, *runs)
    assert read(path) == runs[-1]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", ["missing", "empty", "short", "byte", "longer", "text"])
def test_a_damaged_record_is_of_no_run(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "record"
    written(path, RUN)
    content = path.read_bytes()
    changed = {
        "missing": None,
        "empty": b"",
        "short": content[:-1],
        "byte": content[:40] + bytes([content[40] ^ 1]) + content[41:],
        "longer": content + b"\0",
        "text": b"x" * len(content),
    }[damage]
    path.unlink() if changed is None else path.write_bytes(changed)
    assert read(path) == (RUN if damage == "longer" else None)
    written(path, RUN)
    assert read(path) == RUN


def test_a_record_that_is_held_is_not_read(tmp_path: Path) -> None:
    record = RunRecord(str(tmp_path / "record"))
    with pytest.raises(BlockingIOError):
        RunRecord(str(tmp_path / "record"))
    record.close()
    assert read(tmp_path / "record") is None


@pytest.mark.parametrize("kind", ["link", "fifo", "directory"])
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    path, target = tmp_path / "record", tmp_path / "target"
    if kind == "link":
        path.symlink_to(target)
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(OSError, match=r"record|symbolic|directory"):
        RunRecord(str(path))
    assert not target.exists()

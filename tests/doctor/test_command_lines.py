"""Command lines are read whole, and no process keeps the doctor waiting."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sensor.doctor.command_lines import CommandLineReader


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"/usr/bin/python3\0-I\0run\0", ("/usr/bin/python3", "-I", "run")),
        (b"a\0\0b\0", ("a", "", "b")),
        (b"nginx: worker", ("nginx: worker",)),
        (b"\xff\0", ("\udcff",)),
        (b"", ()),  # of the kernel's own
    ],
)
def test_its_words(content: bytes, expected: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "42").mkdir()
    (tmp_path / "42" / "cmdline").write_bytes(content)
    assert CommandLineReader(str(tmp_path)).of(42) == expected


def test_of_this_process_and_of_none() -> None:
    lines = CommandLineReader("/proc")
    assert lines.of(os.getpid())[0] == Path("/proc/self/cmdline").read_text().split("\0")[0]
    assert lines.of(4194304) == ()


def test_many_that_keep_theirs_are_waited_for_once(tmp_path: Path) -> None:
    """FIFOs without a writer stand for them."""
    for pid in range(1, 30):
        (tmp_path / str(pid)).mkdir()
        os.mkfifo(tmp_path / str(pid) / "cmdline")
    lines = CommandLineReader(str(tmp_path), longest=0.2)
    start = time.monotonic()
    assert [lines.of(pid) for pid in range(1, 30)] == [()] * 29
    assert time.monotonic() - start < 5

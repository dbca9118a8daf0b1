"""A log that can only grow: what a killed sensor left of a line is ended, and continued by no other line."""

from __future__ import annotations

import fcntl
import os

import pytest

from sensor.outputs import Options
from sensor.outputs.file import FileOutput
from sensor.stats import OutputStats

_ADD_SEALS, _SEAL_SHRINK = 1033, 2  # F_ADD_SEALS and F_SEAL_SHRINK of linux/fcntl.h


@pytest.mark.parametrize(
    ("found", "then"),
    [(b'1\n{"half', b'1\n{"half\n2\n'), (b"half", b"half\n2\n"), (b"1\n", b"1\n2\n"), (b"", b"2\n")],
)
def test_in_a_file_that_can_only_grow_half_a_line_stands_alone(found: bytes, then: bytes) -> None:
    """As chattr +a makes one, which not every file system has: here memory that is sealed."""
    fd = os.memfd_create("log", os.MFD_ALLOW_SEALING)
    try:
        os.write(fd, found)
        fcntl.fcntl(fd, _ADD_SEALS, _SEAL_SHRINK)
        stats = OutputStats()
        messages: list[str] = []
        output = FileOutput(f"/proc/self/fd/{fd}", Options(), stats, messages.append)
        output.write(["2"])
        output.close()
        assert os.pread(fd, 100, 0) == then
        assert (stats.lines, stats.lost_lines) == (1, {})
        assert any("cannot be cut off" in message for message in messages) == (b"half" in found)
    finally:
        os.close(fd)

"""What waits to be written, how much may wait, and how full the disk is, are shown at every moment."""

from __future__ import annotations

import dataclasses
import errno
import os

from sensor.options import declaration
from sensor.outputs import Options
from sensor.outputs.file import FileOutput
from sensor.outputs.unix import UnixOutput
from sensor.stats import OutputStats


def test_of_a_file(tmp_path, monkeypatch):
    stats, disk = OutputStats(), os.statvfs(tmp_path)
    output = FileOutput(str(tmp_path / "log"), Options(size=1000, generations=3, buffer=65536), stats, lambda _: None)
    output.write(["written"])
    output.flush()
    assert (stats.pending_bytes, stats.buffer_bytes, stats.retained_bytes) == (0, 65536, 4000)
    assert stats.disk_bytes == disk.f_blocks * disk.f_frsize
    assert 0 < stats.disk_free_bytes <= stats.disk_bytes
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        output.write(["waits"])
        assert stats.pending_bytes == len("waits\n")
    output.flush()
    assert stats.pending_bytes == 0
    output.close()


def full(fd: int, data: bytes) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_of_a_socket_that_took_the_place_of_a_file(tmp_path):
    stats = OutputStats()
    FileOutput(str(tmp_path / "log"), Options(), stats, lambda _: None).flush()
    output = UnixOutput(Options(f"unix:{tmp_path}/nobody", buffer=70000), stats, lambda _: None)
    output.write(["waits"])
    assert (stats.pending_bytes, stats.buffer_bytes) == (6, 70000)
    assert (stats.disk_bytes, stats.disk_free_bytes, stats.retained_bytes) == (0, 0, 0)
    output.close()


def test_every_number_has_its_unit():
    """As the reference shows it, and as texts like `10 MiB` and `50 ms` are read."""
    units = {field.name: declaration(field).unit for field in dataclasses.fields(Options)}
    assert {name: unit for name, unit in units.items() if unit in ("bytes", "seconds", "percent")} == {
        "size": "bytes",
        "age": "seconds",
        "keep_unshipped": "percent",
        "buffer": "bytes",
    }

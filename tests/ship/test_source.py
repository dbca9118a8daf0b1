"""One file at any offset, by its descriptor, whatever becomes of its name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensor.ship.generations import generations
from sensor.ship.source import Source
from tests.ship.logs import Log


@pytest.mark.parametrize("packed", [False, True])
def test_content_at_any_offset_forwards_and_backwards(packed: bool, tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(50)
    content = log.path.read_bytes()
    log.rotate()
    if packed:
        log.pack(1)
    source = Source(generations(str(log.path))[0])
    for offset, size in ((0, 10), (100, 50), (20, 5), (len(content) - 3, 100), (len(content), 1), (5000, 1)):
        assert source.read(offset, size) == content[offset : offset + size]
    for path in tmp_path.iterdir():
        path.unlink()
    assert source.read(7, 7) == content[7:14]
    source.close()
    assert source.closed


def test_another_file_under_its_name_is_none_of_it(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(1)
    (generation,) = generations(str(log.path))
    log.rotate()
    log.write(1)
    with pytest.raises(FileNotFoundError):
        Source(generation)


@pytest.mark.parametrize(
    ("change", "rewritten"),
    [
        (lambda path: None, False),
        (lambda path: path.write_bytes(path.read_bytes() + b"more\n"), False),
        (lambda path: os.truncate(path, 0), True),
        (lambda path: os.truncate(path, 60), True),
        (lambda path: path.write_bytes(b'{"ID":"other"}\n' * 100), True),
    ],
)
def test_a_file_that_lost_what_was_read_is_noticed(change, rewritten: bool, tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(3)
    source = Source(generations(str(log.path))[0])
    size = source.size()
    change(log.path)
    assert source.was_rewritten(size) is rewritten
    source.close()

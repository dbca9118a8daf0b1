"""No link is followed, nothing is opened before it was looked at, and what is then opened is what was looked at."""

from __future__ import annotations

import ctypes
import os
import select
from pathlib import Path

import pytest

from sensor.process import opening


def names(path: Path) -> str:
    return os.fsencode(path).decode("latin-1")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/file").write_text("content")
    (tmp_path / "dir/ä").write_text("umlaut")
    (tmp_path / "link").symlink_to("dir/file")
    (tmp_path / "linked").symlink_to("dir")
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


@pytest.mark.parametrize("path", ["dir/file", "dir//file", "dir/./file", "dir/../dir/file"])
def test_a_file_is_found_and_read(tree: Path, path: str) -> None:
    handle = opening.find(f"{names(tree)}/{path}")
    descriptor = opening.reopen(handle)
    assert os.read(descriptor, 100) == b"content"
    os.close(handle)
    os.close(descriptor)


def test_a_name_of_bytes(tree: Path) -> None:
    handle = opening.find(names(tree / "dir/ä"))
    assert os.path.samestat(os.fstat(handle), (tree / "dir/ä").stat())
    os.close(handle)


@pytest.mark.parametrize(
    "path", ["linked/file", "gone", "dir/file/x", "link/x", "fifo/x", "x" * 300, "dir/\x00", "dir/\u20ac"]
)
def test_what_is_not_found(tree: Path, path: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises((OSError, ValueError)):
        opening.find(f"{names(tree)}/{path}")
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_link_is_not_followed(tree: Path) -> None:
    handle = opening.find(names(tree / "link"))
    assert os.path.samestat(os.fstat(handle), (tree / "link").lstat())
    with pytest.raises(OSError, match="symbolic links"):
        opening.reopen(handle)
    os.close(handle)


def test_what_was_looked_at_is_what_is_opened(tree: Path) -> None:
    handle = opening.find(names(tree / "dir/file"))
    (tree / "dir/file").unlink()
    (tree / "dir/file").symlink_to("/dev/null")
    descriptor = opening.reopen(handle)
    assert os.read(descriptor, 100) == b"content"
    os.close(handle)
    os.close(descriptor)


@pytest.mark.parametrize("name", ["fifo", "dir/file", "link"])
def test_finding_opens_nothing(tree: Path, name: str) -> None:
    libc = ctypes.CDLL(None)
    watch = libc.inotify_init()
    libc.inotify_add_watch(watch, os.fsencode(tree / name), 0x20)  # IN_OPEN
    os.close(opening.find(names(tree / name)))
    assert not select.select([watch], [], [], 0)[0]
    os.close(watch)


def test_nobody_waits_at_a_fifo(tree: Path) -> None:
    handle = opening.find(names(tree / "fifo"))
    os.close(opening.reopen(handle))
    os.close(handle)


def test_a_link_of_proc_leads_to_the_file() -> None:
    handle = opening.find_link_of_process("/proc/self/exe")
    assert os.path.samestat(os.fstat(handle), os.stat("/proc/self/exe"))
    os.close(handle)

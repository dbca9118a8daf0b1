"""Files of which the kernel has all in memory, and what is left to a look that may wait."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sensor.process.cached_file import state_of
from sensor.process.image import FileState


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose files can be known without waiting."""
    major, minor = (int(number) for number in platform.release().split(".")[:2])
    if (major, minor) < (5, 12) or not os.major(tmp_path.stat().st_dev):
        pytest.skip("needs Linux 5.12, and a file system on a block device")
    return tmp_path.resolve()


def expected(path: Path) -> FileState:
    found = path.stat()
    return FileState(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def text(path: Path | str) -> str:
    return os.fsencode(path).decode("latin-1")


@pytest.mark.parametrize("name", ["program", "a b", "ä", "(deleted)"])
def test_a_file_just_written_is_known(folder, name):
    path = folder / name
    path.write_bytes(b"1234")
    assert state_of(text(path)) == expected(path)


def test_each_change_is_seen(folder):
    path = folder / "program"
    path.write_bytes(b"1")
    before = state_of(text(path))
    path.write_bytes(b"22")
    os.utime(path, ns=(1, 1_600_000_000_123_456_789))
    after = state_of(text(path))
    assert after == expected(path) != before
    assert after is not None
    assert (after.size, after.mtime) == (2, 1_600_000_000_123_456_789)
    path.unlink()
    assert state_of(text(path)) is None


def test_the_same_way_is_seen_wherever_we_stand(folder, monkeypatch):
    (folder / "program").write_bytes(b"1")
    monkeypatch.chdir(folder)
    assert state_of("program") is None
    assert state_of(text(folder / "program")) is not None


@pytest.mark.parametrize(
    "name", ["link", "way/program", "folder", "fifo", "socket", "missing", "program\0", "program/"]
)
def test_what_is_no_regular_file_on_a_way_without_links_is_left_alone(folder, name):
    (folder / "program").write_bytes(b"1")
    (folder / "link").symlink_to("program")
    (folder / "way").symlink_to(".")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
        assert state_of(f"{text(folder)}/{name}") is None


@pytest.mark.parametrize(
    "path", ["/proc/self/status", "/proc/self/exe", "/dev/null", "/sys/kernel/uevent_seqnum", "", "/"]
)
def test_what_no_block_device_holds_is_left_to_who_can_wait(path):
    assert state_of(path) is None


def test_no_descriptor_is_left(folder):
    (folder / "program").write_bytes(b"1")
    before = len(os.listdir("/proc/self/fd"))
    for name in ("program", "missing", "program"):
        state_of(text(folder / name))
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_libc_without_statx_leaves_all_to_who_can_wait(folder):
    """GNU libc before 2.28, musl before 1.2.5."""
    path = folder / "program"
    path.write_bytes(b"1")
    script = (
        "import ctypes, sys, types; libc = types.SimpleNamespace(syscall=ctypes.CDLL(None).syscall)\n"
        "ctypes.CDLL = lambda name: libc\n"
        "from sensor.process.cached_file import state_of\n"
        "print(state_of(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("None\n", "")

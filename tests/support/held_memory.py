"""A process that keeps its memory to itself: who reads its command line or environment in /proc waits until it ends.

    with held_memory(folder) as pid:
        ...        # reading /proc/PID/environ would wait for ever
    with held_exec(folder) as pid:
        ...        # reading /proc/PID/stat, too, where the kernel takes exec_update_lock for it

One of its threads waits for a page of a file, which a FUSE server does not give; another waits to map memory meanwhile.
A process of `held_exec` executes a program, and so closes a file, which such a server does not let it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 60
_LOOKS = 5
_NODEV_NOSUID, _DETACH = 6, 2
_HEAD = struct.Struct("=IIQQIIII")  # struct fuse_in_header of linux/fuse.h
_LOOKUP, _GETATTR, _OPEN, _READ, _FORGET, _FLUSH, _INIT, _INTERRUPT = 1, 3, 14, 15, 2, 25, 26, 36


@contextlib.contextmanager
def held_memory(folder: Path) -> Iterator[int]:
    """Start it for the length of a test, which is skipped where that cannot be done; folder: an empty one."""
    with _served(folder, "memory") as pid:
        deadline = time.monotonic() + 20
        looks = 0
        while looks < _LOOKS:
            assert time.monotonic() < deadline
            time.sleep(0.01)
            looks = looks + 1 if _cannot_map(pid) else 0
        yield pid


@contextlib.contextmanager
def held_exec(folder: Path) -> Iterator[int]:
    """The same, of which nothing may be read that could wait."""
    with _served(folder, "exec") as pid:
        yield pid


@contextlib.contextmanager
def _served(folder: Path, what: str) -> Iterator[int]:
    command = [sys.executable, "-m", "tests.support.held_memory", str(folder), what]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        first = server.stdout.readline()
        if not first.strip().isdigit():
            pytest.skip(f"needs FUSE: {first.strip()}")
        yield int(first)
    finally:
        server.kill()  # which ends the mount, and every wait
        server.communicate()
        ctypes.CDLL(None).umount2(os.fsencode(folder), _DETACH)


def _cannot_map(pid: int) -> bool:
    """Whether its main thread waits for what nothing interrupts: the lock of its memory."""
    return Path(f"/proc/{pid}/stat").read_text("latin-1").rpartition(")")[2].split()[0] == "D"


def _serve(folder: str, what: str) -> None:
    """Mount a file system of one file, start the process, and answer all but the last question.

    That is the second for a page, or the one that comes when the file is closed.
    """
    signal.alarm(_LONGEST)
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode()
    if ctypes.CDLL(None).mount(b"held", os.fsencode(folder), b"fuse", _NODEV_NOSUID, options):
        raise OSError("cannot be mounted")
    child = os.fork()
    if child == 0:
        os.close(device)
        file = os.path.join(folder, "file")
        _hold(file) if what == "memory" else _execute(file)
    pages = 0
    while True:
        question = os.read(device, 1 << 18)
        _, kind, unique, node, *_ = _HEAD.unpack_from(question)
        if kind in (_FORGET, _INTERRUPT):
            continue
        pages += kind == _READ
        if pages == 2 or kind == _FLUSH:
            print(child, flush=True)
            signal.pause()  # until this process is killed
        answer = _answer(kind, node)
        fault = 0 if answer else -errno.EIO if kind == _READ else -errno.ENOSYS
        os.write(device, struct.pack("=IiQ", 16 + len(answer), fault, unique) + answer)


def _answer(kind: int, node: int) -> bytes:
    mode = 0o40755 if node == 1 and kind != _LOOKUP else 0o100755
    attributes = struct.pack("=6Q10I", node, 4096, 8, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)
    if kind == _INIT:
        return struct.pack("=4I2H2I2H8I", 7, 31, 0, 0, 12, 9, 131072, 1, 1, 0, *[0] * 8)
    if kind == _LOOKUP:
        return struct.pack("=4Q2I", 2, 0, 60, 60, 0, 0) + attributes
    if kind == _GETATTR:
        return struct.pack("=Q2I", 60, 0, 0) + attributes
    return struct.pack("=Q2I", 1, 0, 0) if kind == _OPEN else b""


def _hold(path: str) -> None:
    """Wait for the file's page in one thread, and to map memory in another."""
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, *[ctypes.c_size_t] * 5]
    page = libc.mmap(0, 4096, mmap.PROT_READ, mmap.MAP_SHARED, os.open(path, os.O_RDONLY), 0)
    here = ctypes.create_string_buffer(1)
    threading.Thread(target=libc.memcpy, args=(here, ctypes.c_void_p(page), ctypes.c_size_t(1))).start()
    while True:
        time.sleep(0.01)
        libc.mmap(0, 4096, mmap.PROT_READ, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 0, 0)


def _execute(path: str) -> None:
    os.open(path, os.O_RDONLY)
    os.execv("/bin/true", ["true"])


if __name__ == "__main__":
    try:
        _serve(*sys.argv[1:])
    except OSError as error:
        print(error, flush=True)

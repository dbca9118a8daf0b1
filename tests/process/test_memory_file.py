"""What is in the memory of a process is read for the program that is meant, and no process can make anybody wait."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sensor.process.files import ProcFiles
from sensor.process.memory_file import GONE, MemoryFile, Reading
from sensor.process.procfs import ProcFS
from sensor.process.program import Key, Program
from tests.support.fake_host import FakeHost
from tests.support.held_memory import held_memory


def program(pid: int = 42, ticks: int = 5000, exe: str = "/usr/bin/bash") -> Program:
    made = Program(pid, 1, "bash", exe)
    made.key = Key(4026531836, ticks, pid)
    return made


def running(pid: int) -> Program:
    """A process of this host."""
    found = ProcFS().entry(pid)
    assert found is not None
    return program(pid, found.start, found.exe)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (program(), Reading("A=1\0B=")),
        (program(ticks=5001), GONE),  # another process has the pid
        (program(exe="/usr/bin/ls"), GONE),  # runs another program by now
        (program(pid=43), GONE),
        (Program(42, 1, "bash", "/usr/bin/bash"), GONE),  # its start was not seen
    ],
)
def test_only_the_program_that_is_meant_is_read(tmp_path: Path, asked: Program, expected: Reading) -> None:
    host = FakeHost(tmp_path)
    host.process(42, 1, "/usr/bin/bash", environ="A=1\0B=2\0")
    assert MemoryFile(ProcFiles(host.proc), "environ", 6).of(asked) == expected


def test_what_is_empty_was_read(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    host.process(42, 1, "/usr/bin/bash", environ="")
    assert MemoryFile(ProcFiles(host.proc), "environ", 6).of(program()) == Reading("")


def test_recorded_logs_have_none() -> None:
    assert MemoryFile(ProcFiles(None), "cmdline", 100).of(running(os.getpid())) == GONE


def test_many_that_never_answer_keep_nobody_waiting(tmp_path: Path) -> None:
    """A FIFO without a writer stands for them: to open it waits."""
    host = FakeHost(tmp_path)
    environ = MemoryFile(ProcFiles(host.proc), "environ", 100)
    start = time.monotonic()
    for pid in range(100, 130):
        host.process(pid, 1, "/usr/bin/bash")
        os.mkfifo(host.root / str(pid) / "environ")
        assert environ.of(program(pid)) is None
    assert time.monotonic() - start < 2
    for pid in range(100, 130):  # let the threads go on
        os.close(os.open(host.root / str(pid) / "environ", os.O_RDWR | os.O_NONBLOCK))


@pytest.mark.root
@pytest.mark.parametrize("name", ["cmdline", "environ"])
def test_a_process_that_keeps_its_memory_to_itself_stops_nothing(tmp_path: Path, name: str) -> None:
    mount = tmp_path / "mount"
    mount.mkdir()
    file = MemoryFile(ProcFiles(ProcFS()), name, 10)
    with held_memory(mount) as pid:
        held, own = running(pid), running(os.getpid())
        start = time.monotonic()
        assert file.of(held) is None
        reading = file.of(own)
        while reading is None:  # another thread reads for the others
            assert time.monotonic() - start < 20
            time.sleep(0.05)
            file.of(program(pid, held.key.ticks if held.key else 0, held.exe))
            reading = file.of(own)
        expected = Path(f"/proc/self/{name}").read_bytes()[:10].decode("latin-1")
        assert (reading.text, file.of(held)) == (expected, None)

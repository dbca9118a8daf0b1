"""A file of /proc counts only for the process that is meant: not for its successor, not once it has ended."""

from __future__ import annotations

import os

import pytest

from sensor.process.files import ProcFiles
from sensor.process.procfs import ProcFS
from sensor.process.program import Key, Program
from tests.support.fake_host import FakeHost


def program(pid: int, ticks: int | None) -> Program:
    made = Program(pid, 1, "bash", "/usr/bin/bash")
    made.key = Key(4026531836, ticks, pid) if ticks is not None else None
    return made


@pytest.mark.parametrize(
    ("ticks", "state", "expected"),
    [
        (5000, "S", "0::/a\n"),
        (5001, "S", None),  # another process has the pid
        (None, "S", None),  # nobody knows when it began
        (5000, "Z", None),
        (5000, "X", None),
    ],
)
def test_only_the_process_that_is_meant_is_read(tmp_path, ticks, state, expected):
    host = FakeHost(tmp_path)
    host.process(42, 1, "/usr/bin/a) S 1", state=state, cgroup="0::/a\n")
    assert ProcFiles(host.proc).read(program(42, ticks), "cgroup") == expected


def test_what_is_not_there_is_none(tmp_path):
    host = FakeHost(tmp_path)
    host.process(42, 1, "/usr/bin/bash")
    files = ProcFiles(host.proc)
    assert files.read(program(42, 5000), "environ") is None
    assert files.read(program(43, 5000), "environ") is None
    assert not files.lives(program(43, 5000))


def test_recorded_logs_have_no_proc(tmp_path):
    files = ProcFiles(None)
    assert files.read(program(os.getpid(), 1), "stat") is None
    assert files.path(program(os.getpid(), 1), "exe") is None
    assert not files.lives(program(os.getpid(), 1))


def test_no_more_is_read_than_asked_for(tmp_path):
    host = FakeHost(tmp_path)
    host.process(42, 1, "/usr/bin/bash", environ="x" * 100)
    assert ProcFiles(host.proc).read(program(42, 5000), "environ", 7) == "x" * 7


def test_the_real_proc_is_read():
    proc = ProcFS()
    own = proc.stat(os.getpid())
    assert own is not None
    files = ProcFiles(proc)
    assert files.read(program(os.getpid(), own.start), "comm")
    assert files.path(program(os.getpid(), own.start), "exe") == f"/proc/{os.getpid()}/exe"


def test_no_descriptor_stays_open(tmp_path):
    host = FakeHost(tmp_path)
    host.process(42, 1, "/usr/bin/bash", cgroup="0::/a\n")
    (host.root / "42" / "environ").mkdir()  # opens, and cannot be read
    files = ProcFiles(host.proc)
    before = os.listdir("/proc/self/fd")
    assert (files.read(program(42, 5000), "cgroup"), files.read(program(42, 5000), "environ")) == ("0::/a\n", None)
    assert os.listdir("/proc/self/fd") == before

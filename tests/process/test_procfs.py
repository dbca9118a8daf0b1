"""/proc: what is read of a process, hostile names, and processes that end or are replaced while they are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensor.process.procfs import Observed, ProcFS, Stat
from tests.fake_host import BOOTED, FakeHost


def test_the_host_and_its_boot(tmp_path):
    host = FakeHost(tmp_path).proc.host(BOOTED + 0.123)
    assert host.boot_id.hex() == "2899dae44fa44eef95b66bc95325f61a"
    assert host.names == {"web01"}
    assert host.boot_time == BOOTED + 0.12
    assert host.booted == f"{BOOTED - 1}.123:"


def test_a_host_may_be_called_by_its_short_name(tmp_path):
    host = FakeHost(tmp_path)
    (host.root / "sys/kernel/hostname").write_text("web01.example.org\n")
    assert host.proc.host(BOOTED).names == {"web01.example.org", "web01"}


def test_a_process_is_observed(tmp_path):
    host = FakeHost(tmp_path)
    host.process(100, 1, "/usr/bin/bash", start=5000, status="Name:\tbash\nNStgid:\t100\t7\nNSpid:\t100\t7\n")
    assert host.proc.observe(100) == Observed(100, 1, 5000, 4026531836, 7, "bash", "/usr/bin/bash")
    assert host.proc.stat(100) == Stat(1, 5000)
    assert (host.proc.comm(100), host.proc.exe(100)) == ("bash", "/usr/bin/bash")


@pytest.mark.parametrize(
    "comm",
    ["a) R 7 (b", "bash) S 1 2 3", "", "x y", "\xff\xfe", "(((", ")))", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"],
)
def test_a_name_cannot_lie_about_parent_and_start(tmp_path, comm):
    host = FakeHost(tmp_path)
    stat = f"100 ({comm}) S 1 " + "0 " * 17 + "5000 0\n"
    host.process(100, 1, "/x", stat=stat, comm=comm + "\n")
    assert host.proc.stat(100) == Stat(1, 5000)
    assert host.proc.comm(100) == comm


@pytest.mark.parametrize("stat", ["", "100 (x) S 1 0 0", "100"])
def test_a_stat_that_is_cut_short_is_none(tmp_path, stat):
    host = FakeHost(tmp_path)
    host.process(100, 1, "/x", stat=stat)
    assert host.proc.stat(100) is None
    assert host.proc.observe(100) is None


def test_what_the_kernel_will_not_tell_is_left_out(tmp_path):
    """The links of other users' processes need CAP_SYS_PTRACE; kernel threads have no image."""
    host = FakeHost(tmp_path)
    host.process(2, 0, "/x", status="Name:\tkthreadd\n")
    (host.root / "2/ns/pid").unlink()
    (host.root / "2/exe").unlink()
    assert host.proc.observe(2) == Observed(2, 0, 5000, 0, 2, "x", "")


def test_a_process_that_is_gone_is_none(tmp_path):
    host = FakeHost(tmp_path)
    assert (host.proc.stat(100), host.proc.observe(100), host.proc.comm(100), host.proc.exe(100)) == (
        None,
        None,
        "",
        "",
    )


class Turmoil(ProcFS):
    """A /proc in which something happens when the namers of a process are read."""

    def __init__(self, root: Path, happens) -> None:
        super().__init__(str(root))
        self._happens = happens

    def exe(self, pid: int) -> str:
        self._happens()
        return super().exe(pid)


def test_a_process_replaced_while_it_was_read_is_none(tmp_path):
    host = FakeHost(tmp_path)
    host.process(100, 1, "/usr/bin/a", start=5000)
    assert Turmoil(host.root, lambda: host.process(100, 1, "/usr/bin/b", start=6000)).observe(100) is None


def test_a_process_that_ends_while_it_is_read_is_none(tmp_path):
    host = FakeHost(tmp_path)
    host.process(100, 1, "/usr/bin/a")
    assert Turmoil(host.root, lambda: host.end(100)).observe(100) is None


def test_a_process_adopted_while_it_was_read_is_told_with_its_new_parent(tmp_path):
    host = FakeHost(tmp_path)
    host.process(100, 50, "/usr/bin/a")
    observed = Turmoil(host.root, lambda: host.process(100, 1, "/usr/bin/a")).observe(100)
    assert observed is not None
    assert observed.ppid == 1


def test_the_processes_there_are(tmp_path):
    host = FakeHost(tmp_path)
    for pid in (1, 100, 42):
        host.process(pid, 0, "/x")
    assert sorted(host.proc.pids()) == [1, 42, 100]


def test_this_process():
    proc = ProcFS()
    observed = proc.observe(os.getpid())
    assert observed is not None
    assert (observed.ppid, observed.pid) == (os.getppid(), os.getpid())
    assert observed.exe == os.readlink("/proc/self/exe")
    assert observed.namespace == int(os.readlink("/proc/self/ns/pid")[5:-1])
    assert len(proc.boot_id()) == 16
    assert os.getpid() in proc.pids()

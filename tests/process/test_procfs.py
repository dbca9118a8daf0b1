"""/proc: what is read of a process, hostile names, and processes that end or are replaced while they are read."""

from __future__ import annotations

import os
import subprocess

import pytest

from sensor.errors import HostError
from sensor.process.procfs import ProcEntry, ProcFS, Stat, has_ended, read_file, stat_fields
from tests.support.fake_host import BOOTED, FakeHost


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
    assert host.proc.entry(100) == ProcEntry(100, 1, 5000, 4026531836, 7, "bash", "/usr/bin/bash")
    assert host.proc.stat(100) == Stat(1, 5000, "bash")
    assert (host.proc.comm(100), host.proc.exe(100)) == ("bash", "/usr/bin/bash")


@pytest.mark.parametrize(
    "comm",
    ["a) R 7 (b", "bash) S 1 2 3", "", "x y", "\xff\xfe", "(((", ")))", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"],
)
def test_a_name_cannot_lie_about_parent_and_start(tmp_path, comm):
    host = FakeHost(tmp_path)
    stat = f"100 ({comm}) S 1 " + "0 " * 17 + "5000 0\n"
    host.process(100, 1, "/x", stat=stat, comm=comm + "\n")
    assert host.proc.stat(100) == Stat(1, 5000, comm)
    assert host.proc.comm(100) == comm


@pytest.mark.parametrize("stat", ["", "100 (x) S 1 0 0", "100"])
def test_a_stat_that_is_cut_short_is_none(tmp_path, stat):
    host = FakeHost(tmp_path)
    host.process(100, 1, "/x", stat=stat)
    assert host.proc.stat(100) is None
    assert host.proc.entry(100) is None


@pytest.mark.parametrize("comm", ["ls", "a) Z 7 (b", "x y", "", ")))", "a\nb"])
@pytest.mark.parametrize(("state", "ended"), [("R", False), ("S", False), ("Z", True), ("X", True), ("x", True)])
def test_the_fields_behind_a_name_of_any_kind(comm: str, state: str, ended: bool):
    numbers = [str(number) for number in range(4, 53)]
    fields = stat_fields(f"100 ({comm}) {state} {' '.join(numbers)}\n")
    assert [state, *numbers[:19]] == fields[:20]
    assert has_ended(fields) is ended


@pytest.mark.parametrize("text", [None, "", "100", "100 (x", "100 (x) S", "100 (x) S 1 2 3", "100 (x) S" + " 1" * 18])
def test_of_a_stat_that_is_not_whole_there_are_no_fields(text: str | None):
    assert stat_fields(text) == []
    assert has_ended(stat_fields(text))


def test_a_file_is_read_as_far_as_is_asked_for(tmp_path):
    (tmp_path / "file").write_bytes(b"ab\xff\n")
    assert read_file(f"{tmp_path}/file", 3) == "ab\xff"
    assert read_file(f"{tmp_path}/none", 3) is None
    assert read_file(f"{tmp_path}", 3) is None


def test_what_the_kernel_will_not_show_is_left_out(tmp_path):
    """The links of other users' processes need CAP_SYS_PTRACE; kernel threads have no image."""
    host = FakeHost(tmp_path)
    host.process(2, 0, "/x", status="Name:\tkthreadd\n")
    (host.root / "2/ns/pid").unlink()
    (host.root / "2/exe").unlink()
    assert host.proc.entry(2) == ProcEntry(2, 0, 5000, 0, 2, "x", "")


def test_a_process_that_is_gone_is_none(tmp_path):
    host = FakeHost(tmp_path)
    assert (host.proc.stat(100), host.proc.entry(100), host.proc.comm(100), host.proc.exe(100)) == (
        None,
        None,
        "",
        "",
    )


def test_a_process_that_ends_while_it_is_read_is_not_mistaken_for_another():
    """What is read of it later is read below its own directory, and there is nothing any more."""
    with subprocess.Popen(["/bin/sleep", "60"]) as child:

        class Ending(ProcFS):
            def _link(self, path, directory=None):
                if directory is not None:
                    child.kill()
                    child.wait()
                return super()._link(path, directory)

        observed = Ending().entry(child.pid)
    assert observed is not None
    assert (observed.namespace, observed.exe) == (0, "")


def test_a_process_that_has_just_ended_is_none():
    with subprocess.Popen(["/bin/true"]) as child:
        pass
    assert ProcFS().entry(child.pid) is None


@pytest.mark.parametrize(
    "pid", [-(1 << 31) - 1, -1, 0, 1 << 22, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 63, 10**20]
)
def test_a_number_that_no_process_has_is_none(pid):
    """A record may have any; a pid_t holds 32 bits."""
    assert ProcFS().entry(pid) is None


def test_a_proc_that_counts_pids_otherwise_is_asked_itself(tmp_path):
    """That of another pid namespace, where we have another number, or none."""
    host = FakeHost(tmp_path)
    host.process(1 << 22, 0, "/x")  # no kernel gives this pid
    assert host.proc.entry(1 << 22) is not None


def test_the_processes_there_are(tmp_path):
    host = FakeHost(tmp_path)
    for pid in (1, 100, 42):
        host.process(pid, 0, "/x")
    assert sorted(host.proc.pids()) == [1, 42, 100]


def test_this_process():
    proc = ProcFS()
    observed = proc.entry(os.getpid())
    assert observed is not None
    assert (observed.ppid, observed.pid) == (os.getppid(), os.getpid())
    assert observed.exe == os.readlink("/proc/self/exe")
    assert observed.namespace == int(os.readlink("/proc/self/ns/pid")[5:-1])
    assert len(proc.boot_id()) == 16
    assert os.getpid() in proc.pids()


@pytest.mark.parametrize("text", [None, "", "2899dae4", "zzzzzzzz-4fa4-4eef-95b6-6bc95325f61a"])
def test_a_host_that_shows_no_boot_id(text, tmp_path):
    folder = tmp_path / "sys/kernel/random"
    folder.mkdir(parents=True)
    if text is not None:
        (folder / "boot_id").write_text(text)
    with pytest.raises(HostError, match=r"boot_id cannot be read: is .* mounted"):
        ProcFS(str(tmp_path)).boot_id()

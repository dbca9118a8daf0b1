"""What /proc reports processes older than the probe is what the kernel's iterator reports them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensor.probe import Options, bpf, layout, seed
from sensor.probe.layout import EXECED, KTHREAD, ProbeRecord
from sensor.probe.ring import Ring
from sensor.process.procfs import ProcEntry, ProcFS
from tests.probe.loaded import loaded, obstacle

needs_probe = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))

LS = ProcEntry(pid=3148, ppid=3103, start=55558, namespace=4026532263, tgid=29, comm="a) b", exe="/bin/ls")
SHELL = ProbeRecord(1, 2, 7, 8, 3103, 28, *range(8), layout.UNSET, layout.UNSET, 0, layout.EXEC, EXECED, b"sh")
FORKNOEXEC, KERNEL_THREAD = 0x40, 0x200000


def test_a_record_shows_what_proc_reported() -> None:
    record = seed.record_of(LS, 0, {3103: SHELL})
    assert (record.start, record.pidns, record.tgid, record.ns_tgid) == (555_580_000_000, 4026532263, 3148, 29)
    assert record[6:10] == (SHELL.start, SHELL.pidns, SHELL.tgid, SHELL.ns_tgid)
    assert record[10:14] == (0, 0, 0, 0)
    assert (record.kind, record.comm) == (layout.ALIVE, b"a) b")
    assert layout.RECORD.pack(*record)


@pytest.mark.parametrize(("of_kernel", "flags"), [(0, EXECED), (FORKNOEXEC, 0), (KERNEL_THREAD | FORKNOEXEC, KTHREAD)])
def test_flags_are_the_kernels(of_kernel: int, flags: int) -> None:
    assert seed.record_of(LS, of_kernel, {}).flags == flags


def test_an_unknown_parent_is_left_out() -> None:
    assert seed.record_of(LS, 0, {})[6:10] == (0, 0, 0, 0)


def forget(ring: Ring, pids: list[int]) -> dict[int, ProbeRecord]:
    """Take processes out of the map of live ones; returns the records they had."""
    live = bpf.get(f"{ring.path}/{layout.LIVE}")
    had = {record.tgid: record for record in ring.live() if record.tgid in pids}
    for pid in pids:
        bpf.delete(live, pid)
    assert not {record.tgid for record in ring.live()} & set(pids)
    os.close(live)
    return had


def complete(ring: Ring, proc: ProcFS) -> dict[int, ProbeRecord]:
    live = bpf.get(f"{ring.path}/{layout.LIVE}")
    seed.complete(live, proc)
    os.close(live)
    return {record.tgid: record for record in ring.live()}


@needs_probe
def test_proc_and_the_iterator_agree() -> None:
    with loaded() as ring:
        iterated = forget(ring, [2, os.getpid()])
        completed = complete(ring, ProcFS())
    for pid, record in iterated.items():
        other = completed[pid]
        assert other.start // 10_000_000 == record.start // 10_000_000
        names = ("pidns", "tgid", "ns_tgid", "parent_tgid", "flags", "comm")
        assert [getattr(other, name) for name in names] == [getattr(record, name) for name in names]
    assert set(iterated) == {2, os.getpid()}


@needs_probe
def test_what_has_ended_or_cannot_be_known_is_not_added(tmp_path: Path) -> None:
    """A made /proc with one process for each state; the pids are beyond what the kernel gives."""
    states = {5_000_001: ("S", 0), 5_000_002: ("Z", 0), 5_000_003: ("X", 0), 5_000_004: ("R", 4), 5_000_005: ("S", 0)}
    for pid, (state, flags) in states.items():
        (tmp_path / str(pid) / "ns").mkdir(parents=True)
        (tmp_path / str(pid) / "ns" / "pid").symlink_to("pid:[4026531836]")
        tail = " ".join(["0"] * 12)
        (tmp_path / str(pid) / "stat").write_text(f"{pid} (x y) {state} 1 1 1 0 -1 {flags} {tail} 77 0 0\n")
    (tmp_path / "5000005" / "ns" / "pid").unlink()
    with loaded() as ring:
        assert set(complete(ring, ProcFS(str(tmp_path)))) & set(states) == {5_000_001}


@pytest.mark.parametrize(
    ("ours", "theirs", "same"), [("7", "9", True), ("7\t1", "9", False), ("7", "9\t2", False), ("7", "", False)]
)
def test_a_secret_namespace_is_ours_if_neither_has_levels(tmp_path: Path, ours: str, theirs: str, same: bool) -> None:
    (tmp_path / "self" / "ns").mkdir(parents=True)
    (tmp_path / "self" / "ns" / "pid").touch()
    (tmp_path / "9").mkdir()
    for who, numbers in (("self", ours), ("9", theirs)):
        (tmp_path / who / "status").write_text(f"Name:\tx\nNStgid:\t{numbers}\n" if numbers else "Name:\tx\n")
    inode = (tmp_path / "self" / "ns" / "pid").stat().st_ino
    assert seed.namespace_of(ProcFS(str(tmp_path)), 9) == (inode if same else 0)


@needs_probe
def test_a_full_map_stays_as_it_is() -> None:
    with loaded(Options(processes=4)) as ring:
        for _ in range(20):  # one of the four may end meanwhile, which makes room
            before = {record.tgid for record in ring.live()}
            if set(complete(ring, ProcFS())) == before:
                return
        pytest.fail("the map was never full")

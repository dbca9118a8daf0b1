"""The reader, over a ring in a file in which the test plays the kernel, and over the real one."""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.errors import ProbeError
from sensor.probe import Options, layout, loader
from sensor.probe.layout import EXEC, EXIT, FORK, ProbeRecord, Values
from sensor.probe.ring import Records, Ring
from tests.probe.loaded import drained, loaded, obstacle, options_of_a_test
from tests.support.audit_session import LOCK
from tests.support.program import ROOT

needs_probe = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))

PAGE = mmap.PAGESIZE
SLOT = layout.SLOT.size
BUSY, DISCARDED = 1 << 31, 1 << 30


class Kernel:
    """The producer's end of a ring of one page, 32 records."""

    capacity = PAGE // SLOT

    def __init__(self) -> None:
        self.file = os.memfd_create("ring")
        os.truncate(self.file, 3 * PAGE)
        self.produced = 0

    def position(self, page: int) -> int:
        return int(struct.unpack("@Q", os.pread(self.file, 8, page * PAGE))[0])

    def length(self, number: int, length: int) -> None:
        os.pwrite(self.file, struct.pack("@I", length), 2 * PAGE + number % self.capacity * SLOT)

    def write(self, time: int, length: int = layout.RECORD.size) -> bool:
        """One record, which differs from others by its time; False when the ring is full."""
        if (self.produced + 1) * SLOT - self.position(0) > PAGE:
            return False
        record = layout.RECORD.pack(time, *range(1, 19), b"comm")
        place = 2 * PAGE + self.produced % self.capacity * SLOT
        os.pwrite(self.file, struct.pack("@II", length, 0) + record, place)
        self.produced += 1
        os.pwrite(self.file, struct.pack("@Q", self.produced * SLOT), PAGE)
        return True

    def reader(self) -> Records:
        return Records(self.file, PAGE)


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    yield kernel
    os.close(kernel.file)


def times(records: list[Values]) -> list[int]:
    return [record[0] for record in records]


def test_a_record_comes_out_as_it_went_in(kernel: Kernel) -> None:
    kernel.write(7)
    (values,) = kernel.reader().drain()
    record = ProbeRecord(*values)
    assert record == (7, *range(1, 19), b"comm".ljust(16, b"\0"))
    assert (record.cgroup, record.spawner_ns_tgid, record.flags) == (1, 13, 18)


def test_what_was_taken_is_gone(kernel: Kernel) -> None:
    reader = kernel.reader()
    assert reader.drain() == []
    kernel.write(1)
    assert times(reader.drain()) == [1]
    assert reader.drain() == []


@given(st.lists(st.integers(0, 40), max_size=12), st.sampled_from([None, 1, 5, 32, 1000]))
def test_every_record_comes_once_and_in_order(bursts: list[int], limit: int | None) -> None:
    kernel = Kernel()
    reader = kernel.reader()
    written, seen = [], []
    for burst in bursts:
        for _ in range(burst):
            if kernel.write(len(written)):
                written.append(len(written))
        seen += times(reader.drain(limit))
    while rest := reader.drain(limit):
        assert limit is None or len(rest) <= limit
        seen += times(rest)
    reader.close()
    os.close(kernel.file)
    assert seen == written


def test_a_new_reader_goes_on_where_the_last_one_stopped(kernel: Kernel) -> None:
    for number in range(5):
        kernel.write(number)
    first = kernel.reader()
    assert times(first.drain(2)) == [0, 1]
    first.close()
    assert times(kernel.reader().drain()) == [2, 3, 4]


@given(st.lists(st.integers(0, 40), max_size=12), st.sampled_from([1, 5, 1000]))
def test_what_was_read_can_be_read_again_until_it_is_overwritten(bursts: list[int], limit: int) -> None:
    kernel = Kernel()
    reader = kernel.reader()
    read: list[int] = []
    for burst in bursts:
        for _ in range(burst):
            kernel.write(kernel.produced)
        read += times(reader.drain(20))
    reader.close()
    reader = kernel.reader()
    pending = kernel.produced - len(read)
    pieces = [times(piece) for piece in reader.past(limit)]
    # One less than there is room for: the kernel may have begun to write the next one.
    left = len(read) if kernel.produced < kernel.capacity else max(0, kernel.capacity - 1 - pending)
    assert [number for piece in pieces for number in piece] == read[len(read) - min(left, len(read)) :]
    assert all(len(piece) <= limit for piece in pieces)
    assert len(reader.drain()) == pending
    reader.close()
    os.close(kernel.file)


def test_what_is_overwritten_while_it_is_read_again_is_left_out(kernel: Kernel) -> None:
    for number in range(40):
        kernel.write(number)
        kernel.reader().drain()
    past = kernel.reader().past(10)
    assert times(next(past)) == list(range(9, 19))
    for number in range(40, 55):
        kernel.write(number)
    kernel.write(55, layout.RECORD.size | BUSY)
    assert [number for piece in past for number in times(piece)] == list(range(25, 40))


def test_a_record_that_is_being_overwritten_is_passed_over(kernel: Kernel) -> None:
    for number in range(40):
        kernel.write(number)
        kernel.reader().drain()
    kernel.length(12, layout.RECORD.size | BUSY)
    assert [number for piece in kernel.reader().past(100) for number in times(piece)] == [9, 10, 11, *range(13, 40)]


def test_a_record_still_being_written_is_waited_for(kernel: Kernel) -> None:
    reader = kernel.reader()
    kernel.write(0)
    kernel.write(1, layout.RECORD.size | BUSY)
    kernel.write(2)
    assert times(reader.drain()) == [0]
    assert reader.drain() == []
    kernel.length(1, layout.RECORD.size)
    assert times(reader.drain()) == [1, 2]


def test_a_discarded_record_is_passed_over(kernel: Kernel) -> None:
    for number in range(4):
        kernel.write(number, layout.RECORD.size | (DISCARDED if number % 2 else 0))
    assert times(kernel.reader().drain()) == [0, 2]


def test_a_record_of_another_size_is_refused(kernel: Kernel) -> None:
    kernel.write(0, 96)
    with pytest.raises(ProbeError, match="a record of 96 bytes where 120 were expected"):
        kernel.reader().drain()


def test_no_probe_is_a_probe_error(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match="no probe is loaded"):
        Ring.open(str(tmp_path / "v1"))


@needs_probe
def test_what_is_no_probe_is_a_probe_error(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match="no probe is loaded"):
        Ring.open(str(tmp_path))
    (tmp_path / layout.RING).touch()
    with pytest.raises(ProbeError, match="cannot read the probe"):
        Ring.open(str(tmp_path))


@needs_probe
def test_one_process_reads_at_a_time() -> None:
    with loaded() as ring:
        with pytest.raises(ProbeError, match="another process reads"):
            Ring.open(ring.path)
        second = Ring.open(ring.path, exclusive=False)
        assert second.alive()
        second.close()


@needs_probe
def test_twenty_three_programs_make_three_records_each() -> None:
    """Twenty-three, as BCC's own advice for new tools has it."""
    with loaded() as ring:
        ring.drain()
        script = "i=0; while [ $i -lt 23 ]; do /bin/true; i=$((i+1)); done"
        with subprocess.Popen(["/bin/sh", "-c", script]) as shell:
            shell.wait()
        records = [record for record in drained(ring) if record.spawner_tgid == shell.pid]
        kinds = [record.kind for record in records]

    assert kinds == [FORK, EXEC, EXIT] * 23
    assert {record.comm.rstrip(b"\0") for record in records if record.kind == EXEC} == {b"true"}
    assert [record.flags & layout.EXECED for record in records] == [0, 1, 1] * 23
    assert len({record.tgid for record in records}) == 23
    assert {record.parent_tgid for record in records} == {shell.pid}


@contextlib.contextmanager
def audit_undisturbed() -> Iterator[None]:
    """A login makes an audit record, which is no business of a test that listens to audit at the moment."""
    with LOCK.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pytest.skip("another test uses the kernel's audit")
        yield


@needs_probe
def test_login_and_cgroup_are_those_of_the_process() -> None:
    script = "echo 4711 >/proc/self/loginuid; for f in loginuid sessionid cgroup; do cat /proc/self/$f; echo; done"
    with audit_undisturbed(), loaded() as ring:
        reported = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True).stdout.splitlines()
        last = [record for record in drained(ring) if record.kind == EXIT and record.comm.startswith(b"cat\0")][-1]

    unified = next((line[3:] for line in reported[2:] if line.startswith("0::")), "")
    places = [f"/sys/fs/cgroup{kind}{unified}" for kind in ("/unified", "")]
    assert [last.loginuid, last.sessionid] == [4711, int(reported[1])]
    assert last.cgroup in [os.stat(place).st_ino for place in places if os.path.isdir(place)]


@needs_probe
def test_a_live_process_has_its_newest_record() -> None:
    with loaded() as ring:
        with subprocess.Popen(["/bin/cat", "/proc/self/comm", "-"], stdin=-1, stdout=-1, bufsize=0) as cat:
            assert cat.stdout is not None
            assert cat.stdout.read(4) == b"cat\n"
            (alive,) = [record for record in ring.live() if record.tgid == cat.pid]
            cat.kill()
        after = [record for record in ring.live() if record.tgid == cat.pid]
        (end,) = [record for record in drained(ring) if record.tgid == cat.pid and record.kind == EXIT]

    assert (alive.kind, alive.comm.rstrip(b"\0"), alive.spawner_tgid) == (EXEC, b"cat", os.getpid())
    assert after == []
    assert (end.status, end.start, end.spawner_tgid) == (9, alive.start, os.getpid())


@needs_probe
def test_a_probe_that_vanishes_is_noticed_and_its_last_records_are_read() -> None:
    with loaded() as ring:
        subprocess.run(["/bin/true"])
        assert ring.alive()
        os.unlink(f"{ring.path}/on_exec")
        assert not ring.alive()
        assert len([record for record in drained(ring) if record.spawner_tgid == os.getpid()]) == 3


READER_WITHOUT_ROOT = """
import os, subprocess, sys
from sensor.errors import ProbeError
from sensor.probe.ring import Ring

ring = Ring.open(sys.argv[1])
subprocess.run(["/bin/true"])
os.setresuid(65534, 65534, 65534)
good = ring.alive() and len(ring.drain()) > 0 and ring.lost() == 0
try:
    good = good and len(list(ring.live())) > 0
except ProbeError:
    pass
sys.exit(not good)
"""


@needs_probe
def test_reading_takes_no_privilege_once_it_is_open() -> None:
    """Before Linux 5.19 the walk over live processes does; it then says so."""
    with options_of_a_test() as options:
        # A program of its own: the compiler leaves threads, which a forked child would wait for.
        command = [sys.executable, "-c", READER_WITHOUT_ROOT, loader.load(options).path]
        assert subprocess.run(command, cwd=ROOT).returncode == 0


def running() -> set[int]:
    """Processes in /proc that have not ended and only wait to be reaped."""
    ended = {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    return {process.pid for process in psutil.process_iter(["status"]) if process.info["status"] not in ended}


@needs_probe
def test_every_record_of_a_flood_is_read_or_counted_and_the_living_are_known() -> None:
    with loaded(Options(ring_size=PAGE)) as ring:
        script = "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done"
        subprocess.run(["/bin/sh", "-c", script])
        read, counts = 0, ring.counts()
        while True:
            read += len(ring.drain())
            last, counts = counts, ring.counts()
            if counts == last:
                break
        assert counts.lost > 0
        assert counts.made == read + counts.lost

        for _ in range(5):  # one that is just ending has left the map, and not yet /proc
            before = running()
            alive = {record.tgid for record in ring.live()}
            unknown = before & running() - alive
            if not unknown:
                break
        assert unknown == set()

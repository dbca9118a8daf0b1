"""What is measured of the ring and of the probe's programs: room, level, and what the kernel counts of their cost."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensor.probe import layout
from sensor.probe.layout import FORK
from sensor.process.procfs import ProcFS
from tests.probe.loaded import loaded, obstacle
from tests.probe.test_reader import FakeRing, Subject, check, record

needs_probe = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))


def test_room_and_level_of_the_ring_are_measured() -> None:
    ring = FakeRing()
    subject = Subject(ring)
    assert (subject.stats.probe.ring_bytes, subject.stats.probe.ring_pending_bytes) == (ring.size, 0)
    ring.records = [record(FORK, pid) for pid in (10, 11, 12)]
    check(subject, 1)
    assert subject.stats.probe.ring_pending_bytes == 3 * layout.SLOT.size
    ring.attached, subject.ring = False, "gone"
    check(subject, 1)
    assert (subject.stats.probe.ring_bytes, subject.stats.probe.ring_pending_bytes) == (0, 0)


def test_what_the_programs_cost_is_counted_from_the_start_and_over_a_replacement() -> None:
    """The kernel counts since a probe was loaded, which another sensor may have read before."""
    ring = FakeRing()
    ring.ran = {"on_exec": (1000, 5_000_000_000)}
    subject = Subject(ring)
    stats = subject.stats.probe
    check(subject, 1)
    assert (stats.program_runs, stats.program_seconds) == ({"on_exec": 0}, {"on_exec": 0.0})
    ring.ran = {"on_exec": (1010, 6_500_000_000)}
    check(subject, 2)
    assert (stats.program_runs, stats.program_seconds) == ({"on_exec": 10}, {"on_exec": 1.5})
    successor = FakeRing()
    successor.ran = {"on_exec": (0, 0)}
    ring.attached, subject.ring = False, successor
    check(subject, 1)
    successor.ran = {"on_exec": (2, 500_000_000)}
    check(subject, 1)
    assert (stats.program_runs, stats.program_seconds) == ({"on_exec": 12}, {"on_exec": 2.0})


@pytest.fixture
def counting_kernel() -> Iterator[None]:
    """Programs of the kernel are timed, as long as the test takes."""
    switch = Path("/proc/sys/kernel/bpf_stats_enabled")
    before = switch.read_text() if switch.exists() else ""
    try:
        switch.write_text("1")
    except OSError as error:
        pytest.skip(f"kernel.bpf_stats_enabled cannot be set: {error.strerror}")
    yield
    switch.write_text(before)


@needs_probe
@pytest.mark.usefixtures("counting_kernel")
def test_the_kernel_measures_what_the_probes_programs_cost() -> None:
    with loaded() as ring:
        subject = Subject(ring, ProcFS())
        for _ in range(20):
            subprocess.run(["/bin/true"], check=True)
        check(subject, 1)
        stats = subject.stats.probe
    assert set(stats.program_runs) == set(layout.PROGRAMS)
    assert min(stats.program_runs.values()) >= 20
    assert all(0 < seconds / stats.program_runs[name] < 0.01 for name, seconds in stats.program_seconds.items())

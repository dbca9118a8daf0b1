"""Which processes have ended, as far as the kernel and /proc show it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensor.process.procfs import ProcFS
from sensor.process.program import Key
from sensor.process.table import ProcessTable
from sensor.stats import ProcessStats
from tests.support.fake_host import BOOTED, FakeHost
from tests.support.observations import observation, process_start

NOBODY = 1 << 22  # no kernel gives this pid
BASH = "/usr/bin/bash"


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    """One whose /proc has the pids that this process knows."""
    host = FakeHost(tmp_path)
    (host.root / "self").symlink_to(str(os.getpid()))
    host.process(1, 0, "/sbin/init", start=1)
    return host


def table_of(host: FakeHost) -> ProcessTable:
    table = ProcessTable(ProcFS(str(host.root)), ProcessStats(), 100)
    table.calibrate(BOOTED)
    return table


def event(pid: int, at: float, is_exec: bool = False):
    return observation(pid, 1, "bash", BASH, f"event {at}", BOOTED + at, is_exec)


@pytest.mark.parametrize("pid", [NOBODY, (1 << 31) - 1, 1 << 31, 1 << 63])
@pytest.mark.parametrize("used_again", [False, True])
def test_one_that_was_gone_when_its_first_event_was_read_has_ended_by_the_next_look(host, pid, used_again):
    table = table_of(host)
    process = table.observe(event(pid, 60, is_exec=True))
    if used_again:  # what /proc shows now is another
        host.process(pid, 1, BASH, start=6050)
    table.sweep(BOOTED + 61)
    assert process.ended == 61
    assert table.observe(event(pid, 60.9)) is process  # which was still on its way
    assert table.observe(event(pid, 62)) is not process


def test_it_is_forgotten_like_any_other(host):
    table = table_of(host)
    table.observe(event(NOBODY, 60))
    table.sweep(BOOTED + 61)
    table.sweep(BOOTED + 90)
    assert table.current(NOBODY) is None


def test_one_that_proc_hides_has_not_ended(host):
    """As with hidepid=2 of proc(5), or where a security module answers."""
    table = table_of(host)
    process = table.observe(event(os.getpid(), 60))
    table.sweep(BOOTED + 61)
    assert process.ended is None


def test_one_that_began_after_its_pid_was_looked_for_has_not_ended(host):
    table = table_of(host)
    assert table.find(NOBODY, BOOTED + 60) is None
    up = 1, Key(4026531836, 1, 1)
    process = table.born(process_start(NOBODY, Key(4026531836, 6050, 5), 60.5, "", up, up))
    table.sweep(BOOTED + 61)
    assert process.ended is None


def test_a_number_that_is_of_no_process_here_is_looked_for_in_a_proc_of_other_pids(tmp_path):
    """That of another pid namespace, where we have another number, or none."""
    host = FakeHost(tmp_path)
    host.process(NOBODY, 1, BASH)
    table = table_of(host)
    process = table.observe(event(NOBODY, 60))
    assert process.program.key is not None
    table.sweep(BOOTED + 61)
    assert process.ended is None


def test_of_more_than_the_table_holds_none_lives_on(host):
    table = table_of(host)
    for number in range(150):
        table.observe(event(NOBODY + number, 60))
    table.sweep(BOOTED + 61)
    assert [process.pid for process in table.living()] in ([], [1])  # the parent of all of them

"""No process can make the sensor wait by letting /proc not answer; a FIFO without a writer stands for such a file."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Callable

import pytest

from sensor.process.containers import ContainerNames
from sensor.process.files import ProcFiles
from sensor.process.host_paths import HostPaths
from sensor.process.looks import MOST_STUCK, OPEN, Looks
from sensor.process.procfs import ProcFS
from sensor.process.program import Key, Process, Program
from sensor.process.roots import HOST
from sensor.process.table import ProcessTable
from sensor.stages.cgroup import Cgroups
from sensor.stages.options import CgroupOptions
from sensor.stats import ProcessStats
from tests.support.fake_host import BOOTED, FakeHost
from tests.support.observations import observation

BASH = "/usr/bin/bash"
ROOT = Path(__file__).resolve().parents[2]
SOON = 1.0
"""Seconds within which the answer that there is none must be there; a look is waited for 0.05."""


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    host = FakeHost(tmp_path)
    host.process(1, 0, "/sbin/init", start=1)
    host.process(42, 1, BASH, cgroup="0::/system.slice/ssh.service\n")
    host.process(43, 1, BASH)
    return host


def held(host: FakeHost, pid: int = 42) -> Callable[[], None]:
    """Keep who reads its stat waiting, until what is returned is called."""
    path = host.root / str(pid) / "stat"
    host.hold(pid, "stat")

    def let_go() -> None:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        path.unlink()
        host.process(pid, 1, BASH)

    return let_go


def event(pid: int, at: float = 60.0, exe: str = BASH, is_exec: bool = False):
    return observation(pid, 1, exe.rpartition("/")[2], exe, f"event {at}", BOOTED + at, is_exec)


def program(pid: int = 42) -> Program:
    made = Program(pid, 1, "bash", BASH)
    made.key = Key(4026531836, 5000, pid)
    return made


def soon(condition: Callable[[], object]) -> None:
    """Wait for a thread to come back."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_on(release: threading.Event) -> str:
    release.wait(20)
    return "late"


def begun(before: set[threading.Thread]) -> set[threading.Thread]:
    """The threads that are there now and were not before, while some of other tests end."""
    return {thread for thread in threading.enumerate() if thread.name == "looks"} - before


def test_what_a_look_finds_is_the_answer() -> None:
    assert Looks().look(42, str.upper, "a") == "A"


def test_what_a_look_raises_is_raised() -> None:
    looks = Looks()
    with pytest.raises(ValueError, match="invalid literal"):
        looks.look(42, int, "a")
    assert looks.look(42, int, "7") == 7


def test_a_late_answer_is_no_other_look_s() -> None:
    looks, release = Looks(), threading.Event()
    assert looks.look(42, wait_on, release) is OPEN
    assert looks.is_open(42)
    assert looks.look(42, str.upper, "a") is OPEN  # without a thread for it
    assert looks.look(43, str.upper, "b") == "B"
    assert not looks.is_open(43)
    release.set()
    soon(lambda: looks.look(42, str.upper, "a") == "A")
    assert not looks.is_open(42)


def test_no_more_threads_are_left_than_that(caplog: pytest.LogCaptureFixture) -> None:
    looks, release = Looks(), threading.Event()
    before = set(threading.enumerate())
    start = time.monotonic()
    pid = 100
    with caplog.at_level(logging.WARNING):
        while "do not let /proc answer" not in caplog.text:
            assert looks.look(pid, wait_on, release) is OPEN
            pid += 1
            time.sleep(0.01)
            assert time.monotonic() - start < 20
        for other in range(pid, pid + 50):
            assert looks.look(other, str.upper, "a") is OPEN
    assert len(begun(before)) == MOST_STUCK
    assert len(caplog.records) == 1
    release.set()
    soon(lambda: looks.look(7, str.upper, "a") == "A")
    soon(lambda: len(begun(before)) == 1)


def test_no_more_than_a_share_of_the_time_is_waited() -> None:
    looks, release = Looks(most_stuck=1000), threading.Event()
    start = time.monotonic()
    for pid in range(200):
        assert looks.look(pid, wait_on, release) is OPEN
    assert time.monotonic() - start < SOON
    release.set()


def test_no_thread_begins_while_that_is_forbidden() -> None:
    looks, before = Looks(), set(threading.enumerate())
    looks.hold()
    assert looks.look(42, str.upper, "a") is OPEN
    assert begun(before) == set()
    looks.release()
    assert looks.look(42, str.upper, "a") == "A"


def test_an_ended_process_costs_no_thread(host: FakeHost) -> None:
    host.end(1)  # the parent of the others, which else would be looked at
    before = set(threading.enumerate())
    files, asked = ProcFiles(host.proc), program(77)
    assert (host.proc.stat_in_time(77), host.proc.entry_in_time(77, True), host.proc.view_in_time(77)) == (None,) * 3
    assert (files.lives(asked), files.runs(asked), files.read(asked, "stat")) == (False, False, None)
    table = ProcessTable(host.proc, ProcessStats())
    table.calibrate(BOOTED)
    assert table.observe(event(77)).program.key is None
    table.sweep(BOOTED + 61)
    table.learn_names(program(77))
    assert not table.recall(asked, None)
    assert begun(before) == set()


def test_an_event_of_it_goes_on_and_it_is_known_once_it_answers(host: FakeHost) -> None:
    let_go = held(host)
    start = time.monotonic()
    process = host.table.observe(event(42))
    assert (process.program.key, process.unidentified) == (None, "no_probe")
    assert host.table.observe(event(43)).program.key == Key(4026531836, 5000, 43)
    assert time.monotonic() - start < SOON
    let_go()
    soon(lambda: host.table.observe(event(42, 61.0)).program.key)
    assert host.table.observe(event(42, 62.0)) is process
    assert (process.program.key, process.program.source) == (Key(4026531836, 5000, 42), "proc")
    assert (process.unidentified, process.settled, process.program.started) == ("", True, 50.0)


def test_another_process_that_has_the_pid_by_then_is_not_taken_for_it(host: FakeHost) -> None:
    let_go = held(host)
    process = host.table.observe(event(42))
    let_go()
    host.process(42, 1, BASH, start=9000)
    soon(lambda: host.table.observe(event(42, 61.0)).settled)
    assert process.program.key is None


def test_the_sweep_does_not_end_it(host: FakeHost) -> None:
    process, other = host.table.observe(event(42)), host.table.observe(event(43))
    let_go = held(host)
    host.end(43)
    start = time.monotonic()
    for second in range(61, 66):
        host.table.sweep(BOOTED + second)
    assert time.monotonic() - start < SOON
    assert (process.ended, other.ended is not None) == (None, True)
    let_go()
    soon(lambda: host.proc.stat_in_time(42) != OPEN)
    host.end(42)
    host.table.sweep(BOOTED + 66)
    host.table.sweep(BOOTED + 67)
    assert process.ended is not None


def test_the_others_are_looked_at_beside_it_in_one_look(host: FakeHost) -> None:
    for pid in range(100, 300):
        host.process(pid, 1, BASH)
    pids = [*range(100, 300), 301]
    found = host.proc.stats_in_time(pids)
    assert [stat for stat in found if stat is not None] == [host.proc.stat(pid) for pid in pids[:-1]]
    assert found[-1] is None
    let_go = held(host, 150)
    found = host.proc.stats_in_time(pids)
    assert [pid for pid, stat in zip(pids, found) if stat is OPEN] == [150]
    assert (found[-1], found[0]) == (None, host.proc.stat(100))
    let_go()
    soon(lambda: OPEN not in host.proc.stats_in_time(pids))


def test_an_exec_of_it_is_taken_in(host: FakeHost) -> None:
    process = host.table.observe(event(42))
    let_go = held(host)
    assert host.table.observe(event(42, 61.0, "/usr/bin/ls", is_exec=True)) is process
    assert process.program.exe == "/usr/bin/ls"
    let_go()


def test_a_state_of_it_is_not_taken_over_and_the_next_one_is(host: FakeHost) -> None:
    let_go = held(host)
    start = time.monotonic()
    assert not host.table.recall(program(42), None)
    assert host.table.recall(program(43), None)
    assert time.monotonic() - start < SOON
    let_go()


def test_its_names_are_learnt_later(host: FakeHost) -> None:
    let_go, asked = held(host), Program(42, 1, "", "")
    asked.key = Key(4026531836, 5000, 42)
    host.table.learn_names(asked)
    assert (asked.exe, asked.named) == ("", False)
    let_go()
    soon(lambda: host.table.learn_names(asked) or asked.named)
    assert (asked.comm, asked.exe) == ("bash", BASH)


def test_nothing_is_remembered_of_where_it_runs(host: FakeHost) -> None:
    cgroups = Cgroups(CgroupOptions(), ProcFiles(host.proc), ContainerNames())
    process = host.table.observe(event(42))
    let_go, version = held(host), process.version
    assert cgroups.describe(process) == {}
    assert process.program.place is None
    assert process.version != version  # so that what was shown is not shown again
    let_go()
    soon(lambda: cgroups.describe(process))
    assert cgroups.describe(process)["systemd_service"] == ["ssh"]


def test_its_root_is_found_later(host: FakeHost) -> None:
    for pid in (1, 42):
        host.view(pid)
    paths, process = HostPaths(host.table, host.proc), Process(program(), 60.0)
    let_go = held(host)
    paths.begin_chunk()
    assert not paths.paths_hold(process)
    assert process.root is None
    let_go()
    soon(lambda: paths.paths_hold(process))
    assert process.root is HOST


ENDS = """
import os, sys
from sensor.process.looks import OPEN
from sensor.process.procfs import ProcFS
assert ProcFS(sys.argv[1]).stat_in_time(42) is OPEN
print("ends", flush=True)
"""


def test_a_program_ends_with_a_look_that_does_not(host: FakeHost) -> None:
    held(host)
    ended = subprocess.run(
        [sys.executable, "-c", ENDS, str(host.root)], cwd=ROOT, timeout=20, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "ends\n"


def test_our_own_process_answers() -> None:
    proc = ProcFS()
    assert proc.stat_in_time(os.getpid()) == proc.stat(os.getpid())
    assert proc.entry_in_time(os.getpid(), True) == proc.entry(os.getpid())
    assert proc.view_in_time(os.getpid()) == proc.view(os.getpid())

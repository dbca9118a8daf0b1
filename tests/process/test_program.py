"""Processes and their programs: execs, those that audit did not report, and what ran at a time."""

from __future__ import annotations

import tracemalloc

import pytest

from sensor.process.program import Exec, Key, Process, Program, Script

KEY = Key(1, 5000, 100)


def process(started: float = 50.0) -> Process:
    program = Program(100, 1, "bash", "/bin/bash")
    program.key, program.source, program.started = KEY, "probe", started
    return Process(program, started)


def test_a_program_takes_little_memory():
    """There is one for each living process: 300 bytes of it are 15 MB of 50,000."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        programs = [Program(pid, 1, "bash", "/bin/bash") for pid in range(1000, 2000)]
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken / len(programs) < 350


def test_a_successor_is_the_same_process():
    program = process().program
    program.script, program.labels = Script("/x.sh", False), frozenset(["x"])
    after = program.successor("ls", "/bin/ls", "id")
    assert (after.pid, after.ppid, after.key, after.source, after.started) == (100, 1, KEY, "probe", 50.0)
    assert (after.comm, after.exe, after.event_id) == ("ls", "/bin/ls", "id")
    assert (after.script, after.labels, after.command, after.place) == (None, None, None, None)


def test_an_exec_is_spawned_by_the_program_before():
    subject = process()
    subject.settled, version = True, subject.version
    first = subject.program
    subject.run("ls", "/bin/ls", "id", 60.0)
    assert (subject.spawned_by, subject.program.exe, subject.program.began) == (first, "/bin/ls", 60.0)
    assert (subject.settled, subject.version > version) == (False, True)


def test_no_two_states_of_processes_have_one_version():
    one, other = process(), process()
    versions = [one.version, other.version]
    for subject in (one, other, one):
        subject.changed()
        versions.append(subject.version)
    assert len(set(versions)) == 5


def test_the_first_exec_after_a_fork_is_spawned_by_who_forked():
    subject, shell = process(), Program(1, 0, "sh", "/bin/sh")
    subject.forked, subject.spawned_by = True, shell
    subject.run("ls", "/bin/ls", "id", 60.0)
    assert subject.spawned_by is shell
    subject.run("cat", "/bin/cat", "id", 61.0)
    assert subject.spawned_by is not None
    assert subject.spawned_by.exe == "/bin/ls"


@pytest.mark.parametrize(
    ("time", "exe"), [(49.0, "/bin/bash"), (55.0, "/bin/bash"), (60.0, "/bin/1"), (61.5, "/bin/2"), (99.0, "/bin/3")]
)
def test_the_program_at_a_time(time, exe):
    subject = process()
    for number in (1, 2, 3):
        subject.run(str(number), f"/bin/{number}", "id", 59.0 + number)
    assert subject.program_at(time).exe == exe


def test_only_the_last_programs_are_remembered():
    subject = process()
    for number in range(20):
        subject.run("x", f"/bin/{number}", "id", 60.0 + number)
    assert [program.exe for program in subject.earlier] == ["/bin/15", "/bin/16", "/bin/17", "/bin/18"]


def test_an_exec_that_the_probe_saw_is_reported_by_audit_a_little_before():
    subject = process()
    execs = [Exec(60.2, "x"), Exec(61.2, "y"), Exec(61.3, "x"), Exec(62.2, "x")]
    for exec in execs:
        subject.executed(exec)
    subject.run("x", "/bin/x", "id", 61.1)
    assert subject.program.began == 61.3
    assert [subject.missed(exec) for exec in execs] == [True, True, False, True]
    assert not any(subject.missed(exec) for exec in execs)


@pytest.mark.parametrize(("counted", "kept"), [(True, 20), (False, 8)])
def test_execs_that_nobody_counts_are_few(counted, kept):
    subject = process()
    execs = [Exec(60.0 + number, "x") for number in range(20)]
    for exec in execs:
        subject.executed(exec, counted)
    assert subject.execs == execs[-kept:]


def test_an_exec_is_awaited_by_name_and_not_from_before_the_event():
    subject = process()
    first, second = Exec(60.2, "x"), Exec(61.2, "y")
    subject.executed(first)
    subject.executed(second)
    assert subject.awaited("y", 60.0) is subject.awaited(None, 61.0) is second
    assert subject.awaited("x", 61.0) is subject.awaited("z", 60.0) is subject.awaited(None, 61.3) is None


def test_names_that_it_had_and_will_have():
    subject = process()
    subject.run("ls", "/bin/ls", "id", 60.0)
    subject.executed(Exec(61.0, "cat"))
    assert [name for name in ("bash", "ls", "cat", "vi", "") if subject.has_run(name)] == ["bash", "ls", "cat"]


@pytest.mark.parametrize(("exe", "same"), [("", True), ("/bin/bash", False)])
def test_a_program_is_noticed(exe, same):
    subject = process()
    subject.program.exe = exe
    program = subject.program
    subject.switch_program("ls", "/bin/ls", "id")
    assert (subject.program is program) is same
    assert (subject.program.comm, subject.program.exe) == ("ls", "/bin/ls")


def test_kin_are_met_as_they_were_at_the_fork():
    parent, child = process(10.0), process(50.0)
    forked_by = parent.program
    parent.run("new", "/bin/new", "id", 55.0)
    child.forked, child.spawned_by, child.unresolved_parents = True, parent.program, (parent, parent)
    child.resolve_parents()
    assert (child.parent, child.spawned_by, child.unresolved_parents) == (forked_by, forked_by, None)

"""A command line is learnt from the exec, read from /proc, or that of the program that forked; and it is bounded."""

from __future__ import annotations

import pytest

from sensor.audit.argv import arguments_of
from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.process.command import UNKNOWN, Commands
from sensor.process.command_line import Command
from sensor.process.files import ProcFiles
from sensor.process.program import Key, Program
from sensor.redact import Options as RedactOptions
from sensor.redact import Redactor
from tests.support.fake_host import FakeHost


def execve(body, **options):
    return RecordDecoder(TransformOptions(**options), (), 100).decode("EXECVE", body).body


def program(pid=42, exe="/usr/bin/bash", ticks=5000):
    made = Program(pid, 1, "bash", exe)
    made.key = Key(4026531836, ticks, pid)
    return made


@pytest.mark.parametrize(
    ("body", "options", "limit", "words", "skipped"),
    [
        ('argc=3 a0="sh" a1="-c" a2=6120620063', {}, 100, ("sh", "-c", "a b\0c"), 0),
        ('argc=2 a0="sh" a1="-c"', {"execve_argv": ("string",)}, 100, ("sh", "-c"), 0),
        ('argc=3 a0="sh" a2="x"', {}, 100, ("sh", "", "x"), 0),
        ('argc=3 a0="sh" a1="abcdef" a2="x"', {}, 6, ("sh", "abc"), 4),
        ('argc=3 a0="sh" a1="abc" a2="x"', {}, 7, ("sh", "abc"), 1),
        ('argc=3 a0="sh" a1="" a2=""', {}, 4, ("sh", ""), 0),
        ("argc=0", {}, 100, (), 0),
        (
            'argc=4 a0="sh" a1="aaaaaaaaaa" a2="bbbbbbbbbb" a3="c"',
            {"execve_argv_limit_bytes": 6},  # is about what EXECVE shows
            100,
            ("sh", "aaaaaaaaaa", "bbbbbbbbbb", "c"),
            0,
        ),
        (f'argc=2 a0="sh" a1="{"x" * 1000}"', {}, 8, ("sh", "xxxxx"), 995),
    ],
)
def test_an_exec_shows_the_command_line(body, options, limit, words, skipped):
    commands = Commands(ProcFiles(None), arguments_of, limit)
    program_ = program()
    commands.learn(program_, execve(body, **options))
    learnt = commands.of(program_)
    assert (learnt.words, learnt.inherited) == (words, False)
    assert learnt.skipped >= skipped
    assert bool(learnt.skipped) == bool(skipped)
    assert commands.of(program_) == learnt


@pytest.mark.parametrize(
    ("cmdline", "limit", "expected"),
    [
        ("perl\0-e\0print 1\0", 100, Command(("perl", "-e", "print 1"), 0, False)),
        ("nginx: worker", 100, Command(("nginx: worker",), 0, False)),  # it wrote over its arguments
        ("perl\0\0", 100, Command(("perl", ""), 0, False)),
        ("perl\0-e\0print 1\0", 8, Command(("perl", "-e"), 1, False)),
        ("", 100, UNKNOWN),
    ],
)
def test_a_process_that_was_there_before_is_asked(tmp_path, cmdline, limit, expected):
    host = FakeHost(tmp_path)
    host.process(42, 1, "/usr/bin/perl", cmdline=cmdline)
    assert Commands(ProcFiles(host.proc), arguments_of, limit).of(program(exe="/usr/bin/perl")) == expected


@pytest.mark.parametrize(
    ("cmdline", "limit", "expected"),
    [
        ("x\0--pw\0foo\0y\0", 100, Command(("x", "--pw", "***", "y"), 0, False)),
        ("x\0pw=foo\0", 7, Command(("x", "pw=**"), 1, False)),  # cut behind, and never within a secret
        ("x\0://me:foobar@h\0", 11, Command(("x", "://me:***"), 0, False)),
    ],
)
def test_a_command_line_that_is_read_has_no_secrets(tmp_path, cmdline, limit, expected):
    rules = {"a": r"pw[=\0]([^\0]+)", "url": r"://[^\0/:@\x1a]*:([^\0/@\x1a]+)[@\x1a]"}
    redactor = Redactor(RedactOptions(rules=rules), b"", {})
    host = FakeHost(tmp_path)
    host.process(42, 1, "/usr/bin/perl", cmdline=cmdline)
    commands = Commands(ProcFiles(host.proc), arguments_of, limit, redactor.command)
    assert commands.of(program(exe="/usr/bin/perl")) == expected
    assert Commands(ProcFiles(host.proc), arguments_of, limit).of(program(exe="/usr/bin/perl")) != expected


def test_the_command_line_of_the_next_program_is_not_taken_for_it(tmp_path):
    """A child of bash made an event, then executed perl before that event was read."""
    host = FakeHost(tmp_path)
    host.process(42, 1, "/usr/bin/perl", cmdline="perl\0")
    commands = Commands(ProcFiles(host.proc), arguments_of, 100)
    parent = program(41)
    commands.learn(parent, execve('argc=1 a0="bash"'))
    assert commands.of(program(), parent) == Command(("bash",), 0, True)


@pytest.mark.parametrize(("exe", "inherits"), [("/usr/bin/bash", True), ("/usr/bin/ls", False)])
def test_a_child_that_executed_nothing_has_its_parents(exe, inherits):
    commands = Commands(ProcFiles(None), arguments_of, 100)
    parent = program()
    commands.learn(parent, execve('argc=1 a0="bash"'))
    child = commands.of(program(43, exe), parent)
    assert child == (Command(("bash",), 0, True) if inherits else UNKNOWN)


def test_the_same_command_line_is_kept_once():
    commands = Commands(ProcFiles(None), arguments_of, 100)
    first, second = program(42), program(43)
    for one in first, second:
        commands.learn(one, execve('argc=1 a0="ls"'))
    assert commands.of(first) is commands.of(second)


def test_a_long_command_line_is_not_kept_whole():
    kept = program()
    Commands(ProcFiles(None), arguments_of, 100).learn(kept, execve(f'argc=1 a0="{"x" * 100_000}"'))
    assert kept.command is not None
    assert kept.command.skipped == 99_900

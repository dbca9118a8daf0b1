"""CMDLINE on every event, PARENT_INFO as LAUREL's first releases had it."""

from __future__ import annotations

import pytest

from sensor.audit.argv import arguments_of
from sensor.process.command import Commands
from sensor.process.files import ProcFiles
from sensor.process.program import Key
from sensor.stages.command import CommandLines
from sensor.stages.options import CommandOptions
from tests.support.fake_host import BOOTED, FakeHost, event, exec_event, syscall
from tests.support.observations import process_start
from tests.support.waiting import eventually


@pytest.fixture
def host(tmp_path):
    host = FakeHost(tmp_path)
    host.process(42, 1, "/usr/bin/bash", start=12345, cmdline="bash\0-l\0")
    return host


@pytest.fixture
def run(host):
    def run(*events, prefix="", limit=1024, cmdline=True, spawned_by=True):
        lines = CommandLines(
            CommandOptions(cmdline_bytes=limit),
            Commands(ProcFiles(host.proc), arguments_of, 4096),
            host.proc.host(BOOTED),
            lambda _: host.table,
        )
        stages = [
            host.identity(prefix=prefix, spawned_by=spawned_by),
            lines.learn,
            *([lines.add_cmdline] if cmdline else []),
            lines.add_parent_info,
        ]
        return host.run(stages, *events, prefix=prefix)

    return run


def test_every_event_of_a_program_has_its_command_line(run):
    lines = run(
        event(syscall(42, 1, "/usr/bin/bash")),
        exec_event(43, 42, "/usr/bin/ls", ["ls", "a b"]),
        event(syscall(43, 42, "/usr/bin/ls")),
        event(syscall(44, 42, "/usr/bin/bash")),
        event("USER_ACCT pid=9 uid=0"),
    )
    reported = [
        (line.get("SYSCALL", {}).get("CMDLINE"), line.get("SYSCALL", {}).get("CMDLINE_SOURCE")) for line in lines
    ]
    assert reported == [
        (["bash", "-l"], "observed"),
        (["ls", "a b"], "observed"),
        (["ls", "a b"], "observed"),
        (["bash", "-l"], "inherited"),
        (None, None),
    ]


@pytest.mark.parametrize("cmdline", [True, False])
def test_a_command_line_that_the_process_does_not_let_go_is_there_later(host, cmdline):
    """Nothing is remembered before; the stages stay the same."""
    commands = Commands(ProcFiles(host.proc), arguments_of, 4096)
    lines = CommandLines(CommandOptions(), commands, host.proc.host(BOOTED), lambda _: host.table)
    provisional = []
    stages = [host.identity(), lines.add_cmdline if cmdline else lines.add_parent_info]
    pid, ppid = (42, 1) if cmdline else (43, 42)
    host.process(43, 42, "/usr/bin/ls")
    give = host.hold(42, "cmdline")

    def shown():
        (line,) = host.run(
            [*stages, lambda made: provisional.append(made.provisional)], event(syscall(pid, ppid, "/x"))
        )
        return line["SYSCALL"].get("CMDLINE") if cmdline else line["PARENT_INFO"].get("ARGV")

    host.process(42, 1, "/x", start=12345)
    assert (shown(), provisional) == (None, [True])
    give("bash\0-l\0")
    assert eventually(lambda: shown() == ["bash", "-l"])
    assert not provisional[-1]


def test_a_long_command_line_shows_what_is_left_out(run):
    (line,) = run(exec_event(43, 42, "/usr/bin/ls", ["ls", "abcdef"]), limit=6)
    assert (line["SYSCALL"]["CMDLINE"], line["SYSCALL"]["CMDLINE_SKIPPED"]) == (["ls", "abc"], 3)


def test_the_parent_is_reported_at_the_top(run):
    (line,) = run(exec_event(43, 42, "/usr/bin/ls", ["ls"]))
    guid = line["SYSCALL"]["PPID"]["GUID"]
    assert line["PARENT_INFO"] == {
        "ARGV": ["bash", "-l"],
        "ARGV_SOURCE": "observed",
        "launch_time": BOOTED + 123.45,
        "ppid": 1,
        "comm": "bash",
        "exe": "/usr/bin/bash",
        "GUID": guid,
        "GUID_SOURCE": "proc",
    }


def test_a_parents_program_was_launched_at_its_exec(run):
    first, second = run(exec_event(43, 42, "/usr/bin/make", ["make"]), exec_event(44, 43, "/usr/bin/cc", ["cc"]))
    launched = float(first["ID"].partition(":")[0])
    assert (second["PARENT_INFO"]["launch_time"], second["PARENT_INFO"]["ARGV"]) == (launched, ["make"])


def test_a_parent_that_executed_nothing_has_its_own_parents_command_line(run):
    """A subshell that is gone: it was forked and ran a program of its own."""
    subshell = event(syscall(43, 42, "/usr/bin/bash"))
    _, child = run(subshell, exec_event(44, 43, "/usr/bin/ls", ["ls"]), cmdline=False)
    assert child["PARENT_INFO"]["ARGV"] == ["bash", "-l"]
    assert child["PARENT_INFO"]["ARGV_SOURCE"] == "inherited"


def test_of_a_parent_that_nobody_knows_nothing_is_reported(run):
    (line,) = run(exec_event(43, 41, "/usr/bin/ls", ["ls"]))
    assert "PARENT_INFO" not in line


def test_keys_bear_the_prefix(run):
    (line,) = run(exec_event(43, 42, "/usr/bin/ls", ["ls", "abcdef"]), prefix="x_", limit=6)
    assert {"x_cmdline", "x_cmdline_skipped", "x_cmdline_source"} <= line["SYSCALL"].keys()
    assert "x_parent_info" in line


def test_a_parent_that_only_the_probe_has_seen_is_called_as_proc_has_it(run, host):
    """The probe reports no path of the image."""
    parent, child = Key(4026531836, 12345, 42), Key(4026531836, 20000, 43)
    for pid, key, by in ((42, parent, (0, Key(0, 0, 0))), (43, child, (42, parent))):
        host.table.born(process_start(pid, key, key.ticks / 100, "bash", by, by))
    (line,) = run(exec_event(43, 42, "/usr/bin/ls", ["ls"]), spawned_by=False)
    info = line["PARENT_INFO"]
    assert (info["comm"], info["exe"], info["ARGV"]) == ("bash", "/usr/bin/bash", ["bash", "-l"])

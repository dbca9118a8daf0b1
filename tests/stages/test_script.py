"""SCRIPT is reported by the records of the exec, as the kernel writes them for `#!`, and by nothing else."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from sensor.audit.argv import arguments_of
from sensor.process.command import Commands
from sensor.process.files import ProcFiles
from sensor.stages.command import CommandLines
from sensor.stages.options import CommandOptions
from sensor.stages.script import Scripts
from tests.support.fake_host import BOOTED, FakeHost, exec_event

CORPUS = Path(__file__).parent.parent / "data/corpora/session-mixed.raw.audit.xz"
LD = "/lib64/ld-linux-x86-64.so.2"


def paths(*names):
    return [
        f'PATH item={item} name="{name}" inode={100 + item} dev=fe:00 nametype=NORMAL' if name else
        f"PATH item={item} name=(null) inode={100 + item} dev=fe:00 nametype=NORMAL"
        for item, name in enumerate(names)
    ]  # fmt: skip


@pytest.fixture
def run(tmp_path):
    host = FakeHost(tmp_path)

    def run(*events, prefix=""):
        commands = Commands(ProcFiles(None), arguments_of, 1024)
        lines = CommandLines(CommandOptions(), commands, host.proc.host(BOOTED), lambda _: host.table)
        scripts = Scripts(commands)
        return host.run(
            [host.identity(prefix=prefix), lines.learn, scripts.learn, scripts.show], *events, prefix=prefix
        )

    return run


@pytest.mark.parametrize(
    ("exe", "argv", "names", "script"),
    [
        ("/usr/bin/dash", ["/bin/sh", "./x.sh"], ["./x.sh", "/bin/sh", LD], "/root/x.sh"),
        ("/usr/bin/dash", ["/bin/sh", "-e", "../a/./x.sh", "1"], ["../a/./x.sh", "/bin/sh", LD], "/a/x.sh"),
        ("/usr/bin/dash", ["/bin/sh", "/opt/x.sh"], ["/opt/x.sh", "/bin/sh"], "/opt/x.sh"),  # a static interpreter
        ("/usr/bin/env", ["/usr/bin/env", "python3", "/opt/a"], ["/opt/a", "/usr/bin/env", LD], "/opt/a"),
        # a script whose interpreter is a script
        ("/bin/awk", ["/bin/awk", "-f", "/opt/i", "/opt/x"], ["/opt/x", "/opt/i", "/bin/awk", LD], "/opt/x"),
        # execveat: no record shows which directory descriptor 3 is
        ("/bin/sh", ["/bin/sh", "/dev/fd/3/x.sh"], ["x.sh", "/bin/sh", LD], "/dev/fd/3/x.sh"),
        ("/bin/sh", ["/bin/sh", "/dev/fd/3/../x.sh"], ["../x.sh", "/bin/sh", LD], "/dev/fd/3/../x.sh"),
        ("/usr/bin/perl", ["perl", "x.pl"], ["/usr/bin/perl", LD], None),
        ("/bin/sh", ["/bin/sh", "/bin/sh.x"], ["/bin/sh.x", "/bin/sh", LD], "/bin/sh.x"),  # begins as the program does
        ("/bin/sh", ["/bin/sh", "/bin/s"], ["/bin/s", "/bin/sh", LD], "/bin/s"),
        ("/bin/sh", ["/bin/sh", "/bin/sh"], ["/bin/sh", "/bin/sh", LD], None),
        ("/usr/bin/dash", ["sh", "/opt/x.sh"], ["/bin/sh", LD], None),  # the program is sh
        ("/usr/bin/dash", ["/bin/sh", "/bin/sh"], ["/bin/sh", LD], None),
        ("/usr/bin/busybox", ["ls"], ["/bin/ls", LD], None),  # a symbolic link
        ("/usr/bin/x", ["/usr/bin/x", "/opt/y"], ["/opt/y", LD], None),  # nobody opened argv[0]
        ("/usr/bin/x", [], ["/opt/y", LD], None),
        ("/usr/bin/x", ["/opt/y", "z"], [None, "/opt/y"], None),
        ("/usr/bin/x", ["/opt/y", "z"], [], None),
    ],
)
def test_the_records_show_the_script(run, exe, argv, names, script):
    (line,) = run(exec_event(43, 42, exe, argv, *paths(*names)))
    assert line["SYSCALL"].get("SCRIPT") == script


def test_the_key_bears_the_prefix(run):
    (line,) = run(exec_event(43, 42, "/bin/dash", ["/bin/sh", "/x"], *paths("/x", "/bin/sh")), prefix="x_")
    assert (line["SYSCALL"]["x_script"], line["SYSCALL"]["x_script_source"]) == ("/x", "observed")


def test_a_script_that_asks_for_env_is_that_of_both_programs(run):
    lines = run(
        exec_event(43, 42, "/usr/bin/env", ["/usr/bin/env", "perl", "./x"], *paths("./x", "/usr/bin/env", LD)),
        exec_event(43, 42, "/usr/bin/perl", ["perl", "./x"], *paths("/usr/bin/perl", LD)),
        exec_event(43, 42, "/usr/bin/ls", ["ls", "./x"], *paths("/usr/bin/ls", LD)),
        exec_event(44, 42, "/usr/bin/env", ["env", "perl", "./x"], *paths("/usr/bin/env", LD)),
        exec_event(44, 42, "/usr/bin/perl", ["perl", "./x"], *paths("/usr/bin/perl", LD)),
    )
    assert [line["SYSCALL"].get("SCRIPT") for line in lines] == ["/root/x", "/root/x", None, None, None]
    sources = [line["SYSCALL"].get("SCRIPT_SOURCE") for line in lines]
    assert sources == ["observed", "inherited", None, None, None]


def test_the_scripts_of_a_real_session_are_found(run):
    lines = run(lzma.decompress(CORPUS.read_bytes()).decode("latin-1"))
    reported = {line["SYSCALL"]["SCRIPT"] for line in lines if "SCRIPT" in line.get("SYSCALL", {})}
    pyenv = ("-exec", "-hooks", "-latest", "-prefix", "-version-file", "-version-file-read", "-version-name", "-which")
    own = {"/home/loadgen/p y.py", "/home/loadgen/s.sh", "/root/.pyenv/shims/python3"}
    assert reported == own | {f"/root/.pyenv/libexec/pyenv{name}" for name in ("", *pyenv)}

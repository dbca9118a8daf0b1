"""ENV has the wanted variables of the program that was started, and is missing where they cannot be reported."""

from __future__ import annotations

import time

import pytest

from sensor.options import OptionError
from sensor.process.files import ProcFiles
from sensor.redact import Options as RedactOptions
from sensor.redact import Redactor
from sensor.stages.environment import Environment
from sensor.stages.options import EnvironmentOptions
from tests.support.fake_host import FakeHost, event, exec_event, syscall


@pytest.fixture
def host(tmp_path):
    return FakeHost(tmp_path)


@pytest.fixture
def run(host):
    def run(*events, names=("LD_PRELOAD", "LC_*"), prefix="", strings="percent"):
        environment = Environment(names, ProcFiles(host.proc))
        return host.run([host.identity(prefix=prefix), environment.stage], *events, strings=strings, prefix=prefix)

    return run


@pytest.mark.parametrize(
    ("environ", "names", "expected"),
    [
        ("HOME=/root\0LD_PRELOAD=/tmp/x.so\0", ("LD_PRELOAD",), {"LD_PRELOAD": "/tmp/x.so"}),
        ("LC_ALL=C\0LC_TIME=\0LC=no\0XLC_A=no\0", ("LC_*",), {"LC_ALL": "C", "LC_TIME": ""}),
        ("A=1\0A=2\0", ("A",), {"A": "1"}),
        ("A=b=c\0", ("A",), {"A": "b=c"}),
        ("A.B=1\0AxB=2\0", ("A.B",), {"A.B": "1"}),
        ("A=\xe4\0B\xff=1\0", ("A", "B*"), {"A": "%e4", "B%ff": "1"}),
        ("\xc3\xa4=1\0", ("ä",), {"ä": "1"}),
        ("A=1\0B=2", ("*",), {"A": "1", "B": "2"}),
        ("HOME=/root\0", ("A",), {}),
        ("", ("A",), {}),
    ],
)
def test_wanted_variables_are_reported(host, run, environ, names, expected):
    host.process(43, 42, "/usr/bin/ls", environ=environ)
    (line,) = run(exec_event(43, 42, "/usr/bin/ls", ["ls"]), names=names)
    assert line["EXECVE"] == {"argc": 1, "ARGV": ["ls"], "ENV": expected}


def test_secrets_are_taken_out(host):
    host.process(43, 42, "/usr/bin/ls", environ="DB_PW=foo bar\0B=pw=1\0A=x\0")
    redact = Redactor(RedactOptions(rules={"a": r"(?i)pw=([^\0]+)"}), b"", {}).environment
    environment = Environment(("*",), ProcFiles(host.proc), redact)
    (line,) = host.run([host.identity(), environment.stage], exec_event(43, 42, "/usr/bin/ls", ["ls"]))
    assert line["EXECVE"]["ENV"] == {"DB_PW": "***", "B": "pw=***", "A": "x"}


@pytest.mark.parametrize("exe", ["/chroot/usr/bin/ls", "/usr/bin/ls (deleted)"])
def test_the_same_file_may_have_another_path(host, run, exe):
    host.process(43, 42, exe, environ="LC_ALL=C\0")
    (line,) = run(exec_event(43, 42, "/usr/bin/ls", ["ls"]))
    assert line["EXECVE"]["ENV"] == {"LC_ALL": "C"}


def test_it_may_be_too_late(host, run):
    host.process(44, 42, "/usr/bin/next", environ="LC_ALL=C\0")
    lines = run(
        exec_event(43, 42, "/usr/bin/ls", ["ls"]),  # gone
        exec_event(44, 42, "/usr/bin/ls", ["ls"]),  # runs another program by now
        event(syscall(44, 42, "/usr/bin/ls")),  # no exec
    )
    assert [line.get("EXECVE", {}).get("ENV") for line in lines] == [None, None, None]


def test_an_environment_that_the_process_does_not_let_go_holds_up_nobody(host, run):
    host.process(43, 42, "/usr/bin/ls")
    give = host.hold(43, "environ")
    start = time.monotonic()
    lines = run(exec_event(43, 42, "/usr/bin/ls", ["ls"]), event(syscall(43, 42, "/usr/bin/ls")))
    assert time.monotonic() - start < 2
    assert [line.get("EXECVE") for line in lines] == [{"argc": 1, "ARGV": ["ls"]}, None]
    give("LC_ALL=C\0")


def test_the_key_bears_the_prefix(host, run):
    host.process(43, 42, "/usr/bin/ls", environ="LC_ALL=C\0")
    (line,) = run(exec_event(43, 42, "/usr/bin/ls", ["ls"]), prefix="x_")
    assert line["EXECVE"]["x_env"] == {"LC_ALL": "C"}


@pytest.mark.parametrize("name", ["", "A=B", "A*B", "**"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(OptionError):
        EnvironmentOptions(execve_env=("A", name))


def test_a_hostile_environment_takes_no_time(host, run):
    host.process(43, 42, "/usr/bin/ls", environ="LC_" * 90_000)
    start = time.process_time()
    run(exec_event(43, 42, "/usr/bin/ls", ["ls"]), names=("LC_*", "LC_LC_*", "*"))
    assert time.process_time() - start < 0.2

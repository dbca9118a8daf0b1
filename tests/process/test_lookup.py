"""Processes by pid and by name, and why one has no GUID."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from sensor.process.guid import process_guid
from sensor.process.lookup import Found, look_up
from sensor.process.procfs import ProcFS
from tests.support.fake_host import FakeHost


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    made = FakeHost(tmp_path)
    made.process(100, 1, "/usr/bin/bash")
    return made


def errors(host: FakeHost, *asked: str) -> list[str]:
    return [found.error for found in look_up(asked, ProcFS(str(host.root)))]


def test_a_pid(host: FakeHost) -> None:
    proc = ProcFS(str(host.root))
    seen = proc.entry(100)
    assert seen is not None
    guid = process_guid(proc.boot_id(), seen.namespace, seen.start, seen.tgid)
    assert list(look_up(["100"], proc)) == [Found("100", 100, guid, "bash")]


@pytest.mark.parametrize("pid", ["0", "101", "4194305", "99999999999999999999", "007"])
def test_no_such_pid(pid: str, host: FakeHost) -> None:
    assert errors(host, pid) == ["there is no such process"]


@pytest.mark.parametrize("pid", ["0", "4194305", "2147483648", "99999999999999999999"])
def test_no_such_pid_on_this_host(pid: str) -> None:
    assert [found.error for found in look_up([pid], ProcFS())] == ["there is no such process"]


@pytest.mark.parametrize("file", ["ns/pid", "stat"])
def test_what_cannot_be_read_is_named_with_its_errno(file: str, host: FakeHost) -> None:
    path = host.root / "100" / file
    path.unlink()
    (error,) = errors(host, "100")
    assert error.startswith(f"{path} cannot be read: No such file or directory (ENOENT)")


@pytest.mark.root
def test_another_users_process_is_not_readable() -> None:
    """The kernel's own answer, to a user who may not look into the namespace of pid 1."""
    script = "import sys; from sensor.cli import main; sys.exit(main(['guid', '1']))"
    command = ["setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c", script]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(root)})
    if "No module named 'sensor" in done.stderr:
        pytest.skip("the repository cannot be read by another user")
    assert done.stderr == "host-sensor: 1: /proc/1/ns/pid cannot be read: Permission denied (EACCES); try as root\n"


def test_a_name(tmp_path: Path) -> None:
    program = tmp_path / "a-name-of-its-own"
    shutil.copy("/bin/sleep", program)
    started = [subprocess.Popen([program, "60"]) for _ in range(2)]
    try:
        found: list[Found] = []
        deadline = time.monotonic() + 10
        while len(found) < len(started) and time.monotonic() < deadline:  # exec gives the name after all else
            found = list(look_up([program.name], ProcFS()))
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert sorted(one.pid for one in found) == sorted(process.pid for process in started)
    assert len({one.guid for one in found}) == 2


def test_no_such_name() -> None:
    (found,) = look_up(["no-such-name"], ProcFS())
    assert found.error == "there is no process of this name"


@pytest.mark.parametrize(
    ("comm", "shown"),
    [
        ("a b", "a b"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb", "a\\nb"),
        ("ä".encode().decode("latin-1"), "ä"),
        ("\xff", "\\xff"),
    ],
)
def test_a_name_cannot_write_on_the_terminal(comm: str, shown: str, host: FakeHost) -> None:
    stat = host.root / "100" / "stat"
    text = stat.read_text(encoding="latin-1")
    stat.write_text(text.replace("(bash)", f"({comm})"), encoding="latin-1")
    (found,) = look_up(["100"], ProcFS(str(host.root)))
    assert (found.comm, found.error) == (shown, "")

"""The sensor as the plugin of a real auditd: every program that ran is in the log, and none is there twice.

The load runs `/bin/true load-N` for N = 0, 1, 2, …, so that each event differs from every other.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support import exec_load
from tests.support.audit_session import AuditSession, NoAuditError, alive, wait_until
from tests.support.program import command, write_config

pytestmark = [pytest.mark.live, pytest.mark.root]

EXECS = ["-S execve,execveat -k exec"]
SOCKET = 212_992  # bytes that fit into the socket between auditd and a plugin


@pytest.fixture(params=["raw", "enriched"])
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AuditSession]:
    yield from start(tmp_path, enriched=request.param == "enriched")


@pytest.fixture
def raw_session(tmp_path: Path) -> Iterator[AuditSession]:
    yield from start(tmp_path, enriched=False)


def start(directory: Path, enriched: bool) -> Iterator[AuditSession]:
    config = write_config(directory)
    try:
        with AuditSession(
            command("run", "--config", str(config)), rules=EXECS, enriched=enriched, directory=directory
        ) as session:
            yield session
    except NoAuditError as reason:
        pytest.skip(str(reason))


def log_of(session: AuditSession) -> Path:
    return session.directory / "audit.jsonl"


def load(count: int, per_second: float | None = None) -> list[str]:
    return [sys.executable, exec_load.__file__, str(count), *([str(per_second)] if per_second else [])]


def seen(session: AuditSession) -> Counter[int]:
    """How often each run of the load is in the log; every line that has ended must be JSON."""
    found: Counter[int] = Counter()
    log = log_of(session)
    whole, _, _ = log.read_bytes().rpartition(b"\n") if log.exists() else (b"", b"", b"")
    for line in whole.splitlines():
        arguments = json.loads(line).get("EXECVE", {}).get("ARGV", [])
        if len(arguments) == 2 and str(arguments[1]).startswith("load-"):
            found[int(arguments[1][5:])] += 1
    return found


def missing(found: Counter[int], count: int) -> list[int]:
    return [number for number in range(count) if number not in found]


def repeated(found: Counter[int]) -> list[int]:
    return [number for number, times in found.items() if times > 1]


def blocked_signals(pid: int) -> set[int]:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    mask = int(status["SigBlk"], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def test_exec_storm(session: AuditSession) -> None:
    """5,000 programs as fast as the machine starts them."""
    assert session.run(load(5000)) == 0
    session.drain(log_of(session))

    found = seen(session)
    assert session.lost() == 0
    assert (missing(found, 5000), repeated(found)) == ([], [])


def test_sighup(raw_session: AuditSession) -> None:
    """Reloading auditd and sensor in the middle loses nothing and repeats nothing."""
    (before,) = raw_session.plugin_pids()
    with raw_session.popen(load(2000)) as running:
        while running.poll() is None:
            raw_session.reload()
            time.sleep(0.2)
    raw_session.drain(log_of(raw_session))

    found = seen(raw_session)
    assert raw_session.plugin_pids() == [before]
    assert (missing(found, 2000), repeated(found)) == ([], [])


def test_kill9(raw_session: AuditSession) -> None:
    """A killed sensor is started again by auditd; only what was on its way to it is lost, and nothing is repeated."""
    (before,) = raw_session.plugin_pids()
    with raw_session.popen(load(2000)):
        wait_until(lambda: len(seen(raw_session)) > 500, 30, "the first programs in the log")
        raw_session.signal_plugin(signal.SIGKILL)
    raw_session.drain(log_of(raw_session))

    found = seen(raw_session)
    gone = missing(found, 2000)
    bytes_per_exec = log_of(raw_session).stat().st_size / len(found)
    print(f"killed: {len(gone)} of 2000 lost")
    (after,) = raw_session.plugin_pids()
    assert after != before
    assert blocked_signals(after).isdisjoint({signal.SIGHUP, signal.SIGTERM})  # auditd blocks them
    assert repeated(found) == []
    assert len(gone) <= SOCKET / bytes_per_exec


def test_stop(raw_session: AuditSession) -> None:
    """Stopping auditd sends SIGTERM before the end of input; what is still unread then is read and written."""
    count = 20  # each record takes 768 bytes of the socket, whatever its length: 140 records fit
    assert raw_session.run(["/bin/true", "warm-up"]) == 0
    raw_session.drain(log_of(raw_session))
    (plugin,) = raw_session.plugin_pids()
    os.kill(plugin, signal.SIGSTOP)
    assert raw_session.run(load(count)) == 0
    raw_session.wait_for_backlog()
    time.sleep(0.5)  # until auditd has handed on what it has
    assert len(seen(raw_session)) == 0

    os.kill(plugin, signal.SIGTERM)  # as a service manager does, to the whole group
    os.kill(raw_session.auditd_pid, signal.SIGTERM)
    time.sleep(0.2)
    os.kill(plugin, signal.SIGCONT)
    raw_session.stop()
    wait_until(lambda: not alive(plugin), 10, "the sensor to end")

    found = seen(raw_session)
    assert (missing(found, count), repeated(found)) == ([], [])


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_removal(raw_session: AuditSession, busy: bool) -> None:
    """auditd ends a plugin whose program is gone when it is told to reload, as the package's postrm has it do.

    Its configuration stays, as after `apt remove`. The sensor's process that asks the kernel for losses ends with it.
    """
    assert raw_session.run(["/bin/true", "warm-up"]) == 0
    raw_session.drain(log_of(raw_session))
    sensors = [pid for pid in psutil.pids() if pid != raw_session.auditd_pid and is_of(raw_session, pid)]
    assert len(sensors) == 2
    running = raw_session.popen(load(2000, per_second=300)) if busy else None
    (raw_session.directory / "plugin").unlink()
    subprocess.run(["auditctl", "--signal", "HUP"], check=True)
    try:
        wait_until(lambda: not any(map(alive, sensors)), 10, "the sensor to end")
    finally:
        if running is not None:
            running.kill()
            running.wait()
    wait_until(lambda: not raw_session.plugin_pids(), 10, "auditd's last try to start it to end")
    assert (raw_session.directory / "plugins.d" / "plugin.conf").exists()


def is_of(session: AuditSession, pid: int) -> bool:
    """Whether a process is in the process group of the session's auditd."""
    try:
        return os.getpgid(pid) == session.auditd_pid
    except ProcessLookupError:
        return False


def test_guids_are_those_anybody_can_work_out(raw_session: AuditSession) -> None:
    """The GUID in an event is what `host-sensor guid` says of the process while it lives."""
    with raw_session.popen(["/bin/sleep", "1"]) as running:
        asked = command("guid", str(running.pid), str(os.getpid()))
        lines = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        raw_session.drain(log_of(raw_session))
    (event,) = [
        event
        for event in map(json.loads, log_of(raw_session).read_bytes().splitlines())
        if event.get("EXECVE", {}).get("ARGV") == ["/bin/sleep", "1"]
    ]
    call = event["SYSCALL"]
    assert [call["PID"]["GUID"], call["PPID"]["GUID"]] == [line.split("\t")[1] for line in lines]
    assert (call["PID"]["GUID_SOURCE"], call["PPID"]["GUID_SOURCE"]) == ("proc", "proc")

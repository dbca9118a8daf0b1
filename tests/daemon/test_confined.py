"""A whole sensor under its system call filter: it is on every thread, and all that the sensor does still works."""

from __future__ import annotations

import json
import os
import platform
import re
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.daemon.test_rights import Sensor, event, sensor

__all__ = ["sensor"]
pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(platform.machine() not in {"x86_64", "aarch64"}, reason="no filter for this machine"),
]
Start = Callable[..., Sensor]

STAGE = """
import ctypes, errno, os, threading
from sensor.rights.seccomp import REFUSED
from sensor.tables import arches, syscalls

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
arch = arches.X86_64 if os.uname().machine == "x86_64" else arches.AARCH64
names = {*" ".join(REFUSED.values()).split(), "execve", "bpf"}
calls = {name: number for number, name in syscalls.names(arch).items() if name in names and number < arches.X32_BIT}

def refused():
    found = 0
    for number in calls.values():
        failed = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6) == -1
        found += failed and ctypes.get_errno() == errno.EPERM
    return found

def stage(event):
    counts = [refused()]
    thread = threading.Thread(target=lambda: counts.append(refused()))
    thread.start()
    thread.join()
    event.add("refused", counts == [len(calls)] * 2)
"""


def modes(run: Sensor) -> dict[str, str]:
    """The seccomp mode of each thread, by name and id."""
    found = {}
    for task in Path(f"/proc/{run.process.pid}/task").iterdir():
        status = (task / "status").read_text()
        found[task.name] = re.findall(r"^Seccomp:\t(\d)", status, re.MULTILINE)[0]
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def lines(run: Sensor) -> list[str]:
    files = sorted(run.log.glob("audit.jsonl*"), reverse=True)
    return [line for file in files for line in file.read_text().splitlines()]


def test_every_thread_is_filtered_and_everything_works(sensor: Start, tmp_path: Path) -> None:
    """Custom stage, hashes, groups, rotation, reload, metrics by HTTP and file, readers whom name services know."""
    port = free_port()
    (tmp_path / "refused.py").write_text(STAGE)
    (tmp_path / "refused.py").chmod(0o644)
    sections = {
        "user": "nobody",
        "stages": [str(tmp_path / "*.py")],
        "enrich": {"exe_hash": True, "uid_groups": True, "cmdline": True},
        "auditlog": {"size": 20_000, "generations": 50, "read_users": ["no-such-user"]},
        "metrics": {"listen": f"127.0.0.1:{port}", "textfile": "LOG/sensor.prom"},
        "statusreport_period": 1,
    }
    run = sensor(**sections).started()
    assert set(modes(run).values()) == {"2"}
    assert len(modes(run)) >= 4  # the main loop, the reader, two ways to the metrics
    for number in range(100):
        run.auditd.sendall(event(number, pid=os.getpid(), uid=4242))
    run.wait_for(lambda: len(lines(run)) == 100)
    assert len(list(run.log.glob("audit.jsonl.*"))) >= 1
    assert json.loads(lines(run)[0])["CUSTOM"] == {"refused": True}
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        shown = answer.read().decode()
    assert "\nhost_sensor_system_call_filter 1.0\n" in shown
    assert "\nhost_sensor_user_missing 0.0\n" in shown
    sections["auditlog"] = {**sections["auditlog"], "line_prefix": " "}  # type: ignore[dict-item]
    run.configure(**{**sections, "transform": {"strings": "unicode"}})
    run.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    run.auditd.sendall(event(100))
    run.wait_for(lambda: lines(run)[-1].startswith(' {"ID"'))
    run.wait_for(lambda: "no-such-user: no such user or group" in run.output())
    assert set(modes(run).values()) == {"2"}
    assert run.end() == 0
    assert "host_sensor_events_total 101.0" in (run.log / "sensor.prom").read_text()


@pytest.mark.parametrize(("wanted", "mode"), [(True, "2"), (False, "0")])
def test_one_option_leaves_it_out(sensor: Start, wanted: bool, mode: str) -> None:
    run = sensor(user="nobody", seccomp=wanted, metrics={"listen": "", "textfile": "LOG/sensor.prom"}).started()
    assert set(modes(run).values()) == {mode}
    assert run.end() == 0
    assert f"host_sensor_system_call_filter {int(wanted)}.0" in (run.log / "sensor.prom").read_text()


def test_a_program_is_started_again_and_again(sensor: Start) -> None:
    """One that ends after each line; under the filter, as its parent."""
    program = "| /bin/sh -c 'read line; grep Seccomp: /proc/self/status >> LOG/out; echo \"$line\" >> LOG/out'"
    run = sensor(user="nobody", auditlog={"file": program}).started()
    out = run.log / "out"
    for number in range(3):
        run.auditd.sendall(event(number))
        run.wait_for(lambda number=number: out.exists() and out.read_text().count('{"ID"') == number + 1)
        time.sleep(0.3)
        run.auditd.sendall(event(9))  # finds the program gone
        run.wait_for(lambda number=number: out.read_text().count('{"ID"') >= number + 1)
    assert set(re.findall(r"Seccomp:\t(\d)", out.read_text())) == {"2"}


@pytest.mark.parametrize("seccomp", [True, False])
def test_a_program_that_comes_with_a_reload(sensor: Start, seccomp: bool) -> None:
    """Under the filter it must wait for the next start, and events go on to the log that there is."""
    run = sensor(user="nobody", seccomp=seccomp).started()
    run.configure(user="nobody", seccomp=seccomp, auditlog={"file": "| /usr/bin/tee LOG/out"})
    run.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    run.auditd.sendall(event(1))
    out = run.log / "out"
    if seccomp:
        run.wait_for(lambda: run.written() == [1])
        assert "logs stay as they are: with seccomp" in run.output()
    else:
        run.wait_for(lambda: out.exists() and '{"ID"' in out.read_text())
    assert run.end() == 0


def test_messages_reach_the_log_daemon(sensor: Start) -> None:
    """Over a socket that is opened under the filter, as by a name service."""
    run = sensor(user="nobody", auditlog={"file": "unix:LOG/socket"}).started()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(run.log / "socket"))
        os.chown(run.log / "socket", 65534, 65534)
        server.listen()
        server.settimeout(20)
        run.auditd.sendall(event(1))
        with server.accept()[0] as peer:
            assert peer.recv(100).startswith(b'{"ID"')

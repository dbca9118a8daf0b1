"""The whole sensor while its host's clock is set: a process that lives keeps its GUID, whatever the clock says.

A library before the C library's shifts the wall clock of the sensor alone, by what is in a file; the test stamps its
events by the same clock. CLOCK_BOOTTIME is the host's.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.program import command, write_config

SHIFT = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    char text[32] = {0};
    int file = open(getenv("CLOCK_SHIFT"), O_RDONLY);
    long result = syscall(SYS_clock_gettime, clock, now);

    if (file >= 0 && read(file, text, 31) > 0 && clock == CLOCK_REALTIME)
        now->tv_sec += atol(text);
    close(file);
    return result;
}
"""


class Host:
    """A sensor without a probe, and a process that lives."""

    def __init__(self, folder: Path, shift: int, sensor_events: bool = False) -> None:
        source, self._library, self._shift = folder / "shift.c", folder / "shift.so", folder / "shift"
        source.write_text(SHIFT)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self._library, source], check=True)
        self.log = folder / "audit.jsonl"
        self.set(shift)
        config = write_config(folder, state={"file": None}, sensor_events=sensor_events)
        self._ours, theirs = socket.socketpair()
        environment = {"LD_PRELOAD": str(self._library), "CLOCK_SHIFT": str(self._shift)}
        run = command("run", "--config", str(config))
        self.sensor = subprocess.Popen(run, stdin=theirs, stderr=subprocess.DEVNULL, env=environment)
        theirs.close()
        self.process = subprocess.Popen(["/bin/sleep", "600"])
        self.serial = 0

    def set(self, shift: int) -> None:
        """Set the clock so far from the true time, in seconds."""
        self.now = shift
        new = self._shift.with_suffix(".new")
        new.write_text(str(shift))
        new.replace(self._shift)

    def event(self, shift: int | None = None) -> None:
        """The process acts; `shift`: that of the clock which stamps the event, if not of the one now in force."""
        self.serial += 1
        stamp = time.time() + (self.now if shift is None else shift)
        id = f"{max(stamp, 1) - 0.0005:.3f}:{self.serial}"
        self._ours.sendall(
            f"type=SYSCALL msg=audit({id}): arch=c000003e syscall=257 success=yes exit=3 a0=1 a1=2 a2=0 a3=0 items=0"
            f" ppid={os.getpid()} pid={self.process.pid} auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0"
            f' fsgid=0 tty=pts0 ses=3 comm="sleep" exe="/usr/bin/sleep" subj=unconfined key="x"\n'
            f"type=EOE msg=audit({id}): \n".encode()
        )

    def written(self) -> int:
        return self.log.read_bytes().count(b"\n") if self.log.exists() else 0

    def guids(self) -> list[str | None]:
        """End it all; the GUID of each event."""
        self._ours.close()
        assert self.sensor.wait(30) == 0
        self.process.kill()
        self.process.wait()
        return [json.loads(line)["SYSCALL"]["PID"].get("GUID") for line in self.log.read_text().splitlines()]

    def kill(self) -> None:
        self._ours.close()
        for process in (self.sensor, self.process):
            process.kill()
            process.wait()


@pytest.fixture
def host(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Host]:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    host = Host(tmp_path, *request.param) if isinstance(request.param, tuple) else Host(tmp_path, request.param)
    yield host
    host.kill()


UPTIME = int(time.clock_gettime(time.CLOCK_BOOTTIME))
TO_1970 = -int(time.time())


@pytest.mark.parametrize(
    ("host", "shifts"),
    [
        (0, [-600]),
        (0, [-UPTIME - 3600]),  # before the boot
        (0, [3600]),
        (0, [-600, 0, 3600, -1]),
        (0, [TO_1970 + 100]),
        (86400, [0]),  # it was ahead at boot
        (TO_1970 + UPTIME, [0]),  # a host without a battery
    ],
    indirect=["host"],
    ids=str,
)
def test_a_process_that_lives_keeps_its_guid(host: Host, shifts: list[int]) -> None:
    before = 0
    for shift in [None, *shifts]:
        if shift is not None:
            before = host.now
            host.set(shift)
            host.event(before)  # stamped before the clock was set, read after
        for _ in range(5):
            host.event()
            time.sleep(0.02)
        sent = host.serial
        deadline = time.monotonic() + 20
        while host.written() < sent and time.monotonic() < deadline:
            time.sleep(0.05)
    guids = host.guids()
    assert len(guids) == host.serial
    assert len(set(guids)) == 1
    assert guids[0] is not None


@pytest.mark.parametrize("host", [0], indirect=True)
def test_events_of_a_clock_that_the_sensor_never_saw(host: Host) -> None:
    """It was ahead as they were stamped, and set right before the sensor began."""
    for shift in (3600, 7200, 0):
        host.event(shift)
    guids = host.guids()
    assert len(guids) == 3
    assert len(set(guids) - {None}) == len(set(guids)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("host", [(86400, True)], indirect=True)
def test_what_is_missing_is_counted_though_the_clock_was_set_back(host: Host) -> None:
    """It was ahead at the start; what the kernel numbered and never came is known after its usual time all the same."""
    for shift in (86400, 0):
        host.set(shift)
        host.event()
        time.sleep(1.5)
    host.serial += 3
    host.event()
    deadline = time.monotonic() + 25
    while '"reason":"gap"' not in host.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert '"reason":"gap","unit":"events","count":3' in host.log.read_text()

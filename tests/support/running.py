"""A running `host-sensor run`, fed as auditd feeds a plugin, and the events it is fed with.

the test ── socketpair ──► host-sensor run ──► audit.jsonl
"""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.program import ROOT, write_config

BLOCKED = {
    signal.SIGHUP,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGTERM,
    signal.SIGCHLD,
    signal.SIGCONT,
}
"""What auditd's dispatcher thread leaves blocked in a plugin that it starts again."""


def block_as_auditd_does() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)


def event(number: int, end: bool = True) -> bytes:
    """An event that differs from every other by its exit value."""
    id = f"msg=audit(1700000000.{number % 1000:03}:{number})"
    syscall = (
        f"type=SYSCALL {id}: arch=c000003e syscall=59 success=yes exit={number} a0=1 a1=2 a2=3 a3=4 items=0 ppid=1"
        " pid=2 auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=1"
        ' comm="true" exe="/bin/true" key=(null)\n'
    )
    return (syscall + (f"type=EOE {id}: \n" if end else "")).encode()


def events(first: int, behind: int) -> bytes:
    return b"".join([event(number) for number in range(first, behind)])


class Sensor:
    """A running sensor and the end of the socketpair that auditd would hold.

    prepare: called in the child before it is the sensor.
    """

    def __init__(self, folder: Path, config: Path, prepare: Callable[[], Any] = block_as_auditd_does) -> None:
        self.folder = folder
        self.config = config
        ours, self.auditd = socket.socketpair()
        self.messages = folder / "messages"
        self.textfile = folder / "metrics.prom"
        with ours, self.messages.open("ab") as stderr:
            self.process = subprocess.Popen(
                ["/usr/bin/env", "-i", f"PYTHONPATH={ROOT}", sys.executable, "-m", "sensor", "run", "-c", self.config],
                stdin=ours,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                cwd="/",
                preexec_fn=prepare,  # noqa: PLW1509  no threads here
            )

    def output(self) -> str:
        return self.messages.read_text()

    def wait_for(self, what: Callable[[], Any], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.005)

    def started(self) -> Sensor:
        self.wait_for(lambda: " runs" in self.output())
        return self

    def written(self) -> list[int]:
        """The exit values in all log files, oldest first; every line must be JSON."""
        found = [path for path in self.folder.glob("audit.jsonl*") if path.suffix != ".tmp"]
        files = sorted(found, key=lambda path: -int(path.suffix[1:] if path.suffix[1:].isdigit() else 0))
        lines = b"".join([path.read_bytes() for path in files]).splitlines()
        return [json.loads(line)["SYSCALL"]["exit"] for line in lines]

    def end(self, seconds: float = 60) -> int:
        """End the input and return the exit code."""
        self.auditd.close()
        return self.process.wait(seconds)

    def counters(self) -> dict[str, float]:
        """What its text file says at its end: the name without host_sensor_, with labels, and the value."""
        lines = [line for line in self.textfile.read_text().splitlines() if line.startswith("host_sensor_")]
        pairs = [line[len("host_sensor_") :].rsplit(" ", 1) for line in lines]
        return {name: float(value) for name, value in pairs if not name.partition("{")[0].endswith("_created")}

    def lost_lines(self) -> float:
        """Lines that its counters call lost, of input or of output."""
        counters = self.counters()
        return sum(
            value
            for name, value in counters.items()
            if re.match("output_lost_lines_total|input_dropped_lines_total", name)
        )

    def kill(self) -> None:
        self.auditd.close()
        self.process.kill()
        self.process.wait()


def counting(folder: Path) -> dict[str, Any]:
    """The section `metrics` that lets a sensor leave its counters behind; it costs 14 MB."""
    return {"listen": "", "textfile": str(folder / "metrics.prom")}


@contextmanager
def sensors(folder: Path) -> Iterator[Callable[..., Sensor]]:
    """What starts a sensor with sections of a configuration, or with a configuration file; they end with the test."""
    made: list[Sensor] = []

    def start(config: Path | None = None, **sections: Any) -> Sensor:
        made.append(Sensor(folder, config or write_config(folder, **sections)))
        return made[-1].started()

    yield start
    for each in made:
        each.kill()

"""Who is auditd, kauditd and the sensor, and what they have used."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from sensor.metrics.audit_processes import AuditProcesses, Usage

ROOT = Path(__file__).resolve().parents[2]


class FakeProcess:
    """As much of psutil.Process as is asked for."""

    def __init__(self, pid: int, name: str, ppid: int = 1, uid: int = 0) -> None:
        self.pid, self._name, self._ppid, self._uid = pid, name, ppid, uid
        self.running = True
        self.error: Callable[[], None] = lambda: None

    def name(self) -> str:
        self.error()
        return self._name

    def ppid(self) -> int:
        return self._ppid

    def uids(self) -> Any:
        return SimpleNamespace(real=self._uid)

    def is_running(self) -> bool:
        return self.running

    def cpu_times(self) -> Any:
        self.error()
        return SimpleNamespace(user=self.pid / 10, system=1.0)

    def memory_info(self) -> Any:
        return SimpleNamespace(rss=self.pid * 1000)


AUDITD, KAUDITD, SENSOR = (
    FakeProcess(500, "auditd"),
    FakeProcess(30, "kauditd", ppid=2),
    FakeProcess(os.getpid(), "python3"),
)


def made(search: Callable[[], Iterable[FakeProcess]], pause: float = 60.0) -> AuditProcesses:
    seen: dict[int, FakeProcess] = {}

    def processes() -> Iterator[FakeProcess]:
        for process in search():
            seen[process.pid] = process
            yield process

    return AuditProcesses(processes, pause, lambda pid: seen[pid].name())  # type: ignore[arg-type]


def usage(*processes: FakeProcess) -> dict[str, int]:
    """Name → pid, by the memory that belongs to it."""
    found = made(lambda: processes).usage()
    return {each.process: each.resident_bytes // 1000 for each in found}


def test_what_they_used() -> None:
    assert made(lambda: [AUDITD]).usage() == [Usage("auditd", 51.0, 500_000)]


def test_all_three_are_found() -> None:
    found = usage(FakeProcess(1, "init"), KAUDITD, AUDITD, SENSOR)
    assert found == {"auditd": 500, "kauditd": 30, "host-sensor": os.getpid()}


@pytest.mark.parametrize(
    "other",
    [
        FakeProcess(7, "auditd", uid=1000),
        FakeProcess(7, "kauditd"),
        FakeProcess(7, "kauditd", ppid=1, uid=1000),
        FakeProcess(7, "auditd-helper"),
        FakeProcess(7, "host-sensor"),
    ],
)
def test_a_name_alone_is_no_proof(other: FakeProcess) -> None:
    assert usage(other) == {}
    assert usage(other, AUDITD, KAUDITD)["auditd"] == 500


@pytest.mark.parametrize("error", [psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess])
def test_one_that_cannot_be_read_hides_no_other(error: type[psutil.Error]) -> None:
    def refuse() -> None:
        raise error(7)

    hidden = FakeProcess(7, "auditd")
    hidden.error = refuse
    assert usage(hidden, KAUDITD) == {"kauditd": 30}


def test_a_restarted_auditd_is_found_again_but_not_searched_for_at_every_scrape() -> None:
    searches = []
    processes = [FakeProcess(500, "auditd"), KAUDITD, SENSOR]

    def search() -> list[FakeProcess]:
        searches.append(1)
        return processes

    known = made(search, 0.2)
    assert len(known.usage()) == 3
    assert (len(known.usage()), len(searches)) == (3, 1)
    processes[0].running = False
    processes[0] = FakeProcess(501, "auditd")
    assert len(known.usage()) == 2
    deadline = time.monotonic() + 20
    while len(known.usage()) < 3:
        assert time.monotonic() < deadline
    assert len(searches) < 5


def test_this_host() -> None:
    found = {each.process: each for each in AuditProcesses().usage()}
    mine = psutil.Process()
    assert found["host-sensor"].cpu_seconds == pytest.approx(sum(mine.cpu_times()[:2]), abs=1)
    kernel = [process for process in psutil.process_iter(["name"]) if process.info["name"] == "kauditd"]
    assert ("kauditd" in found) == (bool(kernel) and kernel[0].ppid() == 2)


def test_without_psutil_there_is_no_usage() -> None:
    hide = "import sys; sys.modules['psutil'] = None"
    script = f"{hide}; from sensor.metrics.audit_processes import AuditProcesses; print(AuditProcesses().usage())"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr

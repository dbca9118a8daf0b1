"""CPU time and memory of a program that reads a feed: measured from outside, for the whole process, by the kernel.

Programs are measured in turn, A B A B, so that whatever else the machine does touches both; the middle one of
several runs counts; and what a program costs before it reads anything, seen on a feed of one event, is taken off.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Program:
    """Something that reads a feed and writes a log.

    Attributes:
        name: for the table.
        command: command line; reads standard input.
        log: the file it writes.
    """

    name: str
    command: Sequence[str]
    log: Path


def cpu_seconds(program: Program, feed: Path) -> float:
    """User and system time of one whole run over `feed`, all its threads and children included."""
    for old in program.log.parent.glob(f"{program.log.name}*"):
        old.unlink()
    with feed.open("rb") as source:
        process = subprocess.Popen(
            program.command, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, close_fds=True
        )
        assert process.stderr is not None
        complaint = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{program.name}: {complaint.decode(errors='replace')[-2000:]}"
    return usage.ru_utime + usage.ru_stime


def compare(programs: Sequence[Program], feed: Path, one_event: Path, rounds: int) -> list[float]:
    """Seconds each program needs for `feed` beyond its own start-up; medians of `rounds` runs in turn."""
    whole: list[list[float]] = [[] for _ in programs]
    start: list[list[float]] = [[] for _ in programs]
    for _ in range(rounds):
        for index, program in enumerate(programs):
            start[index].append(cpu_seconds(program, one_event))
            whole[index].append(cpu_seconds(program, feed))
    return [statistics.median(w) - statistics.median(s) for w, s in zip(whole, start)]


def cpu_so_far(pid: int) -> float:
    """User and system time a running process has used, in seconds."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def memory(pid: int) -> tuple[float, float]:
    """Resident memory of a running process in MB (10⁶ bytes): now, and at its highest, which psutil does not know."""
    highest = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert highest is not None
    return psutil.Process(pid).memory_info().rss / 1e6, int(highest[1]) * 1024 / 1e6


def memory_after(program: Program, chunks: Iterable[bytes]) -> tuple[float, float]:
    """Resident memory in MB (10⁶ bytes) once the whole feed is processed: now, and at its highest."""
    process = subprocess.Popen(program.command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    with process.stdin as feed:
        for chunk in chunks:
            feed.write(chunk)
        feed.flush()
        _settle(lambda: cpu_so_far(process.pid))
        measured = memory(process.pid)
    assert process.wait() == 0, f"{program.name} ended with {process.returncode}"
    return measured


def _settle(value: Callable[[], float]) -> None:
    """Wait until `value` has been the same for a second."""
    before = None
    while before != (before := value()):
        time.sleep(1)

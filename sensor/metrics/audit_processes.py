"""CPU and memory of the processes that auditing costs: auditd, the kernel's thread kauditd, and the sensor itself.

    auditd 12.4 s, 3.1 MB · kauditd 5.0 s, 0 B · host-sensor 9.7 s, 36 MB

Read with psutil when the metrics are scraped. A name alone proves nothing, since any user may call a program auditd:
auditd is root's, kauditd is a child of kthreadd (pid 2, kernel/kthread.c). Names are those of /proc/PID/comm: psutil
reads the command line beside a long one, and a process can make who reads that wait (sensor.process.memory_file).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from sensor.process.procfs import ProcFS

if TYPE_CHECKING:
    import psutil

_KTHREADD = 2


class Usage(NamedTuple):
    """What a process has used: CPU in seconds since it started, resident memory in bytes."""

    process: str
    cpu_seconds: float
    resident_bytes: int


class AuditProcesses:
    """The processes, found once and looked for again when one is missing.

    all_processes, comm: list what runs and name it, for tests; psutil's and the kernel's by default.
    pause: seconds between two searches, each of which reads a file for every process of the host.
    """

    def __init__(
        self,
        all_processes: Callable[[], Iterable[psutil.Process]] | None = None,
        pause: float = 60.0,
        comm: Callable[[int], str] | None = None,
    ) -> None:
        self._all_processes = all_processes
        self._comm = comm or ProcFS().comm
        self._pause = pause
        self._known: dict[str, psutil.Process] = {}
        self._next_search = 0.0

    def usage(self) -> list[Usage]:
        """The usage of those that are there; none without psutil."""
        try:
            import psutil
        except ImportError:
            return []
        if len(self._known) < len(_IS_ONE) and time.monotonic() >= self._next_search:
            self._next_search = time.monotonic() + self._pause
            self._search(psutil.Error)
        found = []
        for name, process in list(self._known.items()):
            try:
                if not process.is_running():
                    raise psutil.NoSuchProcess(process.pid)
                times = process.cpu_times()
                found.append(Usage(name, times.user + times.system, process.memory_info().rss))
            except psutil.Error:
                del self._known[name]
        return found

    def _search(self, unreadable: type[Exception]) -> None:
        for process in self._candidates():
            try:
                for name, is_one in _IS_ONE.items():
                    if name not in self._known and is_one(process, self._comm(process.pid)):
                        self._known[name] = process
            except unreadable:  # it has ended, or belongs to another user on a host that hides those
                continue

    def _candidates(self) -> Iterator[psutil.Process]:
        """Every process, the sensor and its parent first: auditd starts its plugins itself."""
        import psutil

        if self._all_processes is not None:
            yield from self._all_processes()
            return
        for pid in (os.getpid(), os.getppid()):
            if psutil.pid_exists(pid):
                yield psutil.Process(pid)
        yield from psutil.process_iter()


_IS_ONE: dict[str, Callable[[psutil.Process, str], bool]] = {
    "auditd": lambda process, name: name == "auditd" and process.uids().real == 0,
    "kauditd": lambda process, name: name == "kauditd" and process.ppid() == _KTHREADD,
    "host-sensor": lambda process, name: process.pid == os.getpid(),
}

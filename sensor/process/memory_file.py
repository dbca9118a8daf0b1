"""What the kernel takes from the memory of a process, its command line and its environment: read beside the feed.

    /proc/3148/cmdline      /proc/3148/environ

Who reads them takes the lock of that memory (mmap_lock), which the process can keep from others as long as it likes: a
page fault on a file of a FUSE server of its own ends when that server wants it to (mm/filemap.c, filemap_fault), and
while another thread waits to map memory, no reader gets in. No signal but SIGKILL ends the wait, so it is that of a
thread for which no event waits. Nothing else that the sensor reads of a process takes this lock: stat, status, comm,
cgroup, the links.

An exec that closes a file of such a server keeps another lock meanwhile, which opening environ takes as well; and so do
stat and the links, on newer kernels: sensor.process.looks.
"""

from __future__ import annotations

from typing import NamedTuple

from sensor.non_blocking_cache import NonBlockingCache, Waiting
from sensor.process.files import ProcFiles
from sensor.process.program import Program

_REMEMBERED = 64
_STUCK = 0.25
"""Seconds after which another thread reads for the other processes; a reading takes 10 µs."""


class Reading(NamedTuple):
    """What was read; text: with one character per byte, None if the program was gone by then."""

    text: str | None


GONE = Reading(None)


class MemoryFile:
    """One such file, of every process.

    name: below /proc/PID. limit: bytes that are read.
    """

    def __init__(self, files: ProcFiles, name: str, limit: int) -> None:
        self._files = files
        self._name = name
        self._limit = limit
        waiting = Waiting(stuck=_STUCK)
        self._readings: NonBlockingCache[Program, Reading] = NonBlockingCache(self._read, _REMEMBERED, waiting=waiting)

    def of(self, program: Program) -> Reading | None:
        """The beginning of the file; None while it is being read. What is asked again is not read again."""
        return self._readings.get(program) if self._files.has_pid(program) else GONE

    def _read(self, program: Program) -> Reading:
        files = self._files.waiting
        text = files.read(program, self._name, self._limit)
        return Reading(text) if text is not None and files.runs(program) else GONE

"""How much memory there is for the sensor, and bounds that fit into it.

    64 MiB of input_buffer, 16 MiB of buffer for each log, 16 MiB of waiting events     where there is room
    a quarter, an eighth and an eighth of the room                                      in a container of 64 MiB

Room is what resource limits (getrlimit(2)) and control groups (memory.max, memory.high of cgroups(7), version 2) leave
at the start. A bound that is lower as configured stays as it is.

What the start alone needed is given back when it is over: garbage, and the pages of programs and libraries.
"""

from __future__ import annotations

import ctypes
import dataclasses
import gc
import logging
import resource
import threading
from collections.abc import Iterator

from sensor.config import Config
from sensor.stats import InputStats

log = logging.getLogger(__name__)

_ARENA_MAX = -8  # M_ARENA_MAX of malloc.h, as the next two
_MMAP_THRESHOLD = -3
_TRIM_THRESHOLD = -1
_DONTNEED = 4  # MADV_DONTNEED of asm-generic/mman-common.h
_BURST = 2 << 20
"""Bytes of input that are worth tidying up after."""
_LEAST = 1 << 20
"""No bound is made lower than this."""


def use_one_heap() -> None:
    """Let all threads share one heap, and keep what a chunk of input takes on its way (mallopt(3)).

    GNU libc else reserves 64 MiB of address space for each thread. What is free at the end of the heap it gives back
    from 128 kB on, and gets it again with the next chunk: 12,000 page faults for 100,000 events, a twentieth of their
    time; 3,000 like this. What a burst leaves is given back with malloc_trim(3).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
        mallopt(_MMAP_THRESHOLD, 1 << 20)
        mallopt(_TRIM_THRESHOLD, 2 << 20)


class Trimmer:
    """Returns to the system what a burst of input took, when much was read and little waits.

    Not only after a backlog: a burst that came and went between two looks leaves the heap as large. It takes 0.4 ms.
    """

    def __init__(self, stats: InputStats) -> None:
        self._stats = stats
        self._trimmed_at = 0  # bytes of input

    def every_second(self) -> None:
        """Give back what is free and GNU libc keeps, if there may be much: malloc_trim(3)."""
        if self._stats.bytes - self._trimmed_at > _BURST and self._stats.pending_bytes < _BURST / 16:
            self._trimmed_at = self._stats.bytes
            malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
            if malloc_trim is not None:
                malloc_trim(0)


def give_back_start(smaps: str = "/proc/self/smaps") -> None:
    """Give back what only the start needed; what is here now stays, and the collector need not look at it again.

    Pages of programs and libraries as they are in the file remain in the page cache, from where those that are used
    come back with a page fault of a microsecond for 64 kB (madvise(2), MADV_DONTNEED). The kernel does the same when
    memory is short.

    To be called before the first thread is started. Another one may load a library, as a scrape of metrics does: its
    mappings would not be any more what they were when they were looked at, and its variables would be lost. So with
    other threads no page is given back.
    """
    gc.collect()
    gc.freeze()
    if threading.active_count() > 1:
        return
    libc = ctypes.CDLL(None)
    for start, end in list(_unchanged(smaps)):
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONTNEED)


def _unchanged(smaps: str) -> Iterator[tuple[int, int]]:
    """Begin and end of the mappings of files that cannot be written, and in which nothing was (proc_pid_smaps(5)).

    The linker writes into some before it protects them, and a debugger into code: these count pages as anonymous or,
    where memory was short already, as swapped out.
    What is shared is left alone: the probe's ring (bpf(2)) has no page cache to come back from, but SIGBUS.
    """
    place = permissions = inode = anonymous = ""
    try:
        with open(smaps, encoding="utf-8", errors="replace") as file:
            for line in file:
                name, *rest = line.split(maxsplit=5)
                if not name.endswith(":"):
                    place, permissions, inode, anonymous = name, rest[0], rest[3], ""
                elif name == "Anonymous:":
                    anonymous = rest[0]
                elif name == "Swap:" and anonymous == rest[0] == "0" and permissions[1::2] == "-p" and inode != "0":
                    start, _, end = place.partition("-")
                    yield int(start, 16), int(end, 16)
    except (OSError, ValueError, IndexError):  # not shown, or in a form that is not known
        return


def room(proc: str = "/proc/self", cgroups: str = "/sys/fs/cgroup") -> int | None:
    """Bytes that this process may still take; None where nothing bounds them."""
    found = [*_left_by_limits(proc), *_left_by_cgroups(proc, cgroups)]
    return max(0, min(found)) if found else None


def fitted(config: Config, room: int | None) -> Config:
    """The configuration with bounds that fit into so many bytes."""
    if room is None:
        return config
    share = max(_LEAST, room // 8)
    fit = dataclasses.replace(
        config,
        input_buffer=min(config.input_buffer, 2 * share),
        auditlog=dataclasses.replace(config.auditlog, buffer=min(config.auditlog.buffer, share)),
        filterlog=dataclasses.replace(config.filterlog, buffer=min(config.filterlog.buffer, share)),
        coalesce=dataclasses.replace(config.coalesce, max_waiting_bytes=min(config.coalesce.max_waiting_bytes, share)),
    )
    if fit != config:
        log.warning("there is room for %d MiB of memory only: buffers are smaller than configured", room >> 20)
    return fit


def _left_by_limits(proc: str) -> Iterator[int]:
    for limit, field in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")):
        most = resource.getrlimit(limit)[0]
        if most != resource.RLIM_INFINITY:
            yield most - _kilobytes(f"{proc}/status", field) * 1024


def _left_by_cgroups(proc: str, cgroups: str) -> Iterator[int]:
    """What each group above this process leaves; of version 1 nothing is known here."""
    lines = _text(f"{proc}/cgroup").splitlines()
    path = next((line[len("0::") :] for line in lines if line.startswith("0::")), "")
    while path.strip("/"):
        for name in ("memory.max", "memory.high"):
            most = _text(f"{cgroups}{path}/{name}").strip()
            if most.isdigit():
                yield int(most) - _kilobytes(f"{proc}/status", "VmRSS") * 1024
        path = path.rpartition("/")[0]


def _kilobytes(path: str, field: str) -> int:
    value = _text(path).partition(f"{field}:")[2].split()
    return int(value[0]) if value else 0


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 16)
    except OSError:
        return ""

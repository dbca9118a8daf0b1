"""Processes older than the probe that its iterator over tasks did not find, taken from /proc into the map of live ones.

Some kernels have no such iterator, and some keep a process from it: one was seen whose init was not in it. The start
is then only known in clock ticks, which is all that a GUID needs: 55558 ticks become 555,580,000,000 ns.

    /proc/PID/stat      3148 (ls) R 3103 3148 3148 0 -1 4194304 …      fields 3 and 9: state, flags
"""

from __future__ import annotations

import errno
import time
from collections.abc import Mapping
from pathlib import Path

from sensor.probe import bpf, layout
from sensor.probe.layout import ProbeRecord
from sensor.process.guid import NANOSECONDS_PER_TICK
from sensor.process.procfs import ProcEntry, ProcFS, has_ended, read_file, root_of, stat_fields
from sensor.process.roots import HOST, Root

_EXITING, _FORKNOEXEC, _KTHREAD = 0x4, 0x40, 0x200000  # PF_ flags of include/linux/sched.h


def complete(live: int, proc: ProcFS) -> None:
    """Add to the map with descriptor `live` every process of /proc that is not in it; a full map stays as it is.

    A process whose namespace cannot be known is left out: without CAP_SYS_PTRACE those in containers.
    """
    info = bpf.map_info(live)
    known: dict[int, ProbeRecord] = {}
    for values in bpf.values(live, info):
        known.update((record.tgid, record) for record in map(ProbeRecord._make, layout.RECORD.iter_unpack(values)))
    for pid in sorted(proc.pids()):  # parents mostly first
        record = None if pid in known else _observe(proc, pid, known)
        if record is None:
            continue
        known[pid] = record
        try:
            added = bpf.insert(live, pid, layout.RECORD.pack(*record))
        except OSError as error:
            if error.errno != errno.E2BIG:
                raise
            return
        # If it has begun to end meanwhile, the probe may have seen that before there was an entry to delete.
        flags = _flags(proc, pid)
        if added and (flags is None or flags & _EXITING):
            bpf.delete(live, pid)


def _observe(proc: ProcFS, pid: int, known: Mapping[int, ProbeRecord]) -> ProbeRecord | None:
    """The record of a process that has not ended, if /proc shows enough of it."""
    flags, seen = _flags(proc, pid), proc.entry(pid)
    if flags is None or seen is None:
        return None
    namespace = seen.namespace or namespace_of(proc, pid)
    root = HOST if pid == 1 else root_of(proc, pid)
    return record_of(seen._replace(namespace=namespace), flags, known, root) if namespace else None


def record_of(seen: ProcEntry, flags: int, known: Mapping[int, ProbeRecord], root: Root | None = None) -> ProbeRecord:
    """The record of a process; its parent is among the `known` ones or left out, and who forked it is unknown."""
    parent = known.get(seen.ppid)
    return ProbeRecord(
        time.clock_gettime_ns(time.CLOCK_BOOTTIME),
        0,
        seen.start * NANOSECONDS_PER_TICK,
        seen.namespace,
        seen.pid,
        seen.tgid,
        *((parent.start, parent.pidns, parent.tgid, parent.ns_tgid) if parent else (0, 0, 0, 0)),
        *(0, 0, 0, 0),
        layout.UNSET,
        layout.UNSET,
        root.namespace if root is not None else 0,
        layout.ALIVE,
        (0 if flags & _FORKNOEXEC else layout.EXECED) | (layout.KTHREAD if flags & _KTHREAD else 0) | _root_flags(root),
        seen.comm.encode("latin-1")[:15],
    )


def _root_flags(root: Root | None) -> int:
    """As the probe reports it, which however looks at the mount of the image as well."""
    if root is None or root is HOST:
        return layout.HOST_ROOT if root is HOST else 0
    return layout.OTHER_ROOT | (layout.OWN_USERS if root.users else 0)


def namespace_of(proc: ProcFS, pid: int) -> int:
    """The inode of the PID namespace of a process that keeps it secret, if it is ours; else 0.

    NStgid: has one number for each namespace from that of the mounted /proc down to the process's own, so a process
    with one number lives where we do, if we have one number too.
    """
    try:
        if all(_levels(proc, who) == 1 for who in ("self", str(pid))):
            return Path(proc.root, "self/ns/pid").stat().st_ino
    except OSError:
        pass
    return 0


def _levels(proc: ProcFS, who: str) -> int:
    lines = Path(proc.root, who, "status").read_text(encoding="latin-1").splitlines()
    return next((len(line.split()) - 1 for line in lines if line.startswith("NStgid:")), 0)


def _flags(proc: ProcFS, pid: int) -> int | None:
    """The flags of a process that has not ended; None otherwise."""
    fields = stat_fields(read_file(f"{proc.root}/{pid}/stat", 1024))
    return None if has_ended(fields) else int(fields[6])

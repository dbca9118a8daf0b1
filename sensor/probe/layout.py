"""The probe's record and where its parts are pinned: bpf/record.h in Python.

A record in the ring is 8 bytes of the ring's own header and 120 of ours, in the machine's byte order:

    length u32 | page offset u32 | time u64 | cgroup u64 | self, parent, spawner: start u64, pidns u64, tgid u32,
    ns_tgid u32 each | loginuid u32 | sessionid u32 | status or mntns u32 | kind u16 | flags u16 | comm 16 bytes
"""

from __future__ import annotations

import struct
from typing import Any, Final, NamedTuple

VERSION = 2
"""RECORD_VERSION of bpf/record.h."""

RING, COUNTERS, LIVE = "ring", "counters", "live"
MAPS = (RING, COUNTERS, LIVE)
"""Names of the maps, in bpf/process.c and as pins."""

MAPPED = (RING, COUNTERS)
"""Those that the reader maps into its memory."""

PROGRAMS = {"on_fork": "sched_process_fork", "on_exec": "sched_process_exec", "on_exit": "sched_process_exit"}
"""Function in bpf/process.c, which is also the name of its pinned link → the raw tracepoint it is attached to."""

PINNED_PROGRAMS = {function: f"program_{function}" for function in PROGRAMS}
"""The same functions → the pins of the programs themselves, which show how often they ran and how long."""

ITERATOR, WALK = "bpf_iter__task", "bpf_iter_task"
"""Function in bpf/process.c that is run once, over the tasks that are there when the probe is loaded, and the kernel's
function that calls it."""

ALIVE: Final = 0
FORK: Final = 1
EXEC: Final = 2
EXIT: Final = 3
"""Kinds. ALIVE never comes out of the ring: it marks, among the live processes, those from before the probe."""

EXECED: Final = 1
KTHREAD: Final = 2
HOST_ROOT: Final = 4
OTHER_ROOT: Final = 8
OWN_USERS: Final = 16
"""Flags: the process runs an image of its own; it is a kernel thread; its root directory and mount namespace, and that
of its image, are those of pid 1; they are not; its user namespace is not that of pid 1. With neither of HOST_ROOT and
OTHER_ROOT it is not certain where its paths begin."""

UNSET = 0xFFFFFFFF
"""loginuid and sessionid of a process outside of any login session."""

RING_HEADER = 8
BODY = "QQ" + 3 * "QQII" + "IIIHH16s"
RECORD = struct.Struct("@" + BODY)
SLOT = struct.Struct(f"@{RING_HEADER}x{BODY}")

COUNTERS_SIZE = 64
"""Bytes per CPU in the array of counters; the first three u64 are ProbeCounts."""


def pins(root: str) -> str:
    """The directory of this version's pins below Options.path: two versions can live side by side."""
    return f"{root}/v{VERSION}"


Values = tuple[Any, ...]
"""The values of a ProbeRecord alone: to name them costs as much as to unpack them. A tuple of any length, for compiled
code takes one of twenty types apart at each call, and puts it together again."""

TIME: Final = 0
CGROUP: Final = 1
START: Final = 2
TGID: Final = 4
PARENT: Final = 6
SPAWNER: Final = 10
LOGINUID: Final = 14
SESSIONID: Final = 15
STATUS: Final = 16
KIND: Final = 17
FLAGS: Final = 18
COMM: Final = 19
"""Their places in it; PARENT and SPAWNER are those of the first of four: start, pidns, tgid and ns_tgid."""


class ProbeRecord(NamedTuple):
    """One act of one process. Times are CLOCK_BOOTTIME in ns; pids without `ns_` are of the initial namespace.

    `start // 10_000_000` is field 22 of /proc/PID/stat, `pidns` the inode of /proc/PID/ns/pid and `ns_tgid` the last
    number of NStgid: the three that make a process GUID, for the process itself, its parent and its spawner.
    """

    time: int
    cgroup: int
    """Id in the unified hierarchy: the inode of the cgroup's directory; 0 where the kernel does not give it."""
    start: int
    pidns: int
    tgid: int
    ns_tgid: int
    parent_start: int
    """The parent is `real_parent` at that moment: once the true parent is dead, the process that adopted it."""
    parent_pidns: int
    parent_tgid: int
    parent_ns_tgid: int
    spawner_start: int
    """The spawner is who called fork, for good; all four are 0 for a process older than the probe."""
    spawner_pidns: int
    spawner_tgid: int
    spawner_ns_tgid: int
    loginuid: int
    sessionid: int
    status: int
    """On EXIT what wait(2) reports: exit code << 8 | signal (| 128 with a core dump); else see `mntns`."""
    kind: int
    flags: int
    comm: bytes
    """16 bytes, padded with NUL."""

    @property
    def mntns(self) -> int:
        """Inode of the mount namespace, as of /proc/PID/ns/mnt; 0 on EXIT, and where the kernel does not give it."""
        return 0 if self.kind == EXIT else self.status


class ProbeCounts(NamedTuple):
    """What the kernel side counted since it was loaded, summed over the CPUs."""

    made: int
    """Records, those that were lost among them: made == read + lost + still in the ring."""
    lost: int
    """Records for which the ring had no room."""
    untracked: int
    """Times a process had no room in the map of live processes."""

"""How many execs a second the chain holds, kernel → auditd → plugin → log: ours and LAUREL, one after the other.

At each rate, with auditd's queue as it comes and as `doctor` recommends it: what the kernel lost, what is not in the
log, and the CPU time of an exec. A program that is audited waits where the kernel's backlog is full, so the rate that
was made is shown, which may be less than what was asked for.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sensor.doctor.audit import BACKLOG
from sensor.doctor.auditd import QUEUE
from tests.bench.measure import Program, cpu_so_far
from tests.support.audit_session import AuditSession
from tests.support.exec_load import compiled_load, logged
from tests.support.kernel_audit import auditctl

RATES = (500, 1000, 2000)
QUEUES = (2000, QUEUE)
"""Records that auditd keeps for its plugins: as Debian ships it (auditd.conf(5), q_depth), and as recommended."""
SECONDS = 6


@dataclass(frozen=True)
class Flood:
    """What became of a load.

    rate: execs a second that were made.
    lost: records that the kernel dropped; missing: execs that are not in the log.
    cost: µs of CPU of the plugin for an exec.
    """

    rate: float
    lost: int
    missing: int
    cost: float


def floods(programs: list[Program], scratch: Path) -> Iterator[tuple[int, int, list[Flood]]]:
    """For each rate and length of auditd's queue what became of the load with each of the programs."""
    load = compiled_load(scratch)
    for queue in QUEUES:
        for rate in RATES:
            yield rate, queue, [_flood(program, load, rate, queue) for program in programs]


def _flood(plugin: Program, load: Path, rate: int, queue: int) -> Flood:
    count = rate * SECONDS
    for old in plugin.log.parent.glob(f"{plugin.log.name}*"):
        old.unlink()
    with AuditSession(plugin.command, rules=["-S execve,execveat -k exec"], quiet=True, q_depth=queue) as session:
        auditctl("-b", str(BACKLOG))
        (pid,) = session.plugin_pids()
        before = cpu_so_far(pid)
        with session.popen([str(load), str(count), str(rate), "/bin/true"], stdout=subprocess.PIPE) as running:
            took = float(running.communicate()[0])
        session.drain(plugin.log, 300)
        cost = (cpu_so_far(pid) - before) / count * 1e6
        found = logged(plugin.log)
        return Flood(count / took, session.lost(), count - len(found), cost)

"""Events of the probe's own: what the kernel reports of a process, whether audit reports it or not.

    {"ID":"1795354566.589:probe-17","PROBE_EXEC":{"pid":3148,"ppid":3103,"comm":"ls","auid":1000,"ses":3,
      "cgroup":4711,"reported":false,"PID":{"START_TIME":"…","GUID":"…","GUID_SOURCE":"probe"},"PPID":{…},…}}
    {"ID":"1795354566.612:probe-18","PROBE_EXIT":{"pid":3148,…,"exit_code":0,"signal":null,"duration":0.023,"PID":{…}}}

`"reported":false` marks an exec that audit did not report within `coverage_timeout`: with
`coverage_events` each has a line, so that the process tree has no hole where audit dropped
records. Such a line comes late; its ID is the time of the exec. With `emit: [exec]` every
exec has one at once, without the mark. exit_code is of exit(2), signal of whatever killed
the process; one of them is null.
"""

from __future__ import annotations

import time
from typing import Callable

from sensor.audit.event import Notice
from sensor.audit.fields import Fields
from sensor.audit.number import Number
from sensor.probe.layout import EXEC, EXIT, ProbeRecord
from sensor.process.program import Process

_SECOND = 1_000_000_000


class ProbeEvents:
    """Makes the notices.

    describe: a process's identities.
    write: takes a notice.
    """

    def __init__(self, describe: Callable[[Process], Fields], write: Callable[[Notice], None]) -> None:
        self._describe = describe
        self._write = write
        self._count = 0

    def execs(self, record: ProbeRecord, process: Process) -> None:
        """Write a line for each exec, at once."""
        if record.kind == EXEC:
            self._notice("PROBE_EXEC", record, process, {})

    def exits(self, record: ProbeRecord, process: Process) -> None:
        """Write a line for each process that ended."""
        if record.kind == EXIT:
            signal = record.status & 0x7F
            code = None if signal else record.status >> 8 & 0xFF
            duration = Number(f"{(record.time - record.start) / _SECOND:.6f}")
            facts: Fields = {"exit_code": code, "signal": signal or None, "duration": duration}
            self._notice("PROBE_EXIT", record, process, facts)

    def uncovered(self, record: ProbeRecord, process: Process) -> None:
        """Write a line for an exec that audit did not report."""
        self._notice("PROBE_EXEC", record, process, {"reported": False})

    def _notice(self, name: str, record: ProbeRecord, process: Process, facts: Fields) -> None:
        self._count += 1
        members: Fields = {
            "pid": record.tgid,
            "ppid": record.parent_tgid,
            "comm": record.comm.partition(b"\0")[0].decode("latin-1"),
            "auid": record.loginuid,
            "ses": record.sessionid,
            "cgroup": record.cgroup or None,
            **facts,
        }
        id = f"{_wall(record.time)}:probe-{self._count}"
        self._write(Notice(id, name, members, self._describe(process)))


def _wall(boot_ns: int) -> str:
    """A time since boot as seconds since 1970, with milliseconds, as the clocks stand now."""
    now = time.clock_gettime_ns(time.CLOCK_REALTIME) - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    seconds, rest = divmod(now + boot_ns, _SECOND)
    return f"{seconds}.{rest // 1_000_000:03}"

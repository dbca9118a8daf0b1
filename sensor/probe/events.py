"""Events of the probe's own: what the kernel told of a process, whether audit reports it or not.

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

from sensor.audit.text import Quote
from sensor.probe.layout import EXEC, EXIT, ProbeRecord
from sensor.process.program import Process

_SECOND = 1_000_000_000


class ProbeEvents:
    """Makes the lines.

    describe: a process's identities as JSON members, each with a comma before it.
    write: takes a finished JSON line.
    """

    def __init__(self, quote: Quote, describe: Callable[[Process], str], write: Callable[[str], None]) -> None:
        self._quote = quote
        self._describe = describe
        self._write = write
        self._count = 0

    def execs(self, record: ProbeRecord, process: Process) -> None:
        """Write a line for each exec, at once."""
        if record.kind == EXEC:
            self._line("PROBE_EXEC", record, process, "")

    def exits(self, record: ProbeRecord, process: Process) -> None:
        """Write a line for each process that ended."""
        if record.kind == EXIT:
            signal = record.status & 0x7F
            code = "null" if signal else str(record.status >> 8 & 0xFF)
            duration = (record.time - record.start) / _SECOND
            facts = f',"exit_code":{code},"signal":{signal or "null"},"duration":{duration:.6f}'
            self._line("PROBE_EXIT", record, process, facts)

    def uncovered(self, record: ProbeRecord, process: Process) -> None:
        """Write a line for an exec that audit did not report."""
        self._line("PROBE_EXEC", record, process, ',"reported":false')

    def _line(self, name: str, record: ProbeRecord, process: Process, facts: str) -> None:
        self._count += 1
        comm = self._quote(record.comm.partition(b"\0")[0].decode("latin-1"))
        auid, ses = (str(number) for number in (record.loginuid, record.sessionid))
        self._write(
            f'{{"ID":"{_wall(record.time)}:probe-{self._count}","{name}":{{"pid":{record.tgid},'
            f'"ppid":{record.parent_tgid},"comm":{comm},"auid":{auid},"ses":{ses},"cgroup":{record.cgroup or "null"}'
            f"{facts}{self._describe(process)}}}}}"
        )


def _wall(boot_ns: int) -> str:
    """A time since boot as seconds since 1970, with milliseconds, as the clocks stand now."""
    now = time.clock_gettime_ns(time.CLOCK_REALTIME) - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    seconds, rest = divmod(now + boot_ns, _SECOND)
    return f"{seconds}.{rest // 1_000_000:03}"

"""A FIFO under the name of a log: lines go to its reader, without ever waiting for one.

    mkfifo /var/log/host-sensor/audit.jsonl         before the sensor starts

While there is no reader lines are kept, and then lost, as ENXIO (fifo(7)).
"""

from __future__ import annotations

import errno
import os
import stat
import time

from sensor.outputs import Clock, Log, Options, StreamOutput
from sensor.stats import OutputStats


def is_fifo(path: str) -> bool:
    """Whether a FIFO is there."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


class FifoOutput(StreamOutput):
    """Writes to the FIFO at `path`, an absolute path."""

    def __init__(self, path: str, options: Options, stats: OutputStats, log: Log, clock: Clock = time) -> None:
        super().__init__(options, stats, log, clock)
        self._path = path

    def connect(self) -> int:
        fd = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        if not stat.S_ISFIFO(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.ENXIO, "is no FIFO any more; what is there now is written to after the next start")
        return fd

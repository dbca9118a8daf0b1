"""Command lines of processes, for a doctor whom no process can make wait for ever.

    lines.of(4711)      ("/usr/bin/python3", "-IBS", "/usr/sbin/host-sensor", "run")

A process can keep who reads its command line waiting (sensor.process.memory_file), so each is read by a thread, and all
together are waited for no longer than a few seconds.
"""

from __future__ import annotations

import os
import threading
import time

_LONGEST = 3.0
_MOST_BYTES = 1 << 16


class CommandLineReader:
    """Reads them below `proc`, a folder like /proc; longest: seconds of waiting, all together."""

    def __init__(self, proc: str, longest: float = _LONGEST) -> None:
        self._proc = proc
        self._left = longest

    def of(self, pid: int) -> tuple[str, ...]:
        """The command line of a process; () where it has none, or does not let it be read."""
        found: list[bytes] = []
        reader = threading.Thread(target=self._read, args=(pid, found), daemon=True)
        start = time.monotonic()
        reader.start()
        reader.join(max(self._left, 0.001))
        self._left -= time.monotonic() - start if reader.is_alive() else 0.0
        return tuple(os.fsdecode(found[0]).rstrip("\0").split("\0")) if found and found[0] else ()

    def _read(self, pid: int, found: list[bytes]) -> None:
        try:
            with open(f"{self._proc}/{pid}/cmdline", "rb") as file:
                found.append(file.read(_MOST_BYTES))
        except OSError:
            pass

"""Variables of the environment with which a program was started.

    "EXECVE":{"argc":1,"ARGV":["ls"],"ENV":{"LD_PRELOAD":"/tmp/x.so"}}

Read from /proc/PID/environ when the exec is worked on, and only while the process still
runs that program; without ENV it was too late, or the process keeps it from all readers (sensor.process.memory_file).
Of a name that occurs twice the first counts, as for getenv(3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Callable

from sensor.audit.event import Event
from sensor.audit.fields import Fields
from sensor.process.files import ProcFiles
from sensor.process.memory_file import MemoryFile

_LARGEST = 1 << 18


class Environment:
    """The stage.

    redact: applied to the variables found.
    """

    def __init__(
        self, names: Sequence[str], files: ProcFiles, redact: Callable[[dict[str, str]], Fields] | None = None
    ) -> None:
        self._environ = MemoryFile(files, "environ", _LARGEST)
        self._redact = redact
        # In the patterns a text has one character per byte.
        wanted = "|".join([_pattern(name.encode().decode("latin-1")) for name in names])
        self._wanted = re.compile(f"\0({wanted})=([^\0]*)")

    def stage(self, event: Event) -> None:
        """Add ENV to an exec."""
        process = event.process
        if process is None or process.ended is not None or not event.began_program:
            return
        reading = self._environ.of(process.program)
        if reading is None or reading.text is None:
            return
        found: dict[str, str] = {}
        for name, value in self._wanted.findall(f"\0{reading.text}"):
            found.setdefault(name, value)
        shown: Fields = {**found} if self._redact is None else self._redact(found)
        event.replace("EXECVE", 0, event.records["EXECVE"][0].extended({"ENV": shown}))


def _pattern(name: str) -> str:
    return re.escape(name[:-1]) + "[^=\0]*" if name.endswith("*") else re.escape(name)

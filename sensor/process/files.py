"""Files that /proc keeps about a process, read only while the process is the one that is meant.

    /proc/3148/cgroup   /proc/3148/stat

A pid may be used again at any moment, and what remains of a process that has ended (a
zombie) is no longer true of it. So a file counts only if afterwards the process with
that pid still began at the tick that is known, and lives (proc(5), field 3 and 22 of
/proc/PID/stat). A process whose start is unknown is not read at all.
"""

from __future__ import annotations

import os

from sensor.process.procfs import ProcFS
from sensor.process.program import Program

_ENDED = frozenset("ZXx")
_DELETED = " (deleted)"


class ProcFiles:
    """Reads files of processes.

    proc: None where /proc shows other processes than the records; then nothing is ever read.
    """

    def __init__(self, proc: ProcFS | None) -> None:
        self._root = proc.root if proc is not None else None

    def read(self, program: Program, name: str, limit: int = 65536) -> str | None:
        """The first `limit` bytes of a file, one per character; None if they are not of this process.

        For what is in the memory of the process this waits as long as the process wants: sensor.process.memory_file.
        """
        if self._root is None or program.key is None:
            return None
        path = f"{self._root}/{program.pid}"
        text = _read(f"{path}/{name}", limit)
        return text if text is not None and self.lives(program) else None

    def runs(self, program: Program) -> bool:
        """Return whether the process is there now and still runs this program's file.

        Another root directory may stand before the path, and ` (deleted)` behind it.
        """
        path = self.path(program, "exe")
        try:
            link = os.readlink(path.encode()).decode("latin-1") if path is not None else ""
        except OSError:
            return False
        return link.removesuffix(_DELETED).endswith(program.exe.removesuffix(_DELETED)) and self.lives(program)

    def path(self, program: Program, name: str) -> str | None:
        """Where a file of a process is; to be opened only if `lives` holds afterwards. None if it is not to be read."""
        return f"{self._root}/{program.pid}/{name}" if self._root is not None and program.key is not None else None

    def has_pid(self, program: Program) -> bool:
        """Return whether there is a process with its pid, which need not be the one that is meant: a quick look."""
        return self._root is not None and program.key is not None and os.path.exists(f"{self._root}/{program.pid}")

    def lives(self, program: Program) -> bool:
        """Return whether the process is there now."""
        if self._root is None or program.key is None:
            return False
        stat = _read(f"{self._root}/{program.pid}/stat", 1024)
        if stat is None:
            return False
        fields = stat[stat.rfind(")") + 2 :].split(" ", 20)
        return len(fields) > 20 and fields[0] not in _ENDED and fields[19] == str(program.key.ticks)


def _read(path: str, limit: int) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(descriptor, limit).decode("latin-1")
    except OSError:
        return None
    finally:
        os.close(descriptor)

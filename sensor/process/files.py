"""Files that /proc keeps about a process, read only while the process is the one that is meant.

    /proc/3148/cgroup   /proc/3148/stat

A pid may be used again at any moment, and what remains of a process that has ended (a
zombie) is no longer true of it. So a file counts only if afterwards the process with
that pid still began at the tick that is known, and lives (proc(5), field 3 and 22 of
/proc/PID/stat). A process whose start is unknown is not read at all.
"""

from __future__ import annotations

import os

from sensor.process.looks import Open
from sensor.process.procfs import ProcFS, has_ended, read_file, stat_fields
from sensor.process.program import Program

_DELETED = " (deleted)"


class ProcFiles:
    """Reads files of processes. No process can make the caller wait: one that does not answer is `is_open`.

    proc: None where /proc shows other processes than the records; then nothing is ever read.
    waits: until the process answers, as only a thread for which nothing waits may do; `waiting` are such ones.
    """

    def __init__(self, proc: ProcFS | None, waits: bool = False) -> None:
        self._root = proc.root if proc is not None else None
        self._looks = proc.looks if proc is not None and not waits else None
        self.waiting: ProcFiles = self if waits else ProcFiles(proc, waits=True)

    def read(self, program: Program, name: str, limit: int = 65536) -> str | None:
        """The first `limit` bytes of a file, one per character; None if they are not of this process.

        Not for what is in the memory of the process: sensor.process.memory_file.
        """
        if self._looks is None:
            return self._read((program, name, limit))
        text = self._looks.look(program.pid, self._read, (program, name, limit)) if self.has_pid(program) else None
        return None if isinstance(text, Open) else text

    def is_open(self, program: Program) -> bool:
        """Return whether the process did not answer when it was last looked at: what it is like is not known."""
        return self._looks is not None and self._looks.is_open(program.pid)

    def runs(self, program: Program) -> bool:
        """Return whether the process is there now and still runs this program's file.

        Another root directory may stand before the path, and ` (deleted)` behind it.
        """
        if self._looks is None:
            return self._runs(program)
        runs = self._looks.look(program.pid, self._runs, program) if self.has_pid(program) else False
        return runs is True

    def path(self, program: Program, name: str) -> str | None:
        """Where a file of a process is; to be opened only if `lives` holds afterwards. None if it is not to be read."""
        return f"{self._root}/{program.pid}/{name}" if self._root is not None and program.key is not None else None

    def has_pid(self, program: Program) -> bool:
        """Return whether there is a process with its pid, which need not be the one that is meant: a quick look."""
        return self._root is not None and program.key is not None and os.path.exists(f"{self._root}/{program.pid}")

    def lives(self, program: Program) -> bool:
        """Return whether the process is there now."""
        if self._looks is None:
            return self._lives(program)
        lives = self._looks.look(program.pid, self._lives, program) if self.has_pid(program) else False
        return lives is True

    def _read(self, asked: tuple[Program, str, int]) -> str | None:
        program, name, limit = asked
        path = self.path(program, name)
        text = read_file(path, limit) if path is not None else None
        return text if text is not None and self._lives(program) else None

    def _runs(self, program: Program) -> bool:
        path = self.path(program, "exe")
        try:
            link = os.readlink(path.encode()).decode("latin-1") if path is not None else ""
        except OSError:
            return False
        return link.removesuffix(_DELETED).endswith(program.exe.removesuffix(_DELETED)) and self._lives(program)

    def _lives(self, program: Program) -> bool:
        if self._root is None or program.key is None:
            return False
        fields = stat_fields(read_file(f"{self._root}/{program.pid}/stat", 1024))
        return not has_ended(fields) and fields[19] == str(program.key.ticks)

"""Whether what a process calls by a name is what the host calls by it: the question that rules and labels ask first.

    chunk 7: exe="/usr/sbin/cron" …      chunk 8: exe="/usr/sbin/cron" … path="/etc/shadow"
             a look: the host's root              no look yet in this chunk: it may have moved since

A look at /proc holds for all that the process has done before (sensor.process.roots), so of the records that were read
until then. One look for each process and chunk is enough, and the probe's account of its end for all of them. A
process that has ended cannot be looked at: without the probe its names are not trusted, unless that was done in time.
"""

from __future__ import annotations

import os
from typing import Callable

from sensor.non_blocking_cache import NonBlockingCache
from sensor.process.files import ProcFiles
from sensor.process.procfs import ProcFS, root_of
from sensor.process.program import STALE, Process
from sensor.process.roots import HOST
from sensor.process.table import ProcessTable

_REMEMBERED = 1024


class HostPaths:
    """Answers it for the processes of a table.

    proc: None where the records are not of this host as it is now: then all they report is taken for the host's, for
        there is nothing to compare it with.
    catch_up: takes in what the probe has written since the chunk was begun.
    chunk: which one is worked on, as a number of Process.rooted.
    """

    def __init__(
        self, table: ProcessTable, proc: ProcFS | None = None, catch_up: Callable[[], None] | None = None
    ) -> None:
        self.table = table
        self._proc = proc
        self._files = ProcFiles(proc)
        self._catch_up = catch_up
        self.chunk = 0.0
        self._same: NonBlockingCache[tuple[str, str, int], bool] = NonBlockingCache(_is_same_file, _REMEMBERED)

    def begin_chunk(self) -> None:
        """Other records are worked on: what was seen before need not hold for them."""
        self.chunk += 1.0

    def look(self, process: Process) -> None:
        """Find out where its paths begin, if it lives and that is not known."""
        if self._proc is None or process.ended is not None or process.program.key is None:
            return
        root = root_of(self._proc, process.pid)
        if root is not None and self._files.lives(process.program):
            process.found_in(root)
            process.rooted = self.chunk

    def look_if_unknown(self, process: Process) -> None:
        """The same before a path is shown: once for each process, again if its image has a new name without an exec."""
        root = process.root
        if root is None or process.rooted == STALE or not (root is HOST or root.path):
            self.look(process)

    def paths_hold(self, process: Process | None) -> bool:
        """Return whether all paths that it has named so far are the host's."""
        if self._proc is None:
            return True
        return process is not None and self._is_certain(process) and process.root is HOST

    def image_holds(self, process: Process | None) -> bool:
        """Return whether the file that it runs is the one that the host calls by the name in `exe`.

        That may be so within another root, too: system services have mount namespaces in which most files are the
        host's. But not in a user namespace of its own, where a process may set it to any file (PR_SET_MM_EXE_FILE).
        """
        if self._proc is None:
            return True
        if process is None or not self._is_certain(process) or process.root is None or process.root.users:
            return False
        program = process.program
        if process.root is HOST and program.source == "probe" and self.table.exact:
            return True  # which has looked at the mount of the image, at every exec
        if program.authentic is None:
            program.authentic = self._compare(process)
        return bool(program.authentic)

    def has_other_root(self, process: Process | None) -> bool:
        """Return whether it is known to have, or to be able to have, another root than the host's."""
        return process is not None and self._is_certain(process) and process.root not in (None, HOST)

    def is_open(self, process: Process) -> bool:
        """Return whether the answers about it may still turn out to be yes."""
        if process.root is None:
            return process.ended is None
        return not process.root.users and process.program.authentic is None

    def _is_certain(self, process: Process) -> bool:
        """Return whether what is known of its root holds for all records that have been read."""
        if process.rooted < self.chunk:
            self.look(process)
        if process.rooted < self.chunk and self._catch_up is not None:
            self._catch_up()
        return process.rooted >= self.chunk

    def _compare(self, process: Process) -> bool | None:
        """Whether the image is the host's file; None as long as that is being found out, or cannot be."""
        program = process.program
        by = process.spawned_by
        path = self._files.path(program, "exe")
        if process.ended is None and path is not None and program.exe:
            same = self._same.get((path, program.exe, program.key.ticks if program.key is not None else 0))
            return same if self._files.runs(program) else None
        return by.authentic if process.forked and by is not None and by.exe == program.exe else None


def _is_same_file(question: tuple[str, str, int]) -> bool:
    """Compare device and inode of the image of a process and of a path."""
    try:
        image, named = (os.stat(path.encode("latin-1")) for path in question[:2])
    except (OSError, ValueError):
        return False
    return os.path.samestat(image, named)

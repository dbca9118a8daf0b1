"""The host as the doctor sees it: files below a root, commands with a time limit, processes by psutil.

Nothing here changes the host, and nothing raises: what cannot be read or run is None, for the check to report.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from sensor.doctor.command_lines import CommandLineReader
from sensor.process.procfs import ProcFS

_MOST_BYTES = 1 << 20
_LONGEST = 10.0  # seconds that a command may take


@dataclass(frozen=True)
class CommandResult:
    """What a command printed, standard error included, and its exit status."""

    status: int
    text: str


@dataclass(frozen=True)
class RunningProcess:
    """A process of the host.

    words: its command line; started: in seconds since 1970; group: of processes, 0 if that is not known.
    """

    pid: int
    parent: int
    name: str
    words: tuple[str, ...]
    started: float
    group: int = 0


class HostView:
    """A host below `root`, by default the one that we are on."""

    def __init__(self, root: str = "") -> None:
        self._root = root

    def path(self, name: str) -> str:
        """The path to open for an absolute path of the host."""
        return self._root + name

    def read(self, name: str) -> str | None:
        """The first MiB of a file's text; None where it cannot be read, or is no file: a FIFO is not waited for."""
        try:
            descriptor = os.open(self.path(name), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    return None
                return file.read(_MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            return None

    def tail(self, name: str) -> str:
        """The last MiB of a file's text; empty where it cannot be read, or is no file."""
        return self.end(name, _MOST_BYTES).decode("utf-8", "replace")

    def end(self, name: str, size: int) -> bytes:
        """So many bytes at the end of a file; none where it cannot be read, or is no file: no FIFO's are taken."""
        try:
            descriptor = os.open(self.path(name), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    return b""
                file.seek(max(0, status.st_size - size))
                return file.read(size)
        except OSError:
            return b""

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted; empty where it cannot be listed."""
        try:
            return sorted(os.listdir(self.path(folder)))
        except OSError:
            return []

    def exists(self, name: str) -> bool:
        """Whether there is such a file or folder."""
        return os.path.exists(self.path(name))

    def is_hidden(self, name: str) -> bool:
        """Whether our rights do not suffice to see what is there."""
        try:
            os.close(os.open(self.path(name), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC))
        except PermissionError:
            return True
        except OSError:
            return False
        return False

    def status(self, name: str) -> os.stat_result | None:
        """stat(2), without following a last link; None where there is nothing, or no permission."""
        try:
            return os.lstat(self.path(name))
        except OSError:
            return None

    def mode(self, name: str) -> int | None:
        """The permission bits, as 0o750."""
        status = self.status(name)
        return stat.S_IMODE(status.st_mode) if status else None

    def disk(self, folder: str) -> os.statvfs_result | None:
        """statvfs(3) of the file system that holds a folder."""
        try:
            return os.statvfs(self.path(folder))
        except OSError:
            return None

    def run(self, *command: str) -> CommandResult | None:
        """Run a command; None where it is not installed or does not end in time."""
        environment = {**os.environ, "LC_ALL": "C", "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
        try:
            done = subprocess.run(command, capture_output=True, timeout=_LONGEST, env=environment, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return CommandResult(done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace"))

    def processes(self) -> Iterator[RunningProcess]:
        """Every process that can be looked at; none where psutil is not installed."""
        try:
            import psutil
        except ImportError:
            return
        proc, lines = ProcFS(self.path("/proc")), CommandLineReader(self.path("/proc"))
        for process in psutil.process_iter(["pid", "ppid", "create_time"]):
            found = process.info
            pid, parent = found["pid"], found["ppid"] or 0
            yield RunningProcess(
                pid, parent, _text(proc.comm(pid)), lines.of(pid), found["create_time"] or 0.0, _group_of(pid)
            )

    def is_root(self) -> bool:
        """Whether we may see everything."""
        return os.geteuid() == 0


def _text(comm: str) -> str:
    """A name with one character per byte as text."""
    return comm.encode("latin-1").decode("utf-8", "backslashreplace")


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:  # it has ended
        return 0


def settings(text: str) -> dict[str, str]:
    """The settings of a file of `key = value` lines as auditd.conf(5) has them; keys in small letters."""
    found = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and not key.lstrip().startswith("#"):
            found[key.strip().lower()] = value.strip()
    return found

"""What /proc shows of a process, under one root path so that tests can make up a host.

    /proc/3148/stat     3148 (a) b) S 3103 3148 3148 0 -1 4194304 … 55558 …     fields 4 and 22: parent, start
    /proc/3148/status   NStgid:\t3148\t29                                      last: tgid in its namespace
    /proc/3148/ns/pid → pid:[4026532263]

Sources: proc(5); fs/proc/array.c. A process may end between any two reads, and its pid
may be used again: a caller that reads more than one file compares the start time afterwards.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from sensor.errors import HostError
from sensor.process.host import NEVER, Host, booted
from sensor.process.looks import Looks, Open
from sensor.process.roots import Root, View, root_in

_LONGEST = 65536
"""Bytes that are read of a file."""
_ENDED = frozenset("ZXx")
_SOME = 0
"""Stands for several processes; no process has this pid."""


class Stat(NamedTuple):
    """Of /proc/PID/stat: the parent's pid, the start in clock ticks since boot, and the name of the main thread."""

    ppid: int
    start: int
    comm: str


class ProcEntry(NamedTuple):
    """A process as /proc shows it, all of it from one and the same process.

    namespace: inode of its pid namespace; 0 where the kernel does not show it.
    tgid: its number in that namespace.
    exe: the path of its image, "" for kernel threads and where it cannot be read.
    Texts hold one byte per character.
    """

    pid: int
    ppid: int
    start: int
    namespace: int
    tgid: int
    comm: str
    exe: str


class ProcFS:
    """Reads /proc.

    looks: what makes those looks at a process that it could keep from coming back: stat, entry, the links.
    """

    def __init__(self, root: str = "/proc", looks: Looks | None = None) -> None:
        self.root = root
        self.looks = looks or Looks()

    def boot_id(self) -> bytes:
        """The 16 bytes of the boot's UUID; raises HostError."""
        text = self._read("sys/kernel/random/boot_id") or ""
        try:
            return uuid.UUID(text.strip()).bytes
        except ValueError:
            message = f"{self.root}/sys/kernel/random/boot_id cannot be read: is {self.root} mounted?"
            raise HostError(message) from None

    def host(self, boot_time: float, live: bool = True) -> Host:
        """Whose /proc this is; boot_time: in seconds since 1970, by the clock as it stands; live: events are of it."""
        name = (self._read("sys/kernel/hostname") or "").strip()
        names = frozenset({name, name.partition(".")[0]})
        since = booted(boot_time) if live else NEVER
        return Host(names, self.boot_id(), round(boot_time, 2), since)

    def pids(self) -> list[int]:
        """The processes there are now."""
        return [int(name) for name in os.listdir(self.root) if name.isdigit()]

    def stat(self, pid: int) -> Stat | None:
        """Parent and start time; None when there is no such process."""
        return _parse_stat(self._read(f"{pid}/stat"))

    def comm(self, pid: int) -> str:
        """The name of its main thread; "" if there is no such process."""
        return (self._read(f"{pid}/comm") or "").rstrip("\n")

    def exe(self, pid: int) -> str:
        """The path of its image; "" if it cannot be read."""
        return self._link(f"{pid}/exe")

    def entry(self, pid: int, exe: bool = True) -> ProcEntry | None:
        """Read a process, with or without the path of its image; None when it is gone.

        Everything is read below one descriptor of its directory, which stays with the
        process: a successor with the same pid is not seen through it.
        """
        try:
            directory = os.open(f"{self.root}/{pid}", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            stat = _parse_stat(self._read("stat", directory))
            if stat is None:
                return None
            namespace = self._link("ns/pid", directory)
            tgid = pid
            if namespace != self._own_namespace:
                tgid = _last_number(self._read("status", directory) or "", "\nNStgid:", pid)
            image = self._link("exe", directory) if exe else ""
        finally:
            os.close(directory)
        inode = namespace[5:-1]
        return ProcEntry(pid, stat.ppid, stat.start, int(inode) if inode.isdigit() else 0, tgid, stat.comm, image)

    def has_pid(self, pid: int) -> bool:
        """Return whether a process has this pid; no process can make that wait."""
        return os.path.exists(f"{self.root}/{pid}")

    def stat_in_time(self, pid: int) -> Stat | Open | None:
        """The same as `stat`, for which no process can make the caller wait."""
        return self.looks.look(pid, self.stat, pid) if self.has_pid(pid) else None

    def stats_in_time(self, pids: list[int]) -> Sequence[Stat | Open | None]:
        """The same of some together; each by itself when one of them does not answer."""
        found = self.looks.look(_SOME, self._stats, pids)
        return [self.stat_in_time(pid) for pid in pids] if isinstance(found, Open) else found

    def entry_in_time(self, pid: int, exe: bool) -> ProcEntry | Open | None:
        """The same as `entry`, for which no process can make the caller wait."""
        return self.looks.look(pid, self.entry if exe else self._entry_without_exe, pid) if self.has_pid(pid) else None

    def names_in_time(self, pid: int, start: int) -> tuple[str, str] | Open | None:
        """Name and image of the process that began at a tick, for which it cannot make the caller wait."""
        return self.looks.look(pid, self._names, (pid, start)) if self.has_pid(pid) else None

    def view_in_time(self, pid: int) -> View | None:
        """The same as `view`, for which no process can make the caller wait; None if it does not answer, too."""
        view = self.looks.look(pid, self.view, pid) if self.has_pid(pid) else None
        return None if isinstance(view, Open) else view

    def view(self, pid: int | str) -> View | None:
        """Where the paths of a process lead; None when it has ended, or where the kernel does not show it."""
        view = View(self._link(f"{pid}/root"), self._link(f"{pid}/ns/mnt"), self._link(f"{pid}/ns/user"))
        return view if all(view) else None

    def _stats(self, pids: list[int]) -> list[Stat | None]:
        return [self.stat(pid) for pid in pids]

    def _entry_without_exe(self, pid: int) -> ProcEntry | None:
        return self.entry(pid, exe=False)

    def _names(self, asked: tuple[int, int]) -> tuple[str, str] | None:
        pid, start = asked
        stat = self.stat(pid)
        return (self.comm(pid), self.exe(pid)) if stat is not None and stat.start == start else None

    @cached_property
    def host_view(self) -> View | None:
        """That of pid 1, or where the kernel keeps it secret our own."""
        return self.view(1) or self.view("self")

    @cached_property
    def _own_namespace(self) -> str:
        return self._link("self/ns/pid") or "unknown"

    @cached_property
    def has_own_pids(self) -> bool:
        """Whether its pids are those that this process knows."""
        return self._link("self") == str(os.getpid())

    def _read(self, path: str, directory: int | None = None) -> str | None:
        return read_file(path if directory is not None else f"{self.root}/{path}", _LONGEST, directory)

    def _link(self, path: str, directory: int | None = None) -> str:
        try:
            where = path if directory is not None else f"{self.root}/{path}"
            return os.readlink(where.encode(), dir_fd=directory).decode("latin-1")
        except OSError:
            return ""


def root_of(proc: ProcFS, pid: int) -> Root | None:
    """The root of a process that is there now; None where /proc does not show it, or not in time."""
    return root_in(proc.view_in_time(pid), proc.host_view)


def read_file(path: str, limit: int, directory: int | None = None) -> str | None:
    """What one read(2) of so many bytes gets of a file of /proc, a character each; None if it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    except OSError:
        return None
    try:
        return os.read(descriptor, limit).decode("latin-1")
    except OSError:
        return None
    finally:
        os.close(descriptor)


def stat_fields(text: str | None) -> list[str]:
    """The fields of /proc/PID/stat from the third, the state, to the 22nd, the start, and the rest in one; else none.

    The second, the name, holds whatever a process likes, but is the last with a parenthesis.
    """
    fields = text[text.rfind(")") + 2 :].split(" ", 20) if text is not None else []
    return fields if len(fields) > 20 else []


def has_ended(fields: list[str]) -> bool:
    """Whether a process of which these are the `stat_fields` has ended: gone, a zombie (Z), or dead (X, x)."""
    return not fields or fields[0] in _ENDED


def _parse_stat(text: str | None) -> Stat | None:
    fields = stat_fields(text)
    if text is None or not fields:
        return None
    return Stat(int(fields[1]), int(fields[19]), text[text.find("(") + 1 : text.rfind(")")])


def _last_number(text: str, name: str, default: int) -> int:
    """The last number of a line of /proc/PID/status."""
    start = text.find(name)
    words = text[start + len(name) : text.find("\n", start + 1)].split() if start >= 0 else []
    return int(words[-1]) if words and words[-1].isdigit() else default

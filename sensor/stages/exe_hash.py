"""The SHA-256 of the file a process executes.

    "SYSCALL":{…,"exe":"/usr/bin/perl",…,"EXE_HASH":"9f86d0…0a08","EXE_HASH_SOURCE":"observed"}
    "SYSCALL":{…,"exe":"/opt/huge",…,"EXE_HASH_SKIPPED":"too_large"}

Files are hashed beside the feed (sensor.background), once each: a file is known by
device, inode, size and the whole of its mtime and ctime, so that a change in place is
seen. The file is that of /proc/PID/exe; of a process that is gone it is the one at the
path, if the records of its exec show the same device and inode; one that executed
nothing since it was forked has its file from the program that forked it, `inherited`.
SKIPPED says why there is no hash. Only for this host's own events.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from sensor.audit.render import Style
from sensor.background import Background
from sensor.event import Event
from sensor.options import option
from sensor.process.files import ProcFiles
from sensor.process.procfs import Host
from sensor.process.program import Process

SKIPPED = {
    "gone": "the process had ended, and what it executed cannot be told for sure",
    "too_large": "the file is larger than exe_hash_size_limit",
    "pending": "the file is being hashed; later events of the process have it",
    "changed": "the file was replaced or written to before it was hashed",
    "unreadable": "the file could not be read",
}
"""Every value of EXE_HASH_SKIPPED, and what it means."""

_TEXT, _FILE, _INHERITED = "~exe_hash", "exe_hash", "exe_hash_inherited"
_PIECE = 1 << 18


@dataclass(frozen=True)
class Options:
    """Hashes of executables."""

    exe_hash: bool = option(False, "Add EXE_HASH to SYSCALL: the SHA-256 of the executed file.")
    exe_hash_size_limit: int = option(10_000_000, "Larger files are not hashed.", (), 0, "bytes")
    exe_hash_cache_entries: int = option(1024, "Hashes that are remembered.", (), 0)


@dataclass(frozen=True)
class File:
    """One state of one file, and the paths under which it may be found."""

    device: int
    inode: int
    size: int
    mtime: int
    ctime: int
    paths: tuple[str, ...] = field(compare=False, default=())


class ExeHash:
    """The stage."""

    def __init__(self, options: Options, style: Style, files: ProcFiles, host: Host) -> None:
        self._host = host
        self._limit = options.exe_hash_size_limit
        self._hash, self._skipped = style.key("EXE_HASH"), style.key("EXE_HASH_SKIPPED")
        self._source = style.key("EXE_HASH_SOURCE")
        self._files = files
        self._digests: Background[File, tuple[str, str]] = Background(_digest, options.exe_hash_cache_entries)

    def stage(self, event: Event) -> bool:
        """Add EXE_HASH, or why there is none, to an event; drops nothing."""
        process: Process | None = event.process
        if process is not None and event.syscall.rest.exe and self._host.is_this(event.node, event.id):
            text: str | None = process.program.marks.get(_TEXT)
            event.syscall.extra += self._look(process, event) if text is None else text
        return True

    def _look(self, process: Process, event: Event) -> str:
        marks = process.program.marks
        file: File | None = marks.get(_FILE)
        if file is None:
            file = marks[_FILE] = self._identify(process, event)
        if file is None:
            text = marks[_TEXT] = self._because("gone")
            return text
        if file.size > self._limit:
            text = marks[_TEXT] = self._because("too_large")
            return text
        answer = self._digests.get(file)
        if answer is None:
            event.passing = True
            return self._because("pending")
        digest, reason = answer
        source = "inherited" if _INHERITED in marks else "observed"
        told = f',"{self._hash}":"{digest}","{self._source}":"{source}"'
        text = marks[_TEXT] = told if digest else self._because(reason)
        return text

    def _identify(self, process: Process, event: Event) -> File | None:
        program = process.program
        own, path = self._files.path(program, "exe"), event.syscall.rest.exe
        found = _state(own, path) if own is not None else None
        if found is not None and self._files.runs(program):
            return found
        if program.event_id == event.id and "EXECVE" in event.records:
            found = _state(path)
            return found if found is not None and (found.device, found.inode) in _opened(event) else None
        by = process.spawned_by
        if by is not None and by.exe == program.exe and isinstance(by.marks.get(_FILE), File):
            inherited: File = by.marks[_FILE]
            program.marks[_INHERITED] = True
            return inherited
        return None

    def _because(self, reason: str) -> str:
        return f',"{self._skipped}":"{reason}"'


def _state(*paths: str) -> File | None:
    """The state of the file at the first path; the others may be tried for reading it."""
    try:
        found = os.stat(os.fsencode(paths[0].encode("latin-1")))
    except (OSError, ValueError):
        return None
    return File(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, paths)


def _opened(event: Event) -> Iterator[tuple[int, int]]:
    """Device and inode of each file that the records of an event name."""
    for record in event.records.get("PATH", ()):
        device, inode = record.fields.get("dev"), record.fields.get("inode")
        major, colon, minor = str(device).partition(":")
        if colon and isinstance(inode, int):
            try:
                yield os.makedev(int(major, 16), int(minor, 16)), inode
            except (ValueError, OverflowError):
                continue


def _digest(file: File) -> tuple[str, str]:
    """Hash a file: (hexadecimal digest, ""), or ("", why not)."""
    reason = "unreadable"
    for path in file.paths:
        try:
            # A path may have become a FIFO, at which a plain open() would wait for ever.
            descriptor = os.open(path.encode("latin-1"), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, ValueError):
            continue
        try:
            if _same(descriptor, file):
                digest = _read(descriptor, file.size)
                if _same(descriptor, file):
                    return digest, ""
            reason = "changed"
        except OSError:
            continue
        finally:
            os.close(descriptor)
    return "", reason


def _same(descriptor: int, file: File) -> bool:
    now = os.fstat(descriptor)
    state = File(now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
    return stat.S_ISREG(now.st_mode) and state == file


def _read(descriptor: int, size: int) -> str:
    import hashlib  # 3.5 MB resident that those who hash nothing need not have

    digest = hashlib.sha256()
    while size >= 0 and (piece := os.read(descriptor, _PIECE)):  # one that grows meanwhile is not read for ever
        digest.update(piece)
        size -= len(piece)
    return digest.hexdigest()

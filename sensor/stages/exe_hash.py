"""The SHA-256 of the file a process executes.

    "SYSCALL":{…,"exe":"/usr/bin/perl",…,"EXE_HASH":"9f86d0…0a08","EXE_HASH_SOURCE":"observed"}
    "SYSCALL":{…,"exe":"/opt/huge",…,"EXE_HASH_SKIPPED":"too_large"}

Files are hashed beside the feed (sensor.background), once each: a file is known by
device, inode, size and the whole of its mtime and ctime, so that a change in place is
seen. The file is that of /proc/PID/exe; of a process that is gone it is the one at the
path, if the records of its exec show the same device and inode; one that executed
nothing since it was forked has its file from the program that forked it, `inherited`.
SKIPPED says why there is no hash. Only for this host's own events.

The path is what somebody else says, and may lead elsewhere by now: to a device that acts when it is opened, to a FIFO,
to a mount that hangs. So whatever touches the file does so beside the feed; no link on the way is followed; and it is
looked at before it is opened (sensor.process.opening).
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
from sensor.process import opening
from sensor.process.files import ProcFiles
from sensor.process.procfs import Host
from sensor.process.program import Process, Program

SKIPPED = {
    "gone": "the process had ended, and what it executed cannot be told for sure",
    "too_large": "the file is larger than exe_hash_size_limit",
    "pending": "the file is being hashed; later events of the process have it",
    "changed": "the file was replaced or written to before it was hashed",
    "unreadable": "the file could not be read",
}
"""Every value of EXE_HASH_SKIPPED, and what it means."""

_TEXT, _FILE, _WHERE, _INHERITED = "~exe_hash", "exe_hash", "exe_hash_where", "exe_hash_inherited"
_REMEMBERED = 1024
_PIECE = 1 << 18


@dataclass(frozen=True)
class Options:
    """Hashes of executables."""

    exe_hash: bool = option(False, "Add EXE_HASH to SYSCALL: the SHA-256 of the executed file.")
    exe_hash_size_limit: int = option(10_000_000, "Larger files are not hashed.", (), 0, "bytes")
    exe_hash_cache_entries: int = option(1024, "Hashes that are remembered.", (), 0)


@dataclass(frozen=True)
class Where:
    """Where the file of a program may be found: in /proc, as long as it runs, and at a path.

    opened: device and inode of what its exec has opened, of which that at the path must be one.
    """

    program: Program
    path: str
    opened: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class File:
    """One state of one file, and the paths under which it may be found; own: the first is a link of /proc."""

    device: int
    inode: int
    size: int
    mtime: int
    ctime: int
    paths: tuple[str, ...] = field(compare=False, default=())
    own: bool = field(compare=False, default=False)


class ExeHash:
    """The stage."""

    def __init__(self, options: Options, style: Style, files: ProcFiles, host: Host) -> None:
        self._host = host
        self._limit = options.exe_hash_size_limit
        self._hash, self._skipped = style.key("EXE_HASH"), style.key("EXE_HASH_SKIPPED")
        self._source = style.key("EXE_HASH_SOURCE")
        self._files = files
        self._found: Background[Where, File | str] = Background(self._find, _REMEMBERED)
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
        file: File | str | None = marks.get(_FILE)
        if file is None:
            file = self._identify(process, event)
            if file is not None:
                marks[_FILE] = file
        if file is None:
            event.passing = True
            return self._because("pending")
        if isinstance(file, str):
            text = marks[_TEXT] = self._because(file)
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

    def _identify(self, process: Process, event: Event) -> File | str | None:
        """The file, or why there is none; None as long as it is looked for."""
        program = process.program
        where: Where | None = program.marks.get(_WHERE)
        if where is None:
            is_exec = program.event_id == event.id and "EXECVE" in event.records
            where = Where(program, event.syscall.rest.exe, frozenset(_opened(event) if is_exec else ()))
            program.marks[_WHERE] = where
        found = self._found.get(where) if where.opened or self._files.runs(program) else "gone"
        by = process.spawned_by
        if found == "gone" and by is not None and by.exe == program.exe and isinstance(by.marks.get(_FILE), File):
            inherited: File = by.marks[_FILE]
            program.marks[_INHERITED] = True
            return inherited
        return found

    def _find(self, where: Where) -> File | str:
        """Look for the file; in the background."""
        own = self._files.path(where.program, "exe")
        found = _state((own, where.path), own=True) if own is not None else None
        if found is not None and self._files.runs(where.program):
            return found
        found = _state((where.path,)) if where.opened else None
        return found if found is not None and (found.device, found.inode) in where.opened else "gone"

    def _because(self, reason: str) -> str:
        return f',"{self._skipped}":"{reason}"'


def _state(paths: tuple[str, ...], own: bool = False) -> File | None:
    """The state of the file at the first path; the others may be tried for reading it."""
    try:
        handle = _handle(paths[0], own)
    except (OSError, ValueError):
        return None
    try:
        return _described(handle, paths, own)
    finally:
        os.close(handle)


def _handle(path: str, own: bool) -> int:
    return opening.find_link_of_process(path) if own else opening.find(path)


def _described(descriptor: int, paths: tuple[str, ...] = (), own: bool = False) -> File | None:
    """The state of an open file, None if it is no regular one."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        return None
    return File(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, paths, own)


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
    for number, path in enumerate(file.paths):
        handles: list[int] = []
        try:
            handles.append(_handle(path, file.own and number == 0))
            reason = "changed"
            if _described(handles[0]) == file:
                reason = "unreadable"
                handles.append(opening.reopen(handles[0]))
                digest = _read(handles[1], file.size)
                if _described(handles[1]) == file:
                    return digest, ""
                reason = "changed"
        except (OSError, ValueError):
            continue
        finally:
            for handle in handles:
                os.close(handle)
    return "", reason


def _read(descriptor: int, size: int) -> str:
    import hashlib  # 3.5 MB resident that those who hash nothing need not have

    digest = hashlib.sha256()
    while size >= 0 and (piece := os.read(descriptor, _PIECE)):  # one that grows meanwhile is not read for ever
        digest.update(piece)
        size -= len(piece)
    return digest.hexdigest()

"""The SHA-256 of the file a process executes.

    "SYSCALL":{…,"exe":"/usr/bin/perl",…,"EXE_HASH":"9f86d0…0a08","EXE_HASH_SOURCE":"observed"}
    "SYSCALL":{…,"exe":"/opt/huge",…,"EXE_HASH_SKIPPED":"too_large"}

Files are hashed beside the feed (sensor.non_blocking_cache), once each: a file is known by
device, inode, size and the whole of its mtime and ctime, so that a change in place is
seen. The file is that of /proc/PID/exe; of a process that is gone it is the one at the
path, if the records of its exec show the same device and inode. A look at a path holds for all execs
whose records had been read by then (the same chunk), so one is enough for these. One that executed
nothing since it was forked has its file from the program that forked it, `inherited`.
SKIPPED is why there is no hash. Only for this host's own events.

The path is another's word, and may lead elsewhere by now: to a device that acts when it is opened, to a FIFO,
to a mount that hangs. So whatever touches the file does so beside the feed, but for a look at what the kernel has in
memory (sensor.process.cached_file); no link on the way is followed; and it is looked at before it is opened
(sensor.process.opening).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Callable, NamedTuple

from sensor.audit.event import Addition, Event
from sensor.cache import BoundedDict
from sensor.non_blocking_cache import NonBlockingCache
from sensor.process import cached_file, opening
from sensor.process.files import ProcFiles
from sensor.process.host import Host
from sensor.process.host_paths import HostPaths
from sensor.process.image import FileState, Image
from sensor.process.program import Process, Program
from sensor.stages.options import HashOptions

SKIPPED = {
    "gone": "the process had ended, and what it executed is not known for sure",
    "too_large": "the file is larger than exe_hash_size_limit",
    "pending": "the file is being hashed; later events of the process have it",
    "changed": "the file was replaced or written to before it was hashed",
    "unreadable": "the file could not be read",
}
"""Every value of EXE_HASH_SKIPPED, and what it means."""

_REMEMBERED = 1024
_PIECE = 1 << 18


class Where(NamedTuple):
    """Where the file of a program may be found: in /proc, as long as it runs, and at a path.

    opened: device and inode of what its exec has opened, of which that at the path must be one.
    """

    program: Program
    path: str
    opened: frozenset[tuple[int, int]] = frozenset()


class Look(NamedTuple):
    """What was found, and in which chunk; a text is why nothing was."""

    found: Image | str
    chunk: float


class ExeHash:
    """The stage.

    paths: counts the chunks; None if each program is to be looked for by itself.
    hashed: the digest of a file, or why there is none; called in the background.
    """

    def __init__(
        self,
        options: HashOptions,
        files: ProcFiles,
        host: Host,
        paths: HostPaths | None = None,
        hashed: Callable[[Image], tuple[str, str]] | None = None,
    ) -> None:
        self._host = host
        self._limit = options.exe_hash_size_limit
        self._shown: BoundedDict[tuple[str, str], Addition] = BoundedDict(_REMEMBERED)
        self._skipped = {reason: Addition({"EXE_HASH_SKIPPED": reason}) for reason in SKIPPED}
        self._files = files
        self._paths = paths
        self._chunk = -1.0
        self._looks: BoundedDict[tuple[str, frozenset[tuple[int, int]]], Image | str] = BoundedDict(_REMEMBERED)
        self._found: NonBlockingCache[Where, Look] = NonBlockingCache(self._find, _REMEMBERED)
        self._digests: NonBlockingCache[Image, tuple[str, str]] = NonBlockingCache(
            hashed or digest_of, options.exe_hash_cache_entries
        )

    def stage(self, event: Event) -> None:
        """Add EXE_HASH, or why there is none, to an event."""
        process, syscall = event.process, event.syscall
        if process is None or syscall is None or not syscall.rest.exe:
            return
        if self._host.is_this(event.node, event.id):
            event.additions.append(self._look(process, event, syscall.rest.exe))

    def _look(self, process: Process, event: Event, path: str) -> Addition:
        program = process.program
        if program.image is None and not program.image_unknown:
            self._identify(process, event, path)
        image = program.image
        if image is None and program.image_unknown:
            return self._skipped[program.image_unknown]
        if image is not None and image.state.size > self._limit:
            return self._skipped["too_large"]
        answer = self._digests.get(image) if image is not None else None
        if answer is None:
            event.provisional = True
            return self._skipped["pending"]
        digest, reason = answer
        if not digest:
            return self._skipped[reason]
        source = "inherited" if program.image_inherited else "observed"
        return self._shown.get((digest, source)) or self._show(digest, source)

    def _show(self, digest: str, source: str) -> Addition:
        return self._shown.keep((digest, source), Addition({"EXE_HASH": digest, "EXE_HASH_SOURCE": source}))

    def _identify(self, process: Process, event: Event, path: str) -> None:
        """Find the file, or why there is none, unless it takes longer than an event waits."""
        program = process.program
        if program.image_opened is None:
            program.image_path = path
            program.image_opened = frozenset(_opened(event) if event.began_program else ())
        where = Where(program, program.image_path, program.image_opened)
        found = self._look_for(where) if where.opened or self._files.runs(program) else "gone"
        if found == "gone" and self._files.is_open(program):
            return  # not known yet
        by = process.spawned_by
        if found == "gone" and by is not None and by.exe == program.exe and by.image is not None:
            program.image_inherited = True
            program.image = by.image
        elif isinstance(found, Image):
            program.image = found
        elif found is not None:
            program.image_unknown = found

    def _look_for(self, where: Where) -> Image | str | None:
        """What is found of it, None if that takes too long; what /proc cannot show is looked for once in a chunk."""
        chunk = self._paths.chunk if self._paths is not None else -1.0
        if chunk < 0 or self._files.path(where.program, "exe") is not None:
            look = self._found.get(where)
            return look.found if look is not None else None
        if chunk != self._chunk:
            self._chunk = chunk
            self._looks.clear()
        known = self._looks.get((where.path, where.opened))
        if known is not None:
            return known
        # Most often enough, and a fifth of what a look in the background takes.
        state = cached_file.state_of(where.path)
        if state is not None:
            return self._looks.keep((where.path, where.opened), _among(where, Image(state, (where.path,))))
        look = self._found.get(where)
        if look is None:
            return None
        return self._looks.keep((where.path, where.opened), look.found) if look.chunk == chunk else look.found

    def _find(self, where: Where) -> Look:
        chunk = self._paths.chunk if self._paths is not None else -1.0  # before the look: it holds for that one
        return Look(self._found_by(where), chunk)

    def _found_by(self, where: Where) -> Image | str:
        """Look for the file; in the background."""
        own = self._files.path(where.program, "exe")
        found = state_of((own, where.path), own=True) if own is not None else None
        if found is not None and self._files.waiting.runs(where.program):
            return found
        found = state_of((where.path,)) if where.opened else None
        return "gone" if found is None else _among(where, found)


def _among(where: Where, found: Image) -> Image | str:
    """A file, if it is among those that the exec has opened."""
    return found if found.state[:2] in where.opened else "gone"


def state_of(paths: tuple[str, ...], own: bool = False) -> Image | None:
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


def _described(descriptor: int, paths: tuple[str, ...] = (), own: bool = False) -> Image | None:
    """The state of an open file, None if it is no regular one."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        return None
    state = FileState(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return Image(state, paths, own)


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


def digest_of(file: Image) -> tuple[str, str]:
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
                digest = _read(handles[1], file.state.size)
                if _described(handles[1]) == file:
                    return digest, ""
                reason = "changed"
        except (OSError, ValueError):
            pass  # perhaps it can be read at the next one
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

"""The log and its rotated generations: which files there are, in which order, and which is which.

    audit.jsonl        the newest, being written
    audit.jsonl.1      the one before; also audit.jsonl.1.gz, .zst, .xz, .bz2
    audit.jsonl.12     the oldest
    audit.jsonl-20261127.gz   logrotate's `dateext`: by date, all of them before audit.jsonl

A file is known by its first line, whatever it is renamed to, and packed or not; the inode decides where two begin
alike. A file without a whole first line does not count yet.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass

from sensor.ship.packed import open_packed

HEAD = 4096
"""Bytes of a file that are looked at; of a first line that is longer, so many identify it."""

_SUFFIX = re.compile(r"(?:\.(?P<number>[0-9]{1,9})|-(?P<date>[0-9][0-9T_.-]*))?(?P<packed>\.gz|\.zst|\.xz|\.bz2)?")


@dataclass(frozen=True)
class Generation:
    """One file of the log."""

    path: str
    identity: str  # of its content: see `identify`
    head: bytes  # its first bytes, unpacked
    inode: tuple[int, int]  # device and number
    size: int  # bytes on disk
    modified: float  # seconds since 1970
    packed: str  # "", ".gz", ".zst", ".xz" or ".bz2"


def generations(log: str) -> list[Generation]:
    """All files of a log, the oldest first; those that cannot be read, or have no whole first line, are left out."""
    found: list[Generation] = []
    for _, path, packed in sorted(_names(log), reverse=True):
        generation = _look(path, packed)
        if generation is not None:
            found.append(generation)
    return _without_twins(found)


def identify(head: bytes) -> str:
    """The identity of a file that begins so: a hash of its first line; empty where that is not whole yet."""
    end = head.find(b"\n")
    if end < 0 and len(head) < HEAD:
        return ""
    return hashlib.sha256(head[:end] if end >= 0 else head[:HEAD]).hexdigest()[:24]


def _names(log: str) -> list[tuple[tuple[int, int, str], str, str]]:
    """Order (the newest has the least), path and packing of every file that by its name belongs to the log."""
    folder, name = os.path.split(log)
    found = []
    with suppress(OSError), os.scandir(folder or ".") as entries:
        for entry in entries:
            if not entry.name.startswith(name):
                continue
            match = _SUFFIX.fullmatch(entry.name, len(name))
            if match is None:
                continue
            # The date counts down: what is later is newer.
            age = "".join(chr(0x10FFFF - ord(digit)) for digit in match["date"] or "")
            order = (1 if match["date"] else 0, int(match["number"] or 0), age)
            found.append((order, entry.path, match["packed"] or ""))
    return found


def _look(path: str, packed: str) -> Generation | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return None
        head = _unpacked_head(path, packed) if packed else os.pread(fd, HEAD, 0)
    except OSError:
        return None
    finally:
        os.close(fd)
    identity = identify(head)
    if not identity:
        return None
    inode = status.st_dev, status.st_ino
    return Generation(path, identity, head, inode, status.st_size, status.st_mtime, packed)


def _unpacked_head(path: str, packed: str) -> bytes:
    with open_packed(open(path, "rb"), packed) as file:
        return file.read(HEAD)


def _without_twins(found: list[Generation]) -> list[Generation]:
    """Leave out what is a copy of another: one being packed beside its original, or copied before it is truncated."""
    kept: dict[tuple[str, int], Generation] = {}  # those of one identity are numbered: nearly always there is one
    for generation in found:
        number = 0
        while (generation.identity, number) in kept:
            twin = kept[generation.identity, number]
            if _begin_alike(twin, generation):
                if generation.packed and not twin.packed:
                    generation = twin
                del kept[twin.identity, number]
                break
            number += 1
        kept[generation.identity, number] = generation
    return list(kept.values())


def _begin_alike(one: Generation, other: Generation) -> bool:
    length = min(len(one.head), len(other.head))
    return one.head[:length] == other.head[:length]

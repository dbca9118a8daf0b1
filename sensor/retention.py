"""How many old files of a log stay when it is rotated: those configured, and beyond them what is not shipped yet.

    /var/lib/host-sensor-ship/central/cursor     {"log":"/var/log/host-sensor/audit.jsonl","inode":[65024,4711],…}

`host-sensor ship` writes there which file it is in; that file and all newer ones have events a destination lacks. Who
can write the cursors can make the log keep files up to the share of the disk that it may take, and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from sensor import slots

STATES = "/var/lib/host-sensor-ship"
MOST_CURSORS = 100


class Retained(NamedTuple):
    """What a rotation keeps, and what of it that is not shipped it has to give up."""

    generations: int
    lost_files: int = 0
    lost_bytes: int = 0


def kept(log: str, generations: int, percent: float | None, states: str = STATES) -> Retained:
    """How many old files a log has after the rotation that comes next.

    `percent` is the share of the file system that old files may take for the sake of what is not shipped; None: none.
    """
    if percent is None:
        return Retained(generations)
    files = list(_files(log))
    wanted = max((_unshipped(files, inode) for inode in _cursors(log, states)), default=0)
    if wanted <= generations:
        return Retained(generations)
    status = os.statvfs(os.path.dirname(log) or ".")
    room = status.f_blocks * status.f_frsize * percent / 100
    fitting = 0
    for _, size in files[:wanted]:
        room -= size
        if room < 0:
            break
        fitting += 1
    stays = max(generations, fitting)
    lost = files[stays:wanted]
    return Retained(stays, len(lost), sum(size for _, size in lost))


def _files(log: str) -> Iterator[tuple[tuple[int, int], int]]:
    """Device and inode, and size, of the log and its old files, the newest first."""
    number = 0
    while True:
        try:
            status = os.lstat(f"{log}.{number}" if number else log)
        except OSError:
            return
        yield (status.st_dev, status.st_ino), status.st_size
        number += 1


def _unshipped(files: list[tuple[tuple[int, int], int]], inode: tuple[int, int]) -> int:
    """How many of the files, from the newest on, have events that a destination lacks; all where its file is gone."""
    return next((number for number, (file, _) in enumerate(files, 1) if file == inode), len(files))


def _cursors(log: str, states: str) -> Iterator[tuple[int, int]]:
    """Device and inode of the file that each destination of this log is in."""
    with suppress(OSError), os.scandir(states) as entries:
        for entry, _ in zip(entries, range(MOST_CURSORS)):
            with suppress(OSError, KeyError, TypeError, ValueError):
                value = slots.read(os.path.join(entry.path, "cursor"))
                if value["log"] == log:
                    device, number = value["inode"]
                    yield int(device), int(number)

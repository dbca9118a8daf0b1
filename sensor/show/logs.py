"""The lines of logs: files in the order of their time, compressed or not, and a log that still grows.

    audit.jsonl.2.gz  audit.jsonl.1  audit.jsonl        the oldest first; .1 is the newest of the rotated ones

A log is followed by its name: what is renamed is read to its end, then the new file from its beginning.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Generator, Iterable, Iterator
from typing import BinaryIO

from sensor.inputs.files import read_chunks

LONGEST_LINE = 1 << 24
"""Bytes; a longer line is left out."""
_ROTATED = re.compile(r"\.(\d+)(?:\.(?:gz|zst|xz|bz2))?$")
_PAUSE = 0.25  # seconds


def generations(path: str) -> list[str]:
    """A log and what was rotated away from it, the oldest first."""
    folder, name = os.path.split(path)
    found = []
    for other in os.listdir(folder or "."):
        rotated = _ROTATED.search(other)
        if rotated and other[: rotated.start()] == name:
            found.append((-int(rotated[1]), os.path.join(folder, other)))
    return [file for _, file in sorted(found)] + ([path] if os.path.exists(path) else [])


def read_lines(paths: Iterable[str]) -> Iterator[bytes]:
    """The lines of some files, without their ends; raises InputError for one that cannot be read."""
    for path in paths:
        rest = b""
        for chunk in read_chunks(path):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
            if len(rest) > LONGEST_LINE:
                rest = b""
        if rest:
            yield rest


def follow(path: str, pause: float = _PAUSE) -> Generator[bytes | None, None, None]:
    """The lines that are added to a log from now on; None whenever there is none yet, after a pause."""
    file = _open(path, os.SEEK_END)
    rest = b""
    try:
        while True:
            data = file.read(1 << 16) if file else b""
            *lines, rest = (rest + data).split(b"\n")
            yield from lines
            if len(rest) > LONGEST_LINE:
                rest = b""
            if data:
                continue
            if file is None or _is_replaced(path, file):
                if file is not None:
                    file.close()
                file, rest = _open(path, os.SEEK_SET), b""
                if file is not None:
                    continue
            yield None
            time.sleep(pause)
    finally:
        if file is not None:
            file.close()


def _open(path: str, whence: int) -> BinaryIO | None:
    try:
        file = open(path, "rb")  # noqa: SIM115 - it stays open while the log is followed
    except OSError:
        return None
    file.seek(0, whence)
    return file


def _is_replaced(path: str, file: BinaryIO) -> bool:
    """Whether another file has the name by now, or this one was cut."""
    ours = os.fstat(file.fileno())
    if file.tell() > ours.st_size:
        return True
    try:
        theirs = os.stat(path)
    except OSError:
        return False
    return (ours.st_dev, ours.st_ino) != (theirs.st_dev, theirs.st_ino)

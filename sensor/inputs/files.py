"""Recorded audit logs, plain or compressed, as chunks: what `convert` and `bench` read.

The first bytes, not the name, decide the kind: 1f 8b is gzip, 28 b5 2f fd is zstd, fd "7zXZ" is xz, "BZh" is bzip2,
anything else is text,

    type=SYSCALL msg=audit(1700000000.123:4567): arch=c000003e syscall=59 success=yes exit=0 …
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from sensor.errors import InputError

CHUNK_BYTES = 262144
_LAST_BYTES = 16384
_FIRST_TIME = re.compile(rb'(?:audit\(|"ID": ?"|"id": ?"|"uid": ?")([0-9]{1,16}\.[0-9]{1,3}):[0-9]')
_KERNEL_ID = re.compile(rb"type=(?!DAEMON_)[^ ]+ (?:msg=)?audit\(([0-9]{1,16}\.[0-9]{1,3}):([0-9]{1,10})\)")


def read_chunks(path: str) -> Iterator[bytes]:
    """Yield the uncompressed content of a file, or of standard input for "-"; raises InputError with the path in it."""
    try:
        with _open(path) as raw, _decompressed(raw) as text:
            while True:
                chunk = text.read(CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk
    except _errors() as error:
        raise InputError(f"{path}: {error.strerror or error if isinstance(error, OSError) else error}") from error


class EventId(NamedTuple):
    """Of a record: the time of its event in seconds since 1970, and the serial."""

    time: float
    serial: int


def in_order(paths: Sequence[str]) -> list[str]:
    """Files of logs from the oldest on, by their first record; as they are named if one is a pipe, to be read once."""
    if len(paths) < 2 or not all(os.path.isfile(path) for path in paths):
        return list(paths)
    return sorted(paths, key=begin_of)  # which is stable


def begin_of(path: str) -> float:
    """The time of the first record in a file, in seconds since 1970; infinite if there is none to be found."""
    try:
        found = _FIRST_TIME.search(next(read_chunks(path), b""))
    except InputError:  # is raised again when the file is read
        found = None
    return float(found.group(1)) if found is not None else math.inf


def end_of(chunk: bytes) -> float:
    """The time of the last record in a chunk; minus infinity if there is none."""
    start = max(len(chunk) - _LAST_BYTES, 0)
    found = [*_FIRST_TIME.finditer(chunk, start)] or [*_FIRST_TIME.finditer(chunk)]
    return float(found[-1].group(1)) if found else -math.inf


def first_id(chunk: bytes) -> EventId | None:
    """The first id of the kernel's in a chunk of records; auditd counts its own apart."""
    return _id(_KERNEL_ID.search(chunk))


def last_id(chunk: bytes) -> EventId | None:
    """The last one."""
    start = chunk.rfind(b"\n", 0, max(len(chunk) - _LAST_BYTES, 0)) + 1
    found = [*_KERNEL_ID.finditer(chunk, start)]
    return _id(found[-1] if found else None)


def _id(found: re.Match[bytes] | None) -> EventId | None:
    return EventId(float(found.group(1)), int(found.group(2))) if found is not None else None


def _open(path: str) -> BinaryIO:
    if path == "-":
        return open(sys.stdin.fileno(), "rb", closefd=False)
    return open(path, "rb")


def _decompressed(raw: BinaryIO) -> BinaryIO:
    start = raw.peek(4)[:4]  # type: ignore[attr-defined]  # both are buffered readers
    if start[:2] == b"\x1f\x8b":
        import gzip

        return gzip.open(raw)  # type: ignore[return-value]
    if start == b"\x28\xb5\x2f\xfd":
        return _zstd(raw)
    if start == b"\xfd7zX":
        import lzma

        return lzma.open(raw)  # type: ignore[return-value]
    if start[:3] == b"BZh":
        import bz2

        return bz2.open(raw)  # type: ignore[return-value]
    return raw


def _errors() -> tuple[type[Exception], ...]:
    """What is raised for files that cannot be read, and by the libraries that unpack for what is damaged."""
    import lzma
    import zlib

    zstandard = sys.modules.get("zstandard")
    return (OSError, EOFError, zlib.error, lzma.LZMAError, *([zstandard.ZstdError] if zstandard is not None else []))


def _zstd(raw: BinaryIO) -> BinaryIO:
    """Decompress with the standard library (Python 3.14) or with `zstandard`, whichever is there."""
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]

        return zstd.open(raw)  # type: ignore[no-any-return,unused-ignore]
    except ImportError:
        pass
    try:
        import zstandard  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise InputError(
            f"{raw.name}: is compressed with zstd, which needs the library zstandard (package python3-zstandard, or "
            "pip install 'host-sensor[convert]'); or use `zstd -dc FILE |`"
        ) from None
    return zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)  # type: ignore[no-any-return,unused-ignore]

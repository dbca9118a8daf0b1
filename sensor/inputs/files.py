"""Recorded audit logs, plain or compressed, as chunks: what `convert` and `bench` read.

The first bytes, not the name, tell the kind: 1f 8b is gzip, 28 b5 2f fd is zstd, anything else is text,

    type=SYSCALL msg=audit(1700000000.123:4567): arch=c000003e syscall=59 success=yes exit=0 …
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import BinaryIO

from sensor.errors import InputError

CHUNK_BYTES = 262144


def read_chunks(path: str) -> Iterator[bytes]:
    """Yield the uncompressed content of a file, or of standard input for "-"; raises InputError with the path in it."""
    try:
        with _open(path) as raw, _decompressed(raw) as text:
            while True:
                chunk = text.read(CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk
    except (OSError, EOFError) as error:
        raise InputError(f"{path}: {error.strerror or error if isinstance(error, OSError) else error}") from error


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
    return raw


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

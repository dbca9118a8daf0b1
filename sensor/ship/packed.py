"""Rotated files that were packed since: .gz, .xz, .bz2 by the standard library, .zst by `zstandard`.

    with open_packed(open("audit.jsonl.3.gz", "rb"), ".gz") as file:
        file.read(4096)

Whatever is wrong with a packed file, damaged, cut short, or still being written, is an OSError.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from typing import IO, Any


class PackedFile:
    """The content of a packed file, read forwards; closes the file it reads."""

    def __init__(self, raw: IO[bytes], stream: Any, errors: tuple[type[Exception], ...]) -> None:
        self._raw = raw
        self._stream = stream
        self._part = getattr(stream, "read1", stream.read)  # read() would lose what comes before damage
        self._errors: tuple[type[Exception], ...] = (OSError, *errors)

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end or before damage; raises OSError at damage."""
        found = b""
        try:
            while len(found) < size:
                part = self._part(size - len(found))
                if not part:
                    break
                found += part
        except self._errors as error:
            if not found:
                raise OSError(None, f"is damaged or not finished: {error}") from error
        return found

    def close(self) -> None:
        self._stream.close()
        self._raw.close()

    def __enter__(self) -> PackedFile:
        return self

    def __exit__(self, *about: object) -> None:
        self.close()


def open_packed(raw: IO[bytes], suffix: str) -> PackedFile:
    """Read a file that its suffix shows to be packed; raises OSError where nothing here can unpack it."""
    if suffix == ".zst":
        return _zst(raw)
    errors = (EOFError, lzma.LZMAError, zlib.error, ValueError)
    stream: Any = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}[suffix](raw, "rb")  # type: ignore[operator]
    return PackedFile(raw, stream, errors)


def _zst(raw: IO[bytes]) -> PackedFile:
    try:
        import zstandard  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise OSError(None, "is packed with zstd, and this Python has no zstandard library") from None
    stream = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=False)
    return PackedFile(raw, stream, (zstandard.ZstdError, ValueError))

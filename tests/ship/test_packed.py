"""Packed files: content, and damage as an OSError after what comes before it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random

import pytest

from sensor.ship.packed import open_packed

SUFFIXES = (".gz", ".xz", ".bz2", ".zst")
CONTENT = bytes(random.Random(7).choices(b"abcdef\n", k=300_000))


def pack(suffix: str) -> bytes:
    if suffix == ".zst":
        return pytest.importorskip("zstandard").ZstdCompressor().compress(CONTENT)
    return {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}[suffix](CONTENT)


def read_all(data: bytes, suffix: str) -> tuple[bytes, bool]:
    """The content, and whether it ends in damage."""
    found = b""
    with open_packed(io.BytesIO(data), suffix) as file:
        try:
            while part := file.read(10_000):
                found += part
        except OSError:
            return found, True
    return found, False


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_content_is_read_forwards(suffix: str) -> None:
    assert read_all(pack(suffix), suffix) == (CONTENT, False)


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".bz2"])
def test_a_file_cut_short_gives_what_comes_before_and_then_an_error(suffix: str) -> None:
    data = pack(suffix)
    found, damaged = read_all(data[: len(data) * 4 // 5], suffix)
    assert damaged
    assert CONTENT.startswith(found)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_not_packed_is_damaged(suffix: str) -> None:
    pack(suffix)
    assert read_all(b"plain text that is long enough", suffix) == (b"", True)

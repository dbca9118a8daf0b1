"""Which files a log has, in which order, and which is which."""

from __future__ import annotations

import gzip
import lzma
import os
from pathlib import Path

import pytest

from sensor.ship.generations import HEAD, generations, identify


def names(folder: Path) -> list[str]:
    return [os.path.basename(generation.path) for generation in generations(str(folder / "a.jsonl"))]


@pytest.mark.parametrize(
    ("there", "order"),
    [
        (["a.jsonl", "a.jsonl.1", "a.jsonl.2"], ["a.jsonl.2", "a.jsonl.1", "a.jsonl"]),
        (["a.jsonl.9", "a.jsonl.10", "a.jsonl"], ["a.jsonl.10", "a.jsonl.9", "a.jsonl"]),
        (["a.jsonl", "a.jsonl.1", "a.jsonl.2.gz"], ["a.jsonl.2.gz", "a.jsonl.1", "a.jsonl"]),
        (["a.jsonl", "a.jsonl-20261126", "a.jsonl-20261127"], ["a.jsonl-20261126", "a.jsonl-20261127", "a.jsonl"]),
        (
            ["a.jsonl-20261127-1764201600", "a.jsonl-20261127-1764205200"],
            ["a.jsonl-20261127-1764201600", "a.jsonl-20261127-1764205200"],
        ),
        (["a.jsonl.tmp", "a.jsonl.1~", "a.jsonl.bak", "b.jsonl", "aa.jsonl", "a.jsonl.1.gz.old"], []),
    ],
)
def test_files_that_belong_to_a_log_are_in_order(there: list[str], order: list[str], tmp_path: Path) -> None:
    for name in there:
        content = f'{{"ID":"{name}"}}\n'.encode()
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert names(tmp_path) == order


def test_a_file_is_known_by_its_first_line_whatever_follows_and_however_it_is_packed(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    content = b'{"ID":"1"}\n{"ID":"2"}\n'
    packers = {".gz": gzip.compress, ".xz": lzma.compress, ".zst": zstandard.ZstdCompressor().compress}
    found = {identify(content), identify(content + b"more")}
    for suffix, pack in packers.items():
        folder = tmp_path / suffix
        folder.mkdir()
        (folder / f"a.jsonl.1{suffix}").write_bytes(pack(content))
        found |= {generation.identity for generation in generations(str(folder / "a.jsonl"))}
    assert len(found) == 1
    assert identify(b'{"ID":"2"}\n') not in found


@pytest.mark.parametrize(
    ("head", "counts"),
    [(b"", False), (b'{"ID"', False), (b"\n", True), (b"x" * HEAD, True), (b"x" * (HEAD - 1), False)],
)
def test_a_file_without_a_whole_first_line_does_not_count(head: bytes, counts: bool, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(head)
    assert names(tmp_path) == (["a.jsonl"] if counts else [])


def test_of_a_file_and_its_copy_one_counts(tmp_path: Path) -> None:
    content = b'{"ID":"1"}\n'
    (tmp_path / "a.jsonl.1").write_bytes(content)
    (tmp_path / "a.jsonl.1.gz").write_bytes(gzip.compress(content))
    assert names(tmp_path) == ["a.jsonl.1"]
    (tmp_path / "a.jsonl").write_bytes(content + b'{"ID":"2"}\n')  # copytruncate, half way
    assert names(tmp_path) == ["a.jsonl"]


def test_files_that_only_begin_alike_both_count(tmp_path: Path) -> None:
    line = b'{"ID":null,"PARSE_ERROR":{}}\n'
    (tmp_path / "a.jsonl.1").write_bytes(line + b'{"ID":"1"}\n')
    (tmp_path / "a.jsonl").write_bytes(line + b'{"ID":"2"}\n')
    assert names(tmp_path) == ["a.jsonl.1", "a.jsonl"]


def test_what_is_no_file_or_cannot_be_unpacked_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.1").mkdir()
    os.mkfifo(tmp_path / "a.jsonl.2")
    (tmp_path / "a.jsonl.3.gz").write_bytes(b"not gzip")
    (tmp_path / "a.jsonl.4.zst").write_bytes(b"not zstd")
    assert names(tmp_path) == []
    assert generations(str(tmp_path / "nowhere" / "a.jsonl")) == []

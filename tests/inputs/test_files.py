"""Recorded logs are distinguished by their first bytes."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys

import pytest

from sensor.errors import InputError
from sensor.inputs.files import in_order, read_chunks

DATA = b"type=EOE msg=audit(1.000:1): \n" * 20000


def zstd(data: bytes) -> bytes:
    if shutil.which("zstd") is None:
        pytest.skip("zstd is not installed")
    return subprocess.run(["zstd", "-c"], input=data, capture_output=True, check=True).stdout


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("audit.log", DATA),
        ("audit.log.gz", gzip.compress(DATA)),
        ("two members, no suffix", gzip.compress(DATA[:300]) + gzip.compress(DATA[300:])),
        ("text.gz", DATA),
        ("empty", b""),
        ("short", b"x"),
    ],
)
def test_the_content_comes_out(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    expected = DATA if len(content) > 5 else content
    assert b"".join(read_chunks(str(tmp_path / name))) == expected


@pytest.mark.parametrize(
    "line",
    [
        "type=EOE msg=audit(170000000{}.123:1): ",
        '{{"ID":"170000000{}.123:1","SYSCALL":{{}}}}',
        '{{"@timestamp":"2023-11-14T22:13:20.123Z","event":{{"id":"170000000{}.123:1"}}}}',
        '{{"class_uid":1007,"time":1,"metadata":{{"uid":"170000000{}.123:1"}}}}',
    ],
)
def test_logs_of_every_form_are_put_in_order(line, tmp_path):
    paths = [str(tmp_path / name) for name in "abc"]
    for path, second in zip(paths, (2, 3, 1)):
        with open(path, "w", encoding="ascii") as file:
            file.write(line.format(second) + "\n")
    assert in_order(paths) == [paths[2], paths[0], paths[1]]


def test_zstd_where_the_library_is(tmp_path):
    (tmp_path / "log").write_bytes(zstd(DATA[:300]) + zstd(DATA[300:]))
    try:
        import compression.zstd  # noqa: F401
    except ImportError:
        pytest.importorskip("zstandard", reason="no zstandard library")
    assert b"".join(read_chunks(str(tmp_path / "log"))) == DATA


def test_zstd_without_the_library_shows_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "log").write_bytes(b"\x28\xb5\x2f\xfd....")
    monkeypatch.setitem(sys.modules, "compression", None)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(InputError, match=r"log: .*`zstd -dc FILE \|`"):
        list(read_chunks(str(tmp_path / "log")))


@pytest.mark.parametrize("cut", [20, len(gzip.compress(DATA)) // 2])
def test_a_cut_file_is_an_error_with_its_path(cut, tmp_path):
    (tmp_path / "log.gz").write_bytes(gzip.compress(DATA)[:cut])
    with pytest.raises(InputError, match=r"log\.gz: "):
        list(read_chunks(str(tmp_path / "log.gz")))


def test_a_missing_file_is_an_error_with_its_path():
    with pytest.raises(InputError, match="/nowhere/log: No such file"):
        list(read_chunks("/nowhere/log"))

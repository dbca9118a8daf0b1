"""`host-sensor convert`: in which order files are read, and what is reported besides."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from sensor.cli import main
from sensor.config import Config
from sensor.top.read import count


def call(second: int, serial: int, pid: int = 700, ppid: int = 600) -> str:
    return (
        f"type=SYSCALL msg=audit(17000000{second:02}.001:{serial}): arch=c000003e syscall=59 success=yes exit=0 a0=1"
        f' a1=2 a2=3 a3=4 items=0 ppid={ppid} pid={pid} auid=1000 uid=0 tty=pts0 ses=2 comm="sh" exe="/bin/sh"\n'
        f'type=EXECVE msg=audit(17000000{second:02}.001:{serial}): argc=1 a0="sh"\n'
    )


OLD, NEW = call(1, 20) + call(2, 21, 701, 700), call(50, 50)


def ids(text: str) -> list[str]:
    return [json.loads(line)["ID"] for line in text.splitlines()]


def write(folder: Path, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        pack = gzip.compress if name.endswith(".gz") else bytes
        (folder / name).write_bytes(pack(text.encode()))
    return [str(folder / name) for name in sorted(files)]


ORDERS = [
    {"audit.log": NEW, "audit.log.1": OLD},
    {"audit.log": NEW, "audit.log.1.gz": OLD},
    {"audit.log": call(50, 50), "audit.log.1": call(2, 21, 701, 700), "audit.log.2": call(1, 20)},
    {"audit.log": NEW, "audit.log-20240101": OLD},
    {"a": "type=DAEMON_START msg=audit(1700000049.000:1): op=start\n" + NEW, "b": OLD},
]


@pytest.mark.parametrize("files", ORDERS)
def test_the_oldest_file_comes_first(files: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", *write(tmp_path, files)]) == 0
    output = capfd.readouterr()
    assert [id for id in ids(output.out) if ":1" not in id] == [
        "1700000001.001:20",
        "1700000002.001:21",
        "1700000050.001:50",
    ]
    assert "the order of time is" in output.err
    assert '"PPID":{"EVENT_ID":"1700000001.001:20"}' in output.out


SEAMS: list[tuple[Sequence[str], str]] = [
    ([call(1, 20), call(2, 21)], ""),
    ([call(1, 20), call(2, 25)], "events 21 to 24 are missing"),
    ([call(1, 20) + call(9, 30), call(5, 25) + call(12, 31)], "begins 4 s before"),
    ([call(1, 20), call(2, 3)], ""),
    ([call(1, 20), "type=DAEMON_START msg=audit(1700000002.000:900): op=start\n" + call(3, 21)], ""),
]


@pytest.mark.parametrize(("texts", "reported"), SEAMS)
def test_gaps_and_overlaps_are_reported(
    texts: Sequence[str], reported: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = write(tmp_path, {f"{number}.log": text for number, text in enumerate(texts)})
    assert main(["convert", *files]) == 0
    output = capfd.readouterr().err
    assert reported in output
    assert bool(reported) == bool(output)


def test_top_and_bench_read_in_the_same_order(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = write(tmp_path, {"audit.log": NEW, "audit.log.1": OLD})
    counts = count(files, Config())
    assert (counts.events, round(counts.last - counts.first)) == (3, 49)
    assert main(["bench", *files]) == 0
    assert "the order of time is" in capfd.readouterr().err


RECORDS = [
    (NEW, 0, ""),
    (f"nothing\n{NEW}", 0, "1 of 3 lines were no audit records"),
    ("nothing\nat all\n", 1, "2 of 2 lines were no audit records"),
    ("", 0, ""),
    ("\0" * 5000, 1, "1 of 1 lines"),
]


@pytest.mark.parametrize(("text", "status", "reported"), RECORDS)
def test_what_was_no_record_is_reported(
    text: str, status: int, reported: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", *write(tmp_path, {"x.log": text})]) == status
    output = capfd.readouterr().err
    assert reported in output
    assert bool(reported) == bool(output)

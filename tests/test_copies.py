"""Lines that several files of one log have come once, in whatever pieces the files overlap."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random
from pathlib import Path

import pytest

from sensor.cli import main
from sensor.copies import Copies
from sensor.inputs.files import in_order


def event(number: int) -> str:
    """The lines of an event a second after the one before it."""
    id = f"{1700000000 + number}.001:{100 + number}"
    return (
        f"type=SYSCALL msg=audit({id}): arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=1 a2=0 a3=0 items=1"
        f' ppid=1 pid=7 auid=0 uid=0 tty=pts0 ses=2 comm="cat" exe="/bin/cat"\n'
        f'type=CWD msg=audit({id}): cwd="/"\n'
        f'type=PATH msg=audit({id}): item=0 name="/x" inode=1 dev=fd:00 mode=0100644 nametype=NORMAL\n'
    )


def events(first: int, last: int) -> str:
    return "".join(map(event, range(first, last)))


def write(folder: Path, texts: dict[str, str]) -> list[str]:
    packers = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}
    for name, text in texts.items():
        pack = packers.get(Path(name).suffix, bytes)
        (folder / name).write_bytes(pack(text.encode()))
    return [str(folder / name) for name in texts]


LOGS = [
    {"a": (0, 50), "b": (50, 90)},
    {"a": (0, 50), "a.copy": (0, 50)},
    {"a": (50, 90), "a-20240101": (0, 50), "a.1": (0, 50), "a.1.gz": (0, 50)},
    {"a": (0, 50), "b": (30, 90)},
    {"a": (0, 90), "b": (30, 50)},
    {"a": (0, 50), "b": (30, 60), "c": (40, 90)},
    {"a": (0, 50), "b": (0, 10), "c": (45, 55), "d": (54, 70), "e": (2, 3)},
    {"a": (0, 50), "b": (50, 51), "c": (49, 52)},
    {"a.xz": (0, 50), "b.bz2": (20, 60), "c.gz": (55, 70)},
]


@pytest.mark.parametrize("ranges", LOGS, ids=map(str, LOGS))
def test_every_event_comes_once_and_whole(
    ranges: dict[str, tuple[int, int]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = write(tmp_path, {name: events(*bounds) for name, bounds in ranges.items()})
    assert main(["convert", *files]) == 0
    output = capfd.readouterr()
    documents = [json.loads(line) for line in output.out.splitlines()]
    wanted = sorted({number for bounds in ranges.values() for number in range(*bounds)})
    assert [document["ID"] for document in documents] == [f"{1700000000 + n}.001:{100 + n}" for n in wanted]
    assert all(len(document["PATH"]) == 1 for document in documents)
    assert "out of order" not in output.err
    overlap = sum(last - first for first, last in ranges.values()) > len(wanted)
    assert ("lines are left out" in output.err) is overlap


def test_chunks_are_cut_anywhere(tmp_path: Path) -> None:
    """Files of several chunks, whose lines are not of one length."""
    chance = random.Random(1)
    lines = [
        f"type=X msg=audit({1700000000 + n // 10}.001:{n}): {chance.randrange(9) * str(n)}\n" for n in range(60_000)
    ]
    bounds = [(0, 20_000), (15_000, 40_000), (39_999, 60_000), (100, 50_000)]
    files = in_order(write(tmp_path, {f"{n}.log": "".join(lines[a:b]) for n, (a, b) in enumerate(bounds)}))
    copies = Copies(files)
    out = b"".join([chunk for place in range(len(files)) for chunk in copies.read(place)])
    assert sorted(out.decode().splitlines(keepends=True)) == sorted(lines)


def test_of_many_lines_not_all_are_remembered(tmp_path: Path) -> None:
    files = write(tmp_path, {"a": events(0, 9), "b": events(0, 9)})
    copies = Copies(files, most=0)
    assert [b"".join(copies.read(place)).decode() for place in (0, 1)] == [events(0, 9)] * 2


def test_what_one_file_repeats_is_no_copy(tmp_path: Path) -> None:
    files = write(tmp_path, {"a": events(0, 9) * 2, "b": events(5, 12)})
    copies = Copies(files)
    assert b"".join(copies.read(0)).decode() == events(0, 9) * 2
    assert b"".join(copies.read(1)).decode() == events(9, 12)
    assert copies.left_out == 12


@pytest.mark.parametrize("name", ["b.gz", "b.xz", "b.bz2"])
def test_a_damaged_file_costs_nothing_of_the_others(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = write(tmp_path, {"a": events(0, 9), name: "".join(map(event, random.sample(range(9, 5000), 4000)))})
    data = Path(files[1]).read_bytes()
    Path(files[1]).write_bytes(data[: len(data) // 2] + b"\0\xff\0" + data[len(data) // 2 + 3 :])
    assert main(["convert", *files]) == 1
    output = capfd.readouterr()
    assert (
        len(
            {json.loads(line)["ID"] for line in output.out.splitlines()}
            & {f"{1700000000 + n}.001:{100 + n}" for n in range(9)}
        )
        == 9
    )
    assert name in output.err
    assert "Traceback" not in output.err


def test_names_of_damaged_files_hold_nothing_that_a_terminal_obeys(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = [str(tmp_path / f"{name}\x1b[2J.gz") for name in "ab"]
    for path in files:
        Path(path).write_bytes(b"\x1f\x8b\x08 no gzip")
    assert main(["convert", *files]) == 1
    assert "\x1b" not in capfd.readouterr().err


@pytest.mark.parametrize("damaged", [["a.gz"], ["b.gz"], ["c.gz"], ["a.gz", "b.gz"], ["a.gz", "c.gz"]])
def test_files_behind_a_damaged_one_are_read(
    damaged: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The order is that of time, so the damaged one may be the first."""
    names = ["a.gz", "b.gz", "c.gz"]
    files = write(tmp_path, {name: events(10 * place, 10 * place + 9) for place, name in enumerate(names)})
    for name, path in zip(names, files):
        if name in damaged:
            data = Path(path).read_bytes()
            Path(path).write_bytes(data[:-6])
    assert main(["convert", *files]) == 1
    output = capfd.readouterr()
    whole = [n for place, name in enumerate(names) if name not in damaged for n in range(10 * place, 10 * place + 9)]
    found = [json.loads(line)["ID"] for line in output.out.splitlines()]
    assert [f"{1700000000 + n}.001:{100 + n}" for n in whole if f"{1700000000 + n}.001:{100 + n}" not in found] == []
    assert [name for name in damaged if f"{name}: " not in output.err] == []
    assert "Traceback" not in output.err

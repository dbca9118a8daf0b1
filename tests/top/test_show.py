"""The table: shares, bars and widths, on a terminal and in a pipe, whatever the names are made of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sensor.cli import main
from sensor.terminal import Screen, width
from sensor.top.heavy_hitters import HeavyHitters
from sensor.top.read import Counts
from sensor.top.show import show, size
from sensor.top.weight import EventWeight

PLAIN = Screen(80, color=False, unicode=True)
FEED = Path(__file__).parent.parent / "data" / "origin"


def counts(*names: tuple[str, int]) -> Counts:
    found = Counts()
    for number, (exe, bytes) in enumerate(names):
        found.add(EventWeight(bytes, 1795342160.0 + number, ["k"], exe, "", [], [], [("SYSCALL", bytes // 2)]))
    return found


def test_the_whole_table() -> None:
    given = counts(("/usr/bin/bash", 6000), ("/usr/bin/git", 3000), ("/usr/bin/git", 500), ("/usr/bin/ls", 500))
    assert list(show(given, ["exe"], 2, False, PLAIN)) == [
        "4 events, 4 records, 10.0 kB as JSON lines, 2026-11-22 10:09:20 to 10:09:23 UTC,",
        "1 events/s",
        "",
        "PROGRAM            share                                    bytes      events",
        "  /usr/bin/bash    60.0% ██████████████████                6.0 kB           1",
        "  /usr/bin/git     35.0% ██████████▌                       3.5 kB           2",
        "  … others          5.0% █▌                                 500 B           1",
    ]


def test_by_events() -> None:
    given = counts(("/usr/bin/bash", 6000), ("/usr/bin/git", 3000), ("/usr/bin/git", 500), ("/usr/bin/ls", 500))
    lines = list(show(given, ["exe", "type"], 1, True, PLAIN))
    assert lines[4].startswith("  /usr/bin/git     50.0% ███")
    assert lines[7].split()[-1] == "records"
    assert lines[8].startswith("  SYSCALL         100.0%")


@pytest.mark.parametrize("columns", [40, 50, 63, 64, 80, 120, 200])
def test_no_line_is_wider_than_the_screen(columns: int) -> None:
    given = counts(*[(f"/usr/lib/very/{'long' * number}/日本語", 1000) for number in range(30)])
    for unicode in (True, False):
        for line in show(given, ["exe", "key", "path"], 20, False, Screen(columns, color=False, unicode=unicode)):
            assert width(line) <= columns, line


def test_a_stream_without_blocks_gets_letters() -> None:
    given = counts(("/usr/bin/bäsh".encode().decode("latin-1"), 6000), ("/b", 4000))
    lines = list(show(given, ["exe"], 1, False, Screen(80, color=False, unicode=False)))
    assert all(line.isascii() for line in lines)
    assert "/usr/bin/b\\xe4sh" in lines[4]
    assert "####" in lines[4]


def test_emphasis_is_for_terminals() -> None:
    given = counts(("/a", 1))
    shown = list(show(given, ["exe"], 1, False, Screen(80, color=True, unicode=True)))
    assert shown[2].startswith("\x1b[1mPROGRAM")
    assert "\x1b" not in "".join(show(given, ["exe"], 1, False, PLAIN))


def test_a_name_in_doubt_is_marked() -> None:
    given = counts(("/a", 1))
    given.heavies["exe"] = HeavyHitters(1)
    for name, bytes in (("/a", 5), ("/b", 3), ("/c", 2)):
        given.heavies["exe"].add(name, bytes)
    assert any("≥" in line and "/c" in line for line in show(given, ["exe"], 5, False, PLAIN))


def test_dropped_and_unreadable_lines_are_reported() -> None:
    given = counts(("/a", 1))
    given.filtered, given.skipped = {"filter_keys": 7}, 2
    lines = list(show(given, [], 1, False, Screen(200, color=False, unicode=True)))
    assert lines == [
        "1 events, 1 records, 1 B as JSON lines, 2026-11-22 10:09:20 to 10:09:20 UTC, 2 lines that cannot be read",
        "7 events dropped by the filter filter_keys",
    ]


def test_nothing_at_all() -> None:
    assert list(show(Counts(), ["exe"], 5, False, PLAIN)) == ["0 events, 0 records, 0 B as JSON lines"]


SIZES = [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (99_950, "100 kB"), (999_499, "999 kB")]
SIZES += [(999_500, "1.0 MB"), (10**9, "1.0 GB"), (10**15, "1000 TB")]


@pytest.mark.parametrize(("bytes", "text"), SIZES)
def test_sizes(bytes: int, text: str) -> None:
    assert size(bytes) == text


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    logs = [str(path) for path in sorted(FEED.glob("*.audit"))]
    assert main(["top", "-n", "1", "--by", "exe,syscall", *logs]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 events, ")
    assert [line.split()[0] for line in lines if line.isupper() or "share" in line] == ["PROGRAM", "SYSTEM"]


def test_a_wrong_dimension_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["top", "--by", "exe,moon"]) == 2
    assert capsys.readouterr().err.startswith("host-sensor: top: nothing is counted by moon; try key, exe, syscall")


def test_a_reader_that_leaves_is_no_mistake() -> None:
    command = f"{sys.executable} -m sensor top {FEED}/*.audit | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=FEED.parents[2])
    assert done.stdout.startswith("2 events")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("rows", ["0", "-3", "x", "1.5", "", "\u0663"])
def test_there_is_a_row_at_least(rows, capsys):
    with pytest.raises(SystemExit):
        main(["top", f"--rows={rows}", "/dev/null"])
    assert f'expected a whole number, at least 1, found "{rows}"' in capsys.readouterr().err

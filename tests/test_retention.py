"""Old files of a log stay while they are not shipped, up to a share of the disk."""

from __future__ import annotations

import os
import subprocess
import zlib
from pathlib import Path

import pytest

from sensor.retention import Retained, kept
from sensor.ship.cursor import Cursor
from sensor.ship.follow import Follower
from sensor.ship.stats import ShipStats
from tests.ship.logs import Log

SIZE = 60_000


@pytest.fixture
def log(tmp_path: Path) -> Log:
    (tmp_path / "log").mkdir()
    return Log(tmp_path / "log")


@pytest.fixture
def states(tmp_path: Path) -> str:
    (tmp_path / "states").mkdir()
    return str(tmp_path / "states")


class Destination:
    """A cursor where `run` finds it, moved by reading."""

    def __init__(self, log: Log, states: str, name: str) -> None:
        os.makedirs(f"{states}/{name}")
        self.cursor = Cursor(f"{states}/{name}/cursor", str(log.path), "host")
        self.follower = Follower(str(log.path), self.cursor, ShipStats(), print)

    def take(self, batches: int) -> None:
        for _ in range(batches):
            batch = self.follower.read(1, 100)
            assert batch is not None
            self.follower.settle(batch)


def fill(log: Log, files: int) -> None:
    """So many old files, each with two events, and a new one."""
    for _ in range(files):
        log.write(2)
        log.rotate()
    log.write(2)


@pytest.mark.parametrize(
    ("taken", "generations"),
    [
        (1, 11),  # in the oldest file: it and all newer ones stay, and the newest becomes one of them
        (2, 11),  # at its end: nobody can know yet that nothing follows
        (3, 10),
        (13, 5),
        (17, 3),
        (22, 3),
    ],
)
def test_files_that_a_destination_lacks_stay(taken: int, generations: int, log: Log, states: str) -> None:
    fill(log, 10)
    Destination(log, states, "central").take(taken)
    assert kept(str(log.path), 3, 20.0, states) == Retained(generations)


def test_files_of_a_destination_that_never_answered_stay(log: Log, states: str) -> None:
    fill(log, 10)
    central = Destination(log, states, "central")
    assert kept(str(log.path), 3, 20.0, states) == Retained(3)
    assert central.follower.read(1, 100) is not None
    assert kept(str(log.path), 3, 20.0, states) == Retained(11)


def test_the_slowest_destination_counts_and_those_of_other_logs_do_not(log: Log, states: str, tmp_path: Path) -> None:
    fill(log, 10)
    Destination(log, states, "fast").take(22)
    Destination(log, states, "slow").take(13)
    (tmp_path / "other").mkdir()
    other = Log(tmp_path / "other")
    other.write(1)
    Destination(other, states, "other").take(1)
    assert kept(str(log.path), 3, 20.0, states) == Retained(5)
    assert kept(str(log.path), 3, None, states) == Retained(3)


@pytest.mark.parametrize("what", ["nothing", "garbage", "a folder", "a pipe", "a link", "no file", "other JSON"])
def test_what_is_no_cursor_keeps_nothing_and_holds_up_nobody(what: str, log: Log, states: str) -> None:
    fill(log, 10)
    os.makedirs(f"{states}/central")
    path = Path(states) / "central" / "cursor"
    if what == "garbage":
        path.write_bytes(os.urandom(100_000))
    elif what == "a folder":
        path.mkdir()
    elif what == "a pipe":
        os.mkfifo(path)
    elif what == "a link":
        path.symlink_to("/dev/zero")
    elif what == "other JSON":
        from sensor.slots import Slots

        slots = Slots(str(path))
        slots.write({"log": str(log.path), "inode": "none"})
        slots.close()
    assert kept(str(log.path), 3, 20.0, states if what != "no file" else "/nowhere") == Retained(3)


@pytest.mark.parametrize(
    "value",
    [
        "[" * 12_000,
        '{"log":' + "[" * 12_000,
        '{"log":"LOG","inode":[1e999,1]}',
        '{"log":"LOG","inode":[NaN,1]}',
        '{"log":"LOG","inode":[1,"\\ud800"]}',
        '{"log":"LOG","inode":[1,2,3]}',
        '{"log":"LOG","inode":{"1":2}}',
        '{"log":"LOG"}',
        '"LOG"',
        "null",
        '{"log":"LOG","inode":[' + "9" * 9000 + ",1]}",
    ],
)
def test_no_cursor_that_a_destination_can_write_stops_the_rotation(value: str, log: Log, states: str) -> None:
    fill(log, 10)
    os.makedirs(f"{states}/central")
    body = f"1 {value.replace('LOG', str(log.path))}".encode()
    (Path(states) / "central" / "cursor").write_bytes(b"%08x %b\n" % (zlib.crc32(body), body))
    assert kept(str(log.path), 3, 20.0, states) == Retained(3)


def test_no_more_than_the_share_of_the_disk(log: Log, states: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, for a file system of its own")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(log.path.parent)], check=True)
    try:
        log.size = SIZE // 2
        fill(log, 10)
        destination = Destination(log, states, "central")
        destination.take(1)
        found = kept(str(log.path), 2, 30.0, states)
        paths = [log.path, *(log.path.with_name(f"audit.jsonl.{number}") for number in range(1, 11))]
        sizes = [path.stat().st_size for path in paths]
        assert found == Retained(5, 6, sum(sizes[5:]))
        assert sum(sizes[:5]) <= 0.3 * (1 << 20) < sum(sizes[:6])
        assert kept(str(log.path), 7, 30.0, states) == Retained(7, 4, sum(sizes[7:]))
        assert kept(str(log.path), 2, 100.0, states) == Retained(11)
    finally:
        subprocess.run(["umount", "-l", str(log.path.parent)], check=True)


def test_a_cursor_whose_file_is_gone_keeps_everything_that_fits(log: Log, states: str) -> None:
    fill(log, 4)
    Destination(log, states, "central").take(1)
    log.path.with_name("audit.jsonl.4").unlink()
    assert kept(str(log.path), 1, 20.0, states) == Retained(4)

"""The cursor: what it keeps, and what is none of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sensor.errors import ShipError
from sensor.ship.batch import Position
from sensor.ship.cursor import Cursor, host_identity
from sensor.ship.generations import Generation

PLACE = Position("9f3a", 1689, 2, "1700000000.123:4567")


def generation(identity: str, inode: tuple[int, int]) -> Generation:
    return Generation("/log", identity, b"", inode, 0, 0.0, "")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "cursor")


def test_a_position_is_there_after_a_restart(path: str) -> None:
    cursor = Cursor(path, "/log", "host")
    assert (cursor.fresh, cursor.lost, cursor.position) == (True, "", Position())
    cursor.finish("77ab", (1, 2))
    cursor.move(PLACE, (1, 3))
    cursor.close()
    again = Cursor(path, "/log", "host")
    assert (again.fresh, again.lost, again.position, again.inode) == (False, "", PLACE, (1, 3))
    assert again.stream == cursor.stream
    assert again.is_done(generation("77ab", (1, 2)), {(1, 2), (1, 3)})


@pytest.mark.parametrize(
    ("damage", "host", "log", "why"),
    [
        (lambda path: os.truncate(path, 10), "host", "/log", "it is damaged"),
        (lambda path: Path(path).write_bytes(b"\0" * 65536), "host", "/log", "it is damaged"),
        (lambda path: Path(path).write_bytes(os.urandom(70000)), "host", "/log", "it is damaged"),
        (lambda path: Path(path).write_bytes(b'{"version":1}\n'), "host", "/log", "it is damaged"),
        (lambda path: None, "clone", "/log", "it is from another host"),
        (lambda path: None, "host", "/other", "it is for /log"),
    ],
)
def test_a_cursor_that_is_not_ours_is_none(path: str, damage, host: str, log: str, why: str) -> None:
    cursor = Cursor(path, "/log", "host")
    cursor.move(PLACE, (1, 3))
    cursor.close()
    damage(path)
    again = Cursor(path, log, host)
    assert (again.lost, again.position, again.fresh) == (why, Position(), True)
    again.move(PLACE, (1, 3))
    again.close()
    assert Cursor(path, log, host).position == PLACE


def test_half_a_write_leaves_the_position_before_it(path: str) -> None:
    cursor = Cursor(path, "/log", "host")
    cursor.move(PLACE, (1, 3))
    cursor.move(Position("9f3a", 9999, 20, "x"), (1, 3))
    cursor.close()
    content = Path(path).read_bytes()
    Path(path).write_bytes(content.replace(b"9999", b"99\0\0"))
    assert Cursor(path, "/log", "host").position == PLACE


def test_only_one_process_has_it(path: str) -> None:
    cursor = Cursor(path, "/log", "host")
    with pytest.raises(ShipError, match="another process"):
        Cursor(path, "/log", "host")
    cursor.close()
    Cursor(path, "/log", "host").close()


@pytest.mark.parametrize(
    ("asked", "present", "done"),
    [
        (("a", (1, 2)), {(1, 2)}, True),
        (("a", (1, 9)), {(1, 2), (1, 9)}, False),  # begins alike, but the one that is done is still there
        (("a", (1, 9)), {(1, 9)}, True),  # a packed copy
        (("b", (1, 2)), {(1, 2)}, False),  # another file with its inode
    ],
)
def test_a_file_is_done_or_its_copy(path: str, asked, present, done: bool) -> None:
    cursor = Cursor(path, "/log", "host")
    cursor.finish("a", (1, 2))
    assert cursor.is_done(generation(*asked), present) is done


def test_it_is_written_on_a_full_disk(tmp_path: Path) -> None:
    """A file system of its own with no byte left: the cursor's space was taken when it was made."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    script = f"""
import os, sys
sys.path.insert(0, {os.getcwd()!r})
from sensor.ship.batch import Position
from sensor.ship.cursor import Cursor
cursor = Cursor("{tmp_path}/cursor", "/log", "host")
try:
    with open("{tmp_path}/filler", "wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 4096)
except OSError as error:
    assert error.errno == 28
for number in range(100):
    cursor.move(Position("a", number, number, ""), (1, 2))
cursor.close()
print(Cursor("{tmp_path}/cursor", "/log", "host").position.number)
"""
    command = ["unshare", "-m", "sh", "-c", f'mount -t tmpfs -o size=200k none {tmp_path} && exec "$0" -c "$1"']
    done = subprocess.run([*command, sys.executable, script], capture_output=True, text=True)
    assert done.stdout == "99\n", done.stderr


def test_a_disk_full_from_the_start_is_an_error(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(tmp_path)], check=True)
    try:
        with pytest.raises(ShipError, match="No space left"):
            Cursor(str(tmp_path / "cursor"), "/log", "host")
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_the_host_has_an_identity_that_does_not_show_the_machine_id() -> None:
    assert len(host_identity()) == 16
    assert host_identity() == host_identity()
    if os.path.exists("/etc/machine-id"):
        assert host_identity() not in Path("/etc/machine-id").read_text()

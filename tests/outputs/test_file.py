"""The local log: what is in which file after rotation, short writes, full disks, kills and moves; who may read it."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import time
import tty

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.outputs import Options
from sensor.outputs.file import LOOK_PERIOD, ROTATION_PAUSE, FileOutput
from sensor.rights import acl
from sensor.stats import OutputStats
from tests.support.clocks import Clock


class Log:
    """A file output with its messages and counters at hand."""

    def __init__(self, folder, clock=time, **options) -> None:
        self.folder, self.path = folder, folder / "log"
        self.messages: list[str] = []
        self.stats = OutputStats()
        self.output = FileOutput(str(self.path), Options(**options), self.stats, self.messages.append, clock)

    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in sorted(self.folder.iterdir())}


@pytest.fixture
def make(tmp_path):
    made = []

    def make(**options) -> Log:
        made.append(Log(tmp_path, **options))
        return made[-1]

    yield make
    for log in made:
        log.output.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    ("options", "batches", "expected"),
    [
        pytest.param({}, ["1"], {"log": "1\n"}, id="one line"),
        pytest.param({"size": 6}, ["1", "2", "3"], {"log": "1\n2\n3\n"}, id="just full"),
        pytest.param({"size": 6}, ["1", "2", "3", "4"], {"log": "4\n", "log.1": "1\n2\n3\n"}, id="one too many"),
        pytest.param(
            {"size": 4},
            ["1 2 3 4 5"],
            {"log": "5\n", "log.1": "3\n4\n", "log.2": "1\n2\n"},
            id="a batch over three files",
        ),
        pytest.param(
            {"size": 2, "generations": 2},
            ["1", "2", "3", "4"],
            {"log": "4\n", "log.1": "3\n", "log.2": "2\n"},
            id="two",
        ),
        pytest.param({"size": 2, "generations": 0}, ["1", "2", "3"], {"log": "3\n"}, id="no generations"),
        pytest.param(
            {"size": 3},
            ["1", "long", "2"],
            {"log": "2\n", "log.1": "long\n", "log.2": "1\n"},
            id="a line beyond the size",
        ),
        pytest.param({"size": None}, ["1" * 5000, "2"], {"log": "1" * 5000 + "\n2\n"}, id="never"),
        pytest.param({"line_prefix": "p "}, ["1 2"], {"log": "p 1\np 2\n"}, id="prefix"),
    ],
)
def test_rotation_by_size(options, batches, expected, make):
    log = make(**options)
    for batch in batches:
        log.output.write(batch.split())
    assert log.files() == expected
    assert log.stats.lines == len(" ".join(batches).split())


@given(st.lists(st.lists(st.integers(1, 30), max_size=8), max_size=8), st.integers(1, 60))
def test_files_are_filled_up_but_never_over(tmp_path_factory, batches, size):
    log = Log(tmp_path_factory.mktemp("log"), size=size, generations=100)
    lines = 0
    for batch in batches:
        log.output.write([f"{lines + offset:<{width}}" for offset, width in enumerate(batch)])
        lines += len(batch)
    log.output.close()
    files = sorted(log.folder.iterdir(), key=lambda path: -int(path.suffix[1:] or 0))
    content = [path.read_text().splitlines(keepends=True) for path in files]
    assert [int(line) for file in content for line in file] == list(range(lines))
    assert all(len("".join(file)) <= size or len(file) == 1 for file in content)
    assert all(len("".join(file) + following[0]) > size for file, following in zip(content, content[1:]))


def test_rotation_by_age(make, clock):
    log = make(clock=clock, age=100)
    steps = [  # moment, line; None: only time passes
        (0, "begun"),
        (99, "same period"),
        (100, None),  # rotated although nothing is written
        (250, "begun late"),
        (299, "same again"),
        (300, "next"),
        (700, None),
        (900, None),  # an empty file stays
    ]
    for moment, line in steps:
        clock.now = 1_700_000_000 + moment
        log.output.flush()
        log.output.write([line] if line else [])
    assert log.files() == {
        "log": "",
        "log.1": "next\n",
        "log.2": "begun late\nsame again\n",
        "log.3": "begun\nsame period\n",
    }


@pytest.mark.parametrize(("written", "rotated"), [(1_700_000_010, False), (1_699_999_990, True)])
def test_a_file_found_at_the_start_has_the_age_of_its_last_line(make, clock, written, rotated):
    log = make(clock=clock, age=100)
    log.path.write_text("old\n")
    os.utime(log.path, (written, written))
    clock.now = 1_700_000_050
    log.output.write(["new"])
    assert log.files() == ({"log": "new\n", "log.1": "old\n"} if rotated else {"log": "old\nnew\n"})


def test_fewer_generations_than_before_are_removed(make):
    log = make(size=2, generations=2)
    for number in range(1, 6):
        (log.folder / f"log.{number}").write_text(str(number))
    log.output.write(["1"])
    log.output.write(["2"])
    assert list(log.files()) == ["log", "log.1", "log.2"]


def test_a_batch_is_one_write(make, disk):
    make().output.write(["x" * 99] * 1000)
    assert disk.asked == [100_000]


class Disk:
    """What os.write does: it takes so many bytes each time, or fails with -errno; after the script it works.

    asked: how many bytes each time.
    """

    def __init__(self) -> None:
        self.script: list[int] = []
        self.asked: list[int] = []
        self._write = os.write

    def write(self, fd: int, data: bytes) -> int:
        self.asked.append(len(data))
        step = self.script.pop(0) if self.script else len(data)
        if step < 0:
            raise OSError(-step, os.strerror(-step))
        return self._write(fd, data[:step])


@pytest.fixture
def disk(monkeypatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(os, "write", disk.write)
    return disk


@pytest.mark.parametrize(
    ("script", "after_write", "errors"),
    [
        pytest.param([3], "1111\n2222\n", {}, id="short"),
        pytest.param([3, 4, 1], "1111\n2222\n", {}, id="very short"),
        pytest.param([-errno.ENOSPC], "", {"ENOSPC": 1}, id="full"),
        pytest.param([7, -errno.ENOSPC], "1111\n22", {"ENOSPC": 1}, id="full in a line"),
        pytest.param([7, -errno.EIO], "1111\n22", {"EIO": 1}, id="broken in a line"),
    ],
)
def test_what_could_not_be_written_follows_later(script, after_write, errors, make, disk):
    log = make()
    disk.script = [*script]
    log.output.write(["1111", "2222"])
    assert log.path.read_text() == after_write
    assert log.stats.errors == errors
    log.output.flush()
    log.output.write(["3333"])
    assert log.path.read_text() == "1111\n2222\n3333\n"
    assert log.stats.lines == 3
    assert log.stats.lost_lines == {}


def test_a_half_line_is_taken_back_when_it_cannot_be_finished(make, disk):
    log = make()
    disk.script = [7, *[-errno.ENOSPC] * 3]
    log.output.write(["1111", "2222"])
    log.output.close()
    assert log.path.read_text() == "1111\n"
    assert log.stats.lost_lines == {"ENOSPC": 1}


def test_a_half_line_ends_in_the_file_it_began_in(make, disk):
    log = make(size=12)
    disk.script = [7, -errno.ENOSPC]
    log.output.write(["1111", "2222"])
    log.output.write(["3333"])
    assert log.files() == {"log": "3333\n", "log.1": "1111\n2222\n"}


def test_beyond_the_buffer_lines_are_lost_and_counted(make, disk):
    log = make(buffer=65536)
    disk.script = [-errno.ENOSPC] * 100
    for _ in range(100):
        log.output.write(["x" * 999])
    disk.script = []
    log.output.flush()
    assert log.path.read_text() == ("x" * 999 + "\n") * 65
    assert (log.stats.lines, log.stats.lost_lines) == (65, {"ENOSPC": 35})


@pytest.mark.root
def test_a_disk_that_is_full_for_a_while(tmp_path):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", tmp_path], check=True)
    try:
        log = Log(tmp_path)
        (tmp_path / "ballast").write_bytes(bytes(32768))
        for number in range(60):
            log.output.write([f"{number:0999}"])
        assert log.stats.errors["ENOSPC"] > 0
        assert log.path.stat().st_size <= 32768
        (tmp_path / "ballast").unlink()
        log.output.flush()
        assert [int(line) for line in log.path.read_text().splitlines()] == list(range(60))
        log.output.close()
        assert log.stats.lost_lines == {}
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.parametrize(
    ("found", "kept"),
    [("1\n2", "1\n"), ("torn", ""), ("t", ""), ("1\n", "1\n"), ("", ""), ("1\n" + "x" * 200_000, "1\n")],
)
def test_a_line_torn_by_a_kill_is_cut_off(found, kept, make):
    log = make()
    log.path.write_text(found)
    log.output.write(["new"])
    assert log.path.read_text() == kept + "new\n"
    assert ["cut off" in message for message in log.messages] == ([True] if found != kept else [])


def test_a_line_another_sensor_is_still_writing_is_left_alone(make, tmp_path):
    class Busy(Clock):
        def sleep(self, seconds: float) -> None:
            (tmp_path / "log").write_text("1\n22\n")

    log = make(clock=Busy())
    log.path.write_text("1\n2")
    log.output.write(["new"])
    assert log.path.read_text() == "1\n22\nnew\n"


@pytest.mark.parametrize("what", ["moved", "removed"])
def test_a_file_that_is_gone_is_made_again(what, make, clock):
    log = make(clock=clock)
    log.output.write(["1"])
    if what == "moved":
        log.path.rename(log.folder / "elsewhere")
    else:
        log.path.unlink()
    clock.now += LOOK_PERIOD
    log.output.flush()
    log.output.write(["2"])
    assert log.path.read_text() == "2\n"


def test_reopen_finds_the_new_file(make):
    log = make()
    log.output.write(["1"])
    log.path.rename(log.folder / "rotated")
    log.output.reopen()
    log.output.write(["2"])
    assert log.files() == {"log": "2\n", "rotated": "1\n"}


def test_a_rotation_that_fails_loses_nothing_and_is_not_tried_at_once(make, clock):
    log = make(clock=clock, size=4)
    log.output.flush()
    (log.folder / "log.tmp").mkdir()  # in the way
    for number in range(5):
        log.output.write([str(number)])
    assert log.path.read_text() == "0\n1\n2\n3\n4\n"
    assert len(log.messages) == 1
    (log.folder / "log.tmp").rmdir()
    clock.now += ROTATION_PAUSE
    log.output.write(["5"])
    assert log.files() == {"log": "5\n", "log.1": "0\n1\n2\n3\n4\n"}


def test_a_directory_that_is_not_there_yet(tmp_path):
    log = Log(tmp_path / "later")
    log.output.write(["1"])
    assert log.stats.errors == {"ENOENT": 1}
    log.folder.mkdir()
    log.output.flush()
    assert log.files() == {"log": "1\n"}
    log.output.close()


def test_what_is_no_file_is_written_to_and_never_rotated(tmp_path):
    reader, terminal = os.openpty()
    tty.setraw(terminal)
    (tmp_path / "log").symlink_to(os.ttyname(terminal))
    log = Log(tmp_path, size=4, age=60)
    for number in range(4):
        log.output.write([str(number)])
    with open(reader, "rb", closefd=False) as terminals_end:
        assert terminals_end.read(8) == b"0\n1\n2\n3\n"
    assert os.listdir(tmp_path) == ["log"]
    log.output.close()
    os.close(terminal)
    os.close(reader)


@pytest.mark.parametrize(
    ("options", "mode"),
    [({}, 0o640), ({"read_other": True}, 0o644)],
)
def test_mode(options, mode, make):
    old = os.umask(0o077)
    try:
        log = make(size=2, **options)
        log.output.write(["1"])
        log.output.write(["2"])
    finally:
        os.umask(old)
    assert {path.stat().st_mode & 0o777 for path in log.folder.iterdir()} == {mode}


def test_readers_are_named_in_the_access_list(make):
    if shutil.which("getfacl") is None:
        pytest.skip("getfacl is not installed")
    log = make(read_users=("daemon", "nobody-such", "4242"), read_groups=("adm",))
    log.output.write(["1"])
    listed = subprocess.run(["getfacl", "-cpE", log.path], capture_output=True, text=True, check=True).stdout.split()
    assert listed == [
        "user::rw-",
        "user:daemon:r--",
        "user:4242:r--",
        "group::r--",
        "group:adm:r--",
        "mask::r--",
        "other::---",
    ]
    assert log.messages == ["nobody-such: no such user or group; left out of the readers"]


def test_an_access_list_no_longer_wanted_is_removed(make):
    log = make(read_users=("daemon",))
    log.output.write(["1"])
    if acl.ATTRIBUTE not in os.listxattr(log.path):
        pytest.skip("this file system has no access control lists")
    log = make()
    log.output.write(["2"])
    assert os.listxattr(log.path) == []
    assert log.path.stat().st_mode & 0o777 == 0o640


def test_a_line_half_written_is_whole_in_the_next_file_and_gone_from_the_last(tmp_path):
    """SIGHUP, or a moved file, while the disk takes half a line: here the limit on the size of files does."""
    path = tmp_path / "log"
    stats = OutputStats()
    output = FileOutput(str(path), Options(), stats, lambda message: None)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6, before[1]))
    try:
        output.write(["11", "2222", "33"])
        assert path.read_bytes() == b"11\n222"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    path.rename(tmp_path / "moved")
    output.reopen()
    output.close()
    assert (tmp_path / "moved").read_bytes() == b"11\n"
    assert path.read_bytes() == b"2222\n33\n"
    assert (stats.lines, stats.lost_lines) == (3, {})

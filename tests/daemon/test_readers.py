"""Who can read which log: read by those who may and by others, in a folder that only they are let into."""

from __future__ import annotations

import logging
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from sensor.config import Config, Debug
from sensor.daemon.guard import Guard
from sensor.daemon.logs import Logs, admit_readers
from sensor.forms import Lines
from sensor.outputs import Options
from sensor.stats import DaemonStats, OutputStats

READER, GROUP_OF_READER, STRANGER = "4242", "4343", "4444"


@pytest.fixture
def folder():
    """A folder in one that everybody can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="host-sensor-readers-") as name:
        Path(name).chmod(0o711)
        made = Path(name) / "log"
        made.mkdir(0o750)
        yield made


def write(folder: Path, file: str = "audit.jsonl", filterlog: Options | None = None, **options) -> None:
    """Write a line to every log that is in use."""
    config = Config(
        directory=str(folder),
        auditlog=Options(file, **options),
        filterlog=filterlog or Options("filtered.jsonl"),
        debug=Debug(None, None),
    )
    admit_readers(config)
    logs = Logs(config, OutputStats(), OutputStats(), Guard(DaemonStats()))
    lines = Lines()
    lines.append("{}")
    lines.filtered += ["{}"] if filterlog else []
    logs.write(lines)
    logs.close()


def can(user: str, group: str, *command: str) -> bool:
    """Whether a user in just one group succeeds with a command."""
    enter = ["setpriv", "--reuid", user, "--regid", group, "--clear-groups"]
    return subprocess.run([*enter, *command], capture_output=True).returncode == 0


@pytest.mark.root
@pytest.mark.parametrize(
    ("options", "reader", "stranger"),
    [
        ({}, False, False),
        ({"read_users": (READER,)}, True, False),
        ({"read_groups": (GROUP_OF_READER,)}, True, False),
        ({"read_users": (READER,), "read_groups": (GROUP_OF_READER,)}, True, False),
        ({"read_users": ("4545",)}, False, False),
        ({"read_other": True}, True, True),
        ({"read_users": (READER,), "read_other": True}, True, True),
    ],
)
@pytest.mark.parametrize("file", ["audit.jsonl", "below/audit.jsonl"])
def test_those_who_may_read_can_and_nobody_else(file, options, reader, stranger, folder):
    (folder / file).parent.mkdir(0o750, exist_ok=True)
    write(folder, file, **options)
    for user, group, expected in ((READER, GROUP_OF_READER, reader), (STRANGER, STRANGER, stranger)):
        assert can(user, group, "cat", str(folder / file)) == expected
        assert can(user, group, "ls", str(folder)) == expected
        assert not can(user, group, "touch", str(folder / "new"))


@pytest.mark.root
def test_two_logs_with_readers_of_their_own_share_a_folder(folder):
    write(folder, "a", Options("b", read_users=(STRANGER,)), read_users=(READER,))
    assert [can(READER, "9", "cat", str(folder / name)) for name in "ab"] == [True, False]
    assert [can(STRANGER, "9", "cat", str(folder / name)) for name in "ab"] == [False, True]


@pytest.mark.root
@pytest.mark.parametrize("file", ["-", "| /bin/cat >/dev/null", "unix:/s", "../a", "a"])
def test_readers_of_one_log_do_not_depend_on_where_another_goes(file, folder):
    admit_readers(Config(directory=str(folder), auditlog=Options(file), filterlog=Options("b", read_users=(READER,))))
    assert can(READER, "9", "ls", str(folder))


@pytest.mark.root
def test_a_folder_that_is_not_the_sensors_stays_closed(folder):
    """A log elsewhere is where somebody put it, with the rights that folder has."""
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(0o750)
    write(folder, str(elsewhere / "a"), read_users=(READER,))
    assert os.listxattr(elsewhere) == os.listxattr(folder) == []
    assert not can(READER, READER, "cat", str(elsewhere / "a"))


@pytest.mark.root
@pytest.mark.parametrize("file", ["../logs/a", "../a", "../../a", "/dev/null", "-", "| /bin/cat >/dev/null", "unix:/s"])
def test_no_folder_outside_is_touched(file, folder, capfd):
    (folder.parent / "logs").mkdir(0o750)
    before = {path: path.stat().st_mode for path in (folder.parent, folder.parent / "logs", folder)}
    write(folder, file, read_users=(READER,), read_other=True)
    assert {path: path.stat().st_mode for path in before} == before
    assert [os.listxattr(path) for path in before] == [[], [], []]


@pytest.mark.root
def test_no_link_below_the_folder_is_followed(folder, caplog):
    """The sensor's user could have put it there for root to open another folder."""
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(0o700)
    (folder / "below").symlink_to(elsewhere)
    with caplog.at_level(logging.WARNING):
        admit_readers(Config(directory=str(folder), auditlog=Options("below/a", read_users=(READER,))))
    assert os.listxattr(elsewhere) == []
    assert f"{folder}/below: readers cannot be let in: Not a directory" in caplog.text


def test_a_folder_that_is_missing_is_logged(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        admit_readers(Config(directory=str(tmp_path / "none"), auditlog=Options(read_other=True)))
    assert f"{tmp_path}/none: readers cannot be let in: No such file or directory" in caplog.text

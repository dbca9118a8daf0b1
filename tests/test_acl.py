"""Access control lists: as the kernel has them, and as those see them who are let in or kept out."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from sensor.acl import ATTRIBUTE, GROUP, GROUP_OBJ, MASK, NO_ID, OTHER, USER, USER_OBJ, Readers, decode, encode
from sensor.outputs import Options
from sensor.outputs.file import FileOutput
from sensor.stats import OutputStats

READER, GROUP_OF_READER, STRANGER = "4242", "4343", "4444"


def test_a_list_is_as_the_kernel_wants_it():
    entries = {
        (OTHER, NO_ID): 4,
        (MASK, NO_ID): 4,
        (GROUP, 4): 4,
        (GROUP_OBJ, NO_ID): 4,
        (USER, 8): 4,
        (USER, 2): 4,
        (USER_OBJ, NO_ID): 6,
    }
    encoded = encode(entries)
    assert decode(encoded) == entries
    assert encoded.hex(" ", 8) == " ".join(
        (
            "02000000",
            "01000600ffffffff",  # owner rw-
            "0200040002000000",  # user 2 r--
            "0200040008000000",  # user 8 r--
            "04000400ffffffff",  # group r--
            "0800040004000000",  # group 4 r--
            "10000400ffffffff",  # mask r--
            "20000400ffffffff",  # other r--
        )
    )


@pytest.fixture
def folder():
    """A folder that everybody can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="host-sensor-acl-") as name:
        Path(name).chmod(0o711)
        made = Path(name) / "log"
        made.mkdir(0o750)
        if ATTRIBUTE not in supported(made):
            pytest.skip("this file system has no access control lists")
        yield made


def supported(folder: Path) -> list[str]:
    probe = folder / "probe"
    probe.touch()
    try:
        with probe.open() as file:
            Readers(["4242"], [], False, print).permit(file.fileno())
        return os.listxattr(probe)
    except OSError:
        return []
    finally:
        probe.unlink()


def write(folder: Path, file: str = "audit.jsonl", **options) -> list[str]:
    """Write a line below a folder of the sensor's; returns what was logged."""
    messages: list[str] = []
    output = FileOutput(str(folder / file), Options(**options), OutputStats(), messages.append, str(folder))
    output.write(["{}"])
    output.close()
    return messages


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
    assert write(folder, file, **options) == []
    for user, group, expected in ((READER, GROUP_OF_READER, reader), (STRANGER, STRANGER, stranger)):
        assert can(user, group, "cat", str(folder / file)) == expected
        assert can(user, group, "ls", str(folder)) == expected
        assert not can(user, group, "touch", str(folder / "new"))


@pytest.mark.root
def test_two_logs_with_readers_of_their_own_share_a_folder(folder):
    write(folder, "a", read_users=(READER,))
    write(folder, "b", read_users=(STRANGER,))
    assert [can(READER, "9", "cat", str(folder / name)) for name in "ab"] == [True, False]
    assert [can(STRANGER, "9", "cat", str(folder / name)) for name in "ab"] == [False, True]


@pytest.mark.root
def test_an_administrators_entries_stay(folder):
    if shutil.which("setfacl") is None:
        pytest.skip("setfacl is not installed")
    subprocess.run(["setfacl", "-m", f"u:{STRANGER}:x", folder], check=True)
    write(folder, read_users=(READER,))
    assert decode(os.getxattr(folder, ATTRIBUTE)) == {
        (USER_OBJ, NO_ID): 7,
        (USER, int(READER)): 5,
        (USER, int(STRANGER)): 1,
        (GROUP_OBJ, NO_ID): 5,
        (MASK, NO_ID): 5,
        (OTHER, NO_ID): 0,
    }


def test_a_folder_that_everybody_can_enter_stays_as_it_is(folder):
    folder.chmod(0o755)
    write(folder, read_users=("4242",), read_other=True)
    assert os.listxattr(folder) == []


def test_the_group_of_the_folder_and_its_bits_stay(folder):
    folder.chmod(0o2750)
    write(folder, read_other=True)
    assert folder.stat().st_mode & 0o7777 == 0o2755


@pytest.mark.root
def test_a_folder_that_is_not_the_sensors_stays_closed(folder):
    """A log elsewhere is where somebody put it, with the rights that folder has."""
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(0o750)
    output = FileOutput(str(elsewhere / "a"), Options(read_users=(READER,)), OutputStats(), print, str(folder))
    output.write(["{}"])
    output.close()
    assert os.listxattr(elsewhere) == []
    assert not can(READER, READER, "cat", str(elsewhere / "a"))


@pytest.mark.parametrize(("directory", "file"), [("/v/log", "/v/logs/a"), ("/v/log", "/v/a"), ("/v/log", "/w/log/b/a")])
def test_no_folder_outside_is_looked_at(directory, file, tmp_path):
    """It would not be found, and a message would say so."""
    messages: list[str] = []
    (tmp_path / file[1:]).parent.mkdir(parents=True)
    where = str(tmp_path) + directory
    output = FileOutput(str(tmp_path) + file, Options(read_other=True), OutputStats(), messages.append, where)
    output.write(["{}"])
    output.close()
    assert messages == []
    assert (tmp_path / file[1:]).parent.stat().st_mode & 0o7777 == 0o755

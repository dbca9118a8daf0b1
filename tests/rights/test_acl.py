"""Access control lists: as the kernel has them, and what becomes of those a folder has."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from sensor.rights.acl import ATTRIBUTE, GROUP, GROUP_OBJ, MASK, NO_ID, OTHER, USER, USER_OBJ, Readers, decode, encode


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
def admit(tmp_path):
    """Let readers into a folder of a mode, and return its mode and entries."""
    folder = tmp_path / "log"
    folder.mkdir()

    def admit(mode: int, *readers, before: str | None = None):
        folder.chmod(mode)
        if before:
            if shutil.which("setfacl") is None:
                pytest.skip("setfacl is not installed")
            subprocess.run(["setfacl", "-m", before, folder], check=True)
        fd = os.open(folder, os.O_RDONLY)
        try:
            Readers(*readers, print).admit(fd)
        except OSError as error:
            pytest.skip(f"no access control lists here: {error}")
        finally:
            os.close(fd)
        listed = ATTRIBUTE in os.listxattr(folder)
        return folder.stat().st_mode & 0o7777, decode(os.getxattr(folder, ATTRIBUTE)) if listed else {}

    return admit


def entries(group: int, mask: int, other: int, **named: int) -> dict[tuple[int, int], int]:
    """Those of a folder whose owner may do everything; u7=5 is user 7."""
    tags = {"u": USER, "g": GROUP}
    return {
        (USER_OBJ, NO_ID): 7,
        (GROUP_OBJ, NO_ID): group,
        (MASK, NO_ID): mask,
        (OTHER, NO_ID): other,
        **{(tags[name[0]], int(name[1:])): permissions for name, permissions in named.items()},
    }


@pytest.mark.parametrize(
    ("mode", "readers", "before", "expected"),
    [
        (0o750, ([], [], False), None, (0o750, {})),
        (0o750, (["42"], [], False), None, (0o750, entries(5, 5, 0, u42=5))),
        (0o750, ([], ["42"], False), None, (0o750, entries(5, 5, 0, g42=5))),
        (0o700, (["42"], [], False), None, (0o750, entries(0, 5, 0, u42=5))),  # the group's bits show the mask
        (0o750, ([], [], True), None, (0o755, {})),
        (0o700, ([], [], True), None, (0o705, {})),
        (0o750, (["42"], [], True), None, (0o755, entries(5, 5, 5, u42=5))),
        (0o755, (["42"], ["43"], True), None, (0o755, {})),  # everybody may enter already
        (0o751, (["42"], [], False), None, (0o751, entries(5, 5, 1, u42=5))),
        (0o750, (["42"], [], False), "u:43:x", (0o750, entries(5, 5, 0, u42=5, u43=1))),
        (0o750, (["42"], [], False), "u:42:x", (0o750, entries(5, 5, 0, u42=5))),
        (0o755, (["42"], [], False), "u:42:-", (0o755, entries(5, 5, 5, u42=5))),
    ],
)
def test_readers_come_beside_those_who_may_enter_already(mode, readers, before, expected, admit):
    assert admit(mode, *readers, before=before) == expected


@pytest.mark.root
def test_the_setgid_bit_stays(admit):
    assert admit(0o2750, ["42"], [], False) == (0o2750, entries(5, 5, 0, u42=5))
    assert admit(0o2750, [], [], True)[0] == 0o2755


@pytest.mark.root
@pytest.mark.parametrize("readers", [(["42"], [], False), ([], [], True)])
def test_who_would_take_the_setgid_bit_from_a_folder_does_not_change_it(readers, tmp_path):
    """The kernel takes it when neither root nor a member of the group sets a list or a mode."""
    folder = tmp_path / "log"
    folder.mkdir()
    os.chown(folder, 65534, 4)
    folder.chmod(0o2750)
    fd = os.open(folder, os.O_RDONLY)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            Readers(*readers, print).admit(fd)
        except PermissionError:
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
    os.close(fd)
    assert folder.stat().st_mode & 0o7777 == 0o2750
    assert os.listxattr(folder) == []

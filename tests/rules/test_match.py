"""What a folder's rule names: calls that the kernel has, each for a reason."""

from __future__ import annotations

import pytest

from sensor.rules.match import CHANGING, CHANGING_32
from sensor.tables import syscalls


@pytest.mark.parametrize(("arch", "names"), [(0xC000003E, CHANGING), (0x40000003, CHANGING_32)])
def test_the_calls_that_change_files_exist_and_are_named_once(arch: int, names: str) -> None:
    assert [name for name in names.split() if not syscalls.numbers(arch, name)] == []
    assert len(set(names.split())) == len(names.split())


@pytest.mark.parametrize(
    "way", ["open", "rename", "link", "symlink", "unlink", "mkdir", "mknod", "chmod", "chown", "setxattr"]
)
def test_every_way_to_change_a_file_has_all_its_variants(way: str) -> None:
    """As the kernel has them: plain, with l and f before, with at and at2 behind."""
    every = {"open": "open openat openat2", "rename": "rename renameat renameat2", "mkdir": "mkdir mkdirat"}
    every |= {"link": "link linkat", "symlink": "symlink symlinkat", "unlink": "unlink unlinkat rmdir"}
    every |= {"mknod": "mknod mknodat", "chmod": "chmod fchmod fchmodat fchmodat2"}
    every |= {"chown": "chown lchown fchown fchownat", "setxattr": "setxattr lsetxattr fsetxattr setxattrat"}
    assert set(every[way].split()) <= set(CHANGING.split())

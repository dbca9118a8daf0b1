"""A BPF file system is found, mounted only where that is right, and taken away only when it was ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sensor.errors import ProbeError
from sensor.probe import bpffs
from tests.probe.loaded import obstacle

MOUNTS = """\
proc /proc proc rw,relatime 0 0
bpf /sys/fs/bpf bpf rw,nosuid,nodev,noexec,relatime,mode=700 0 0
host-sensor /run/bpf bpf rw 0 0
tmpfs /run/bpf2 tmpfs rw 0 0
"""

# In a mount namespace of its own: from no BPF file system to ours and back.
ALONE = """
import os, subprocess
from sensor.probe import bpffs
while bpffs.MOUNT_POINT in bpffs.mounted():
    subprocess.run(["umount", "--lazy", bpffs.MOUNT_POINT], check=True)
path = f"{bpffs.MOUNT_POINT}/test"
bpffs.mount(path)
bpffs.mount(path)
print(bpffs.mounted()[bpffs.MOUNT_POINT])
os.mkdir(path)
bpffs.unmount(path)
print(bpffs.MOUNT_POINT in bpffs.mounted())
os.rmdir(path)
bpffs.unmount(path)
bpffs.unmount(path)
print(bpffs.MOUNT_POINT in bpffs.mounted())
"""


def test_they_are_found_among_the_mounts(tmp_path: Path) -> None:
    (tmp_path / "mounts").write_text(MOUNTS)
    assert bpffs.mounted(str(tmp_path / "mounts")) == {"/sys/fs/bpf": "bpf", "/run/bpf": "host-sensor"}


def test_only_the_usual_directory_is_mounted_on_demand(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match="only /sys/fs/bpf is mounted on demand"):
        bpffs.mount(str(tmp_path / "probe"))


@pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))
def test_ours_comes_and_goes() -> None:
    command = ["unshare", "--mount", sys.executable, "-c", ALONE]
    result = subprocess.run(
        command, capture_output=True, text=True, cwd=Path(__file__).parents[2], env=dict(os.environ)
    )
    assert (result.stdout.split(), result.stderr) == (["host-sensor", "True", "False"], "")

"""The file system in which the probe's maps and links have names: mounted where it is not, as without systemd.

    bpf /sys/fs/bpf bpf rw,nosuid,nodev,noexec,relatime,mode=700 0 0        in /proc/self/mounts

One that we mounted is marked by its source, so that unloading the probe can take it away again.
"""

from __future__ import annotations

import ctypes
import os

from sensor.errors import ProbeError

MOUNT_POINT = "/sys/fs/bpf"

_OURS = "host-sensor"
_KERNELS = {"maps.debug", "progs.debug"}  # in every BPF file system of a kernel with CONFIG_BPF_PRELOAD
_NOSUID, _NODEV, _NOEXEC = 2, 4, 8
_DETACH = 2


def mounted(mounts: str = "/proc/self/mounts") -> dict[str, str]:
    """BPF file systems by mount point, each with its source: {"/sys/fs/bpf": "bpf"}."""
    with open(mounts, encoding="utf-8", errors="replace") as file:
        lines = [line.split(" ") for line in file]
    return {point: source for source, point, type, *_ in lines if type == "bpf"}


def mount(path: str) -> None:
    """See to it that `path` is in a BPF file system; ProbeError when it is neither there nor below MOUNT_POINT."""
    if any(path.startswith(f"{point}/") for point in mounted()):
        return
    if not path.startswith(f"{MOUNT_POINT}/"):
        raise ProbeError(f"{path} is not in a BPF file system, and only {MOUNT_POINT} is mounted on demand")
    _call("mount", _OURS.encode(), MOUNT_POINT.encode(), b"bpf", _NOSUID | _NODEV | _NOEXEC, b"mode=700")


def unmount(path: str) -> None:
    """Undo `mount`, if it was needed and the file system is not used otherwise by now."""
    ours = path.startswith(f"{MOUNT_POINT}/") and mounted().get(MOUNT_POINT) == _OURS
    if ours and _KERNELS.issuperset(os.listdir(MOUNT_POINT)):
        _call("umount2", MOUNT_POINT.encode(), _DETACH)


def _call(name: str, *arguments: bytes | int) -> None:
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    converted = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]
    if function(*converted):
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno), MOUNT_POINT)

"""Where paths begin, as the kernel itself knows it: each way to another root, run with the real probe loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensor.probe.layout import EXEC, EXIT, HOST_ROOT, OTHER_ROOT, OWN_USERS, ProbeRecord
from sensor.probe.ring import Ring
from tests.probe.loaded import drained, loaded, obstacle

pytestmark = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))

HOSTS_OWN, OTHER, USERS, BOTH = HOST_ROOT, OTHER_ROOT, OWN_USERS, OTHER_ROOT | OWN_USERS

CHROOT = "import os,sys; os.chroot(sys.argv[1])"
BACK = f"import os; os.chdir('/'); {CHROOT}; os.chroot('.')"
THREAD = """
import ctypes, os, sys, threading
def run():
    assert ctypes.CDLL(None).unshare(0x200) == 0  # CLONE_FS
    os.chroot(sys.argv[1])
thread = threading.Thread(target=run)
thread.start(); thread.join()
"""
# A file of a mount that nobody but the first process sees is executed by the second, which is in the host's root.
PASSED = """
import ctypes, os, sys
ours, theirs = os.pipe(), os.pipe()
if os.fork() == 0:
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(0x20000) == 0 and libc.mount(b"none", b"/", None, 0x44000, None) == 0
    assert libc.mount(b"none", sys.argv[1].encode(), b"tmpfs", 0, None) == 0
    os.makedirs(sys.argv[1] + "/usr/sbin")
    cron = os.open(sys.argv[1] + "/usr/sbin/cron", os.O_WRONLY | os.O_CREAT, 0o755)
    with open("/bin/true", "rb") as true:
        os.write(cron, true.read())
    os.close(cron)
    os.write(ours[1], b"x"); os.read(theirs[0], 1); os._exit(0)
os.read(ours[0], 1)
child = int(open("/proc/thread-self/children").read().split()[0])
image = os.open(f"/proc/{child}/root{sys.argv[1]}/usr/sbin/cron", os.O_RDONLY)
os.write(theirs[1], b"x"); os.wait()
os.execve(image, ["cron"], {})
"""
MEMFD = """
import os
image = os.memfd_create("cron")
with open("/bin/true", "rb") as true: os.write(image, true.read())
os.execve(image, ["cron"], {})
"""


@pytest.fixture(scope="module")
def ring() -> Iterator[Ring]:
    with loaded() as ring:
        yield ring


@pytest.fixture
def jail(tmp_path: Path) -> Path:
    """A directory that holds all of the host's programs, and that everybody may enter."""
    for directory in (tmp_path, *list(tmp_path.parents)[:3]):
        directory.chmod(0o755)
    return tmp_path


def script(text: str, jail: Path) -> list[str]:
    return [sys.executable, "-c", text, str(jail)]


def flags(ring: Ring, command: list[str], kind: int) -> ProbeRecord:
    """The last record of a kind that the process of a command made; its flags without those about its image."""
    ring.drain()
    with subprocess.Popen(command) as process:
        assert process.wait() == 0
    own = [record for record in drained(ring) if record.tgid == process.pid and record.kind == kind]
    return own[-1]._replace(flags=own[-1].flags & (HOST_ROOT | OTHER_ROOT | OWN_USERS))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["/bin/true"], HOSTS_OWN),
        (["/usr/bin/unshare", "-n", "/bin/true"], HOSTS_OWN),
        (["/usr/bin/unshare", "-m", "/bin/true"], OTHER),
        (["/usr/bin/unshare", "-U", "/bin/true"], USERS),
        (["/usr/bin/unshare", "-Ur", "/bin/true"], USERS),
        (["/usr/bin/unshare", "-Urm", "/bin/true"], BOTH),
        (["/usr/sbin/chroot", "/", "/bin/true"], HOSTS_OWN),
        (["/usr/bin/setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/unshare", "-Ur", "/bin/true"], USERS),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_at_an_exec(ring: Ring, command: list[str], expected: int) -> None:
    assert flags(ring, command, EXEC).flags == expected


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        (CHROOT, EXEC, HOSTS_OWN),
        (CHROOT, EXIT, OTHER),
        (BACK, EXIT, HOSTS_OWN),  # with CAP_SYS_CHROOT on the host: known not to be covered
        (THREAD, EXIT, HOSTS_OWN),  # as is this
        (PASSED, EXEC, OTHER),
        (MEMFD, EXEC, HOSTS_OWN),
    ],
    ids=["chroot", "chroot at the end", "and back", "of a thread", "a descriptor of a private mount", "a memfd"],
)
def test_after_an_exec(ring: Ring, jail: Path, text: str, kind: int, expected: int) -> None:
    assert flags(ring, script(text, jail), kind).flags == expected


def test_a_jail(ring: Ring, jail: Path) -> None:
    (jail / "usr").mkdir()
    subprocess.run(["mount", "--bind", "/usr", jail / "usr"], check=True)
    try:
        for name in ("lib", "lib64", "bin"):
            (jail / name).symlink_to(f"usr/{name}")
        host = os.stat("/proc/self/ns/mnt").st_ino
        found = flags(ring, ["/usr/sbin/chroot", str(jail), "/bin/true"], EXEC)
        assert (found.flags, found.mntns) == (OTHER, host)
        as_user = ["/usr/bin/setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/unshare", "-Ur", "chroot"]
        assert flags(ring, [*as_user, str(jail), "/bin/true"], EXEC).flags == BOTH
        found = flags(ring, ["/usr/bin/unshare", "-m", "/usr/sbin/chroot", str(jail), "/bin/true"], EXEC)
        assert found.flags == OTHER
        assert found.mntns not in (0, host)
    finally:
        subprocess.run(["umount", jail / "usr"], check=True)

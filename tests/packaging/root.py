"""A clean Debian root for package tests: built once, and changed only in layers laid over it.

What runs in it sees its own processes only and can neither read nor change the kernel's audit, so that a package's
scripts reach nothing of the machine.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / "build" / "cache"
PACKAGES = "auditd,python3-bpfcc,python3-prometheus-client,python3-psutil,python3-yaml,rpm,systemd-sysv"
TOOLS = (
    "acl,auditd,build-essential,clang-format,debhelper,dh-python,groff-base,lintian,man-db,mandoc,mount,procps,"
    "prometheus,promtool,python3-audit,python3-bpfcc,python3-confluent-kafka,python3-hypothesis,python3-orjson,"
    "python3-prometheus-client,python3-psutil,python3-pytest,python3-redis,python3-setuptools,python3-urllib3,"
    "python3-venv,python3-wheel,python3-yaml,python3-zstandard,rpm,xz-utils,zstd"
)
"""What the unit tests and the package builds use on another release, all of it the distribution's."""
OPTIONS = (
    "--quiet",
    "--format=directory",
    "--variant=apt",
    "--dpkgopt=force-unsafe-io",
    "--aptopt=APT::Install-Recommends false",
    # Half the size: nobody reads here. What is installed later is not to be left out.
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--customize-hook=rm -f $1/etc/dpkg/dpkg.cfg.d/99mmdebstrap",
)
AUDIT = ("audit_control", "audit_write", "audit_read")
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}

# $0 is the folder, $@ the command
ENTER = f"""
mount -t proc proc "$0/proc" && exec setpriv --bounding-set={",".join(f"-{name}" for name in AUDIT)} chroot "$0" "$@"
"""

# systemd-nspawn wants a /run of its own and, where systemd is not the machine's own, a control group it may divide.
BOOT = f"""
set -e
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
mount -t bpf bpf /sys/fs/bpf
keep=
if [ ! -d /run/systemd/system ]; then
    keep=--keep-unit
    for group in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
        [ -e $group/cgroup.procs ] || continue
        mkdir -p $group/host-sensor-tests
        echo $$ >$group/host-sensor-tests/cgroup.procs
    done
fi
export SYSTEMD_NSPAWN_API_VFS_WRITABLE=1
exec systemd-nspawn -q -D "$0" --boot --register=no $keep --private-network --console=pipe \\
    --capability=all --drop-capability={",".join(f"CAP_{name.upper()}" for name in AUDIT)} \\
    --system-call-filter="bpf perf_event_open" --bind=/sys/fs/bpf --bind-ro=/sys/kernel/btf \\
    systemd.unit=test.target
"""

TEST_TARGET = """
[Unit]
Requires=basic.target test.service
After=basic.target
AllowIsolate=yes
"""

TEST_SERVICE = """
[Service]
Type=oneshot
ExecStart=/bin/sh -c "sh /tmp-test.sh >/tmp-test.log 2>&1; poweroff -f"
"""


HERE = platform.freedesktop_os_release().get("VERSION_CODENAME", "bookworm")
"""The release of Debian that this machine is, or is treated as."""


def base(codename: str = HERE, packages: str = PACKAGES) -> Path:
    """Return a folder with a minimal root, which nobody changes; skip the calling test where none can be made."""
    if os.geteuid() != 0:
        pytest.skip("a clean root needs root")
    need("mmdebstrap", "unshare", "setpriv")
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / f"root-{codename}-{zlib.crc32(packages.encode()):08x}"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            half = folder.with_suffix(".part")
            shutil.rmtree(half, ignore_errors=True)
            command = ["mmdebstrap", *OPTIONS, f"--include={packages}", codename, str(half)]
            made = subprocess.run(command, capture_output=True, text=True, timeout=900)
            if made.returncode != 0:
                pytest.skip(f"no clean root: {made.stderr.strip().splitlines()[-1]}")
            half.rename(folder)
    return folder


def need(*tools: str) -> None:
    """Skip the calling test unless every tool is there."""
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"needs {tool}")


class Root:
    """A root in which commands can be run, and which is gone when closed; `folder` is where it can be looked at."""

    def __init__(self, folder: Path, codename: str = HERE, packages: str = PACKAGES) -> None:
        self.folder = folder / "root"
        lower, upper, work = base(codename, packages), folder / "upper", folder / "work"
        for made in (self.folder, upper, work):
            made.mkdir(parents=True)
        layers = f"lowerdir={lower},upperdir={upper},workdir={work}"
        mounted = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, str(self.folder)])
        if mounted.returncode != 0:  # a container may lie on an overlay itself
            subprocess.run(["cp", "-a", f"{lower}/.", str(self.folder)], check=True)

    def close(self) -> None:
        """Unmount and remove the root."""
        if os.path.ismount(self.folder):
            subprocess.run(["umount", str(self.folder)], check=True)
        shutil.rmtree(self.folder.parent)

    def try_(self, *command: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command inside, without a terminal, whatever comes of it."""
        enter = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", ENTER, str(self.folder)]
        return subprocess.run(
            [*enter, *command], input=input or "", capture_output=True, text=True, timeout=120, env=ENVIRONMENT
        )

    def run(self, *command: str, input: str | None = None) -> str:
        """Run a command inside and return its output; it must succeed."""
        result = self.try_(*command, input=input)
        assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
        return result.stdout

    def audited(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command that may change the kernel's audit, whatever comes of it; only inside an AuditSession."""
        enter = ["unshare", "--mount", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"']
        return subprocess.run(
            [*enter, str(self.folder), *command], capture_output=True, text=True, timeout=120, env=ENVIRONMENT
        )

    def boot(self, script: str) -> str:
        """Boot the root's own systemd on this machine's kernel, run a script in it, and return what it printed."""
        need("systemd-nspawn")
        units = self.folder / "etc/systemd/system"
        (units / "test.target").write_text(TEST_TARGET)
        (units / "test.service").write_text(TEST_SERVICE)
        (units / "auditd.service").symlink_to("/dev/null")
        (self.folder / "tmp-test.sh").write_text(script)
        command = ["unshare", "--mount", "sh", "-c", BOOT, str(self.folder)]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        self._remove_control_groups()
        log = self.folder / "tmp-test.log"
        if not log.exists():
            pytest.skip(f"systemd cannot be booted in a container here: {result.stderr.strip()[-200:]}")
        return log.read_text()

    @staticmethod
    def _remove_control_groups() -> None:
        for group in Path("/sys/fs/cgroup").glob("**/host-sensor-tests"):
            for folder in sorted([group, *group.rglob("*/")], reverse=True):
                folder.rmdir()

    def put(self, file: Path) -> str:
        """Copy a file into the root and return its path there."""
        shutil.copy(file, self.folder / "root" / file.name)
        return f"/root/{file.name}"

    def files(self) -> set[str]:
        """Return every path but those that belong to a package manager itself."""
        ignored = ("/proc/", "/root/", "/run/", "/var/lib/dpkg/", "/var/lib/rpm/", "/var/log/dpkg.log", "/var/cache/")
        paths = (f"/{path.relative_to(self.folder)}" for path in self.folder.rglob("*"))
        return {path for path in paths if not path.startswith(ignored)}

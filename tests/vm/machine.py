"""A Debian machine of its own: real systemd, auditd and kernel, in qemu's software emulation, without a network.

    built = image("trixie")                                    the disk, made of packages once and kept
    done = run(built, scenario, [package], folder, busy=3)    boots it, runs a script there as root
    done.code, done.folder                                     its exit code, and what it left in ./out

KVM is not asked for, so it works in containers and in machines that are virtual themselves; it is about eight times
slower than the host. That also makes its timer ticks late, the more so with `busy` processes beside it. What a run
changes on the disk is gone when it ends, unless it has a disk of its own, with which it can be booted again.

Into the machine goes a tar archive as its second disk, out of it comes another as its third; the two units below,
which the image has, unpack the one, run `scenario` and pack the other.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGES = Path(os.environ.get("HOST_SENSOR_VM_IMAGES", REPOSITORY / "build" / "cache"))
PACKAGES = (
    *("systemd-sysv", "dbus", "udev", "kmod", "initramfs-tools", "linux-image-cloud-amd64", "procps"),
    *("apt", "apparmor", "sudo", "cron", "login", "passwd", "systemd-container"),
    *("auditd", "python3-bpfcc", "python3-prometheus-client", "python3-psutil", "python3-yaml"),
)
RELEASES = {"trixie": (*PACKAGES, "python3-orjson"), "bookworm": PACKAGES}  # Debian 12 has no orjson
LONGEST = 2700.0
TOOLS = ("mmdebstrap", "mke2fs", "qemu-system-x86_64")

TARGET = """\
[Unit]
Description=What a test of host-sensor needs
Requires=basic.target
Wants=auditd.service host-sensor-scenario.service
After=basic.target
AllowIsolate=yes
"""
SERVICE = """\
[Unit]
Description=Scenario of a test of host-sensor
DefaultDependencies=no
After=basic.target auditd.service

[Service]
Type=oneshot
TimeoutStartSec=infinity
WorkingDirectory=/run
ExecStart=/bin/sh -c 'mkdir -p work/out && tar -C work -xf /dev/vdb && cd work && sh ./scenario >out/output 2>&1; \\
    echo $$? >out/code; journalctl -b -o short-monotonic >out/journal 2>&1; tar -cf /dev/vdc out; sync'
ExecStopPost=/bin/systemctl --no-block poweroff
"""

# -cx16: without it the emulation of qemu 7.2 makes kernels from 6.12 on panic in their allocator.
MACHINE = (
    *("-M", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max,-cx16", "-smp", "2", "-m", "2G"),
    *("-nographic", "-no-reboot", "-nic", "none", "-device", "virtio-rng-pci"),
)
# The modules want instructions that the emulated processor has not, and cost seconds of the boot.
KERNEL = (
    "console=ttyS0 quiet root=/dev/vda rw mitigations=off panic=-1 systemd.show_status=false "
    "systemd.unit=host-sensor-scenario.target module_blacklist=kvm,kvm_amd,kvm_intel,aesni_intel,cryptd"
)


@dataclasses.dataclass(frozen=True)
class Done:
    """What came of a run: the exit code of the script, and the folder with what it left in ./out."""

    code: int
    folder: Path

    @property
    def output(self) -> str:
        """What the script printed."""
        return (self.folder / "output").read_text(errors="replace")

    def journal(self, *programs: str) -> str:
        """The lines that programs of these names have in the machine's journal, with seconds since its boot."""
        lines = (self.folder / "journal").read_text(errors="replace").splitlines()
        return "\n".join(line for line in lines if re.match(rf"\[ *[\d.]+\] \S+ ({'|'.join(programs)})\[", line))


def image(release: str) -> Path:
    """Return a folder with disk, kernel and initrd of a release of Debian, made once and kept.

    release: one of RELEASES. Skips the test where none can be made.
    """
    for tool in TOOLS:
        if shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            pytest.skip(f"needs {tool}; .ci/prepare vm installs it")
    if os.geteuid() != 0:
        pytest.skip("making a machine needs root")
    packages = RELEASES[release]
    folder = IMAGES / f"machine-{release}-{zlib.crc32(f'{packages}{SERVICE}'.encode()):08x}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "disk").exists():
            _make(folder, release, packages)
    return folder


def _make(folder: Path, release: str, packages: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        root = Path(name) / "root"
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}", release, str(root)]
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode != 0:
            pytest.skip(f"no machine can be made: {made.stderr.strip().splitlines()[-1]}")
        units = root / "etc/systemd/system"
        (units / "host-sensor-scenario.target").write_text(TARGET)
        (units / "host-sensor-scenario.service").write_text(SERVICE)
        (root / "etc/hostname").write_text("machine\n")
        for kind in ("vmlinuz", "initrd.img"):
            (found,) = (root / "boot").glob(f"{kind}-*")
            shutil.copy(found, folder / kind)
        # Without a journal, for the disk is never used again after a run.
        options = ["-q", "-t", "ext4", "-O", "^has_journal", "-d", str(root)]
        subprocess.run(["mke2fs", *options, f"{name}/disk", "4G"], check=True)
        Path(name, "disk").rename(folder / "disk")


def own_disk(built: Path, folder: Path) -> Path:
    """A copy of the machine's disk that keeps what is changed on it."""
    subprocess.run(["cp", "--sparse=always", built / "disk", folder / "disk"], check=True)
    return folder / "disk"


@dataclasses.dataclass(frozen=True)
class Boot:
    """How a machine is booted.

    disk: one of its own; otherwise what is changed is gone afterwards.
    busy: processes that use the host's processors meanwhile.
    kernel: more words for the kernel's command line.
    """

    disk: Path | None = None
    busy: int = 0
    kernel: str = ""


def run(built: Path, scenario: Path, files: Sequence[Path], folder: Path, boot: Boot = Boot()) -> Done:
    """Boot the machine and run a script in it, beside files that it finds by their names.

    folder: where what it leaves goes. A machine that does not come to an end within LONGEST seconds is an
    AssertionError with the last of what it printed.
    """
    with tarfile.open(folder / "in", "w") as tar:
        tar.add(scenario, "scenario")
        for file in files:
            tar.add(file, file.name)
    _pad(folder / "in", 512)
    _pad(folder / "out", 64 << 20)
    kernel = ["-kernel", str(built / "vmlinuz"), "-initrd", str(built / "initrd.img")]
    kernel += ["-append", f"{KERNEL} {boot.kernel}"]
    system = f"{built}/disk,snapshot=on" if boot.disk is None else str(boot.disk)
    disks = [system, f"{folder}/in,readonly=on", f"{folder}/out"]
    drives = [word for disk in disks for word in ("-drive", f"file={disk},if=virtio,format=raw,cache=unsafe")]
    with (folder / "console").open("wb") as console, _busy(boot.busy):
        try:
            command = ["qemu-system-x86_64", *MACHINE, *kernel, *drives]
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, timeout=LONGEST)
        except subprocess.TimeoutExpired:
            pass  # reported below, by what is not there
    with contextlib.suppress(tarfile.ReadError), tarfile.open(folder / "out") as tar:
        tar.extractall(folder / "left", **({"filter": "data"} if sys.version_info >= (3, 12) else {}))
    left = folder / "left" / "out"
    assert (left / "code").exists(), (folder / "console").read_text(errors="replace")[-2000:]
    return Done(int((left / "code").read_text()), left)


def _pad(file: Path, size: int) -> None:
    """Grow a file to a multiple of `size` bytes."""
    with file.open("ab") as opened:
        opened.truncate(-(-max(opened.tell(), 1) // size) * size)


@contextlib.contextmanager
def _busy(count: int) -> Iterator[None]:
    """Keep so many processes running on the host's processors."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()

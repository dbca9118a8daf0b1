"""Both packages, installed in a clean root: they run there, keep what an administrator changed, and leave no trace."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sensor import __version__
from tests.audit_session import AuditSession
from tests.packaging.root import REPOSITORY, Root, need

FEED = """\
type=SYSCALL msg=audit(1700000000.001:7): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=1 \
ppid=10 pid=11 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 comm="id" \
exe="/usr/bin/id" subj=unconfined key="exec"
type=EXECVE msg=audit(1700000000.001:7): argc=2 a0="id" a1="-u"
type=EOE msg=audit(1700000000.001:7):
"""

# What the RPM asks of a distribution that Debian is not.
SHIM = """\
Name: shim
Version: 1
Release: 1
Summary: Names that Debian's packages do not provide to RPM
License: Apache-2.0
BuildArch: noarch
Provides: audit = 3.0, python3 = 3.11, python3-prometheus_client = 0.16, python3-pyyaml = 6.0, shadow-utils = 4
Provides: python3-psutil = 5.9
Provides: /bin/sh, /usr/bin/python3
%description
%files
"""

# $0 is the root; the processes are the machine's, as for any plugin.
PLUGIN = 'mount -t proc proc "$0/proc" && exec chroot "$0" /usr/sbin/host-sensor run'
UNIT = "host-sensor-probe.service"

pytestmark = [pytest.mark.slow, pytest.mark.root]


def build(kind: str, folder: Path) -> Path:
    subprocess.run([REPOSITORY / f"packaging/build-{kind}", folder], check=True, capture_output=True)
    (package,) = folder.glob(f"*.{kind}")
    return package


def build_shim(folder: Path) -> Path:
    (folder / "shim.spec").write_text(SHIM)
    command = ["rpmbuild", "-bb", "--define", f"_topdir {folder}", str(folder / "shim.spec")]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "RPMS" / "noarch" / "shim-1-1.noarch.rpm"


class Deb:
    """The Debian package in a root."""

    def __init__(self, root: Root, folder: Path) -> None:
        self.root = root
        self.package = root.put(build("deb", folder))

    def install(self) -> None:
        self.root.run("dpkg", "--force-unsafe-io", "-i", self.package)

    upgrade = install

    def verify(self) -> str:
        return self.root.run("dpkg", "--verify", "host-sensor")

    def remove(self) -> None:
        self.root.run("dpkg", "--purge", "host-sensor")


class Rpm:
    """The RPM package in a root; a second package provides what this distribution calls otherwise."""

    def __init__(self, root: Root, folder: Path) -> None:
        self.root = root
        self.package = root.put(build("rpm", folder))
        root.run("rpm", "--force-debian", "-i", root.put(build_shim(folder)))
        (root.folder / "usr/share/licenses").mkdir()  # which every distribution of RPMs has

    def install(self) -> None:
        self.root.run("rpm", "--force-debian", "-i", self.package)

    def upgrade(self) -> None:
        self.root.run("rpm", "--force-debian", "-U", "--force", self.package)

    def verify(self) -> str:
        return self.root.run("rpm", "-V", "host-sensor")

    def remove(self) -> None:
        self.root.run("rpm", "--force-debian", "-e", "host-sensor")


@pytest.fixture(scope="module", params=[Deb, Rpm], ids=["deb", "rpm"])
def installed(request, tmp_path_factory):
    """A package that is installed in a clean root; a test that changes something puts it back."""
    root = Root(tmp_path_factory.mktemp("root"))
    try:
        package = request.param(root, tmp_path_factory.mktemp("built"))
        package.files_before = root.files()
        package.install()
        yield package
    finally:
        root.close()


def test_the_command_runs(installed):
    assert installed.root.run("host-sensor", "--version") == f"host-sensor {__version__}\n"


def test_the_packaged_configuration_has_no_mistakes(installed):
    assert "no mistakes" in installed.root.run("host-sensor", "check")


def test_it_converts_as_the_working_tree_does(installed):
    here = subprocess.run(
        [sys.executable, "-m", "sensor", "convert"], input=FEED, cwd=REPOSITORY, capture_output=True, text=True
    )
    assert '"ARGV":["id","-u"]' in here.stdout
    assert installed.root.run("host-sensor", "convert", input=FEED) == here.stdout


def test_the_probe_finds_its_source(installed):
    found = installed.root.run(
        "python3",
        "-c",
        "import sys; sys.path.insert(0, '/usr/lib/host-sensor')\nfrom sensor.probe import loader; print(loader.SOURCE)",
    )
    assert (installed.root.folder / found.strip().lstrip("/") / "process.c").exists()


def test_auditd_can_start_the_plugin(installed):
    command = installed.root.folder / "usr/sbin/host-sensor"
    plugin = installed.root.folder / "etc/audit/plugins.d/host-sensor.conf"
    assert stat.filemode(command.lstat().st_mode) == "-rwxr-xr-x"
    assert stat.filemode(plugin.lstat().st_mode) == "-rw-r-----"
    assert (command.stat().st_uid, plugin.stat().st_uid) == (0, 0)


def test_the_log_belongs_to_the_sensor_and_its_readers(installed):
    shown = installed.root.run("stat", "-c", "%A %U %G", "/var/log/host-sensor")
    assert shown == "drwxr-x--- _host-sensor adm\n"


def test_systemd_accepts_the_unit(installed):
    found = installed.root.try_("systemd-analyze", "verify", "--man=no", UNIT)
    assert [line for line in found.stderr.splitlines() if "host-sensor" in line] == []
    assert installed.root.run("systemctl", "is-enabled", UNIT) == "enabled\n"
    installed.root.run("systemd-analyze", "security", "--offline=yes", "--threshold=25", UNIT)


def test_nothing_installed_is_changed_by_running_it(installed):
    installed.root.run("host-sensor", "convert", input=FEED)
    assert installed.verify() == ""


def test_an_upgrade_keeps_what_the_administrator_changed(installed):
    config = installed.root.folder / "etc/host-sensor/config.yaml"
    original = config.read_text()
    config.write_text(original + "# mine\n")
    installed.upgrade()
    assert config.read_text() == original + "# mine\n"
    config.write_text(original)
    assert list((installed.root.folder / "usr/lib/host-sensor").rglob("*.pyc"))


def test_removal_leaves_the_log_and_the_user(installed):
    log = installed.root.folder / "var/log/host-sensor/audit.jsonl"
    log.write_text("{}\n")
    installed.remove()
    backups = {"/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-"}
    left = installed.root.files() - installed.files_before - backups
    assert left == {"/var/log/host-sensor", "/var/log/host-sensor/audit.jsonl"}
    assert "_host-sensor" in (installed.root.folder / "etc/passwd").read_text()
    log.unlink()
    installed.install()


@pytest.mark.live
def test_auditd_runs_the_plugin_as_it_was_installed(installed):
    """A real auditd, and everything of the package: command, configuration, user, log directory."""
    plugin = ["unshare", "--mount", "sh", "-c", PLUGIN, str(installed.root.folder)]
    log = installed.root.folder / "var/log/host-sensor/audit.jsonl"
    with AuditSession(plugin, rules=["-S execve -k exec"]) as session:
        session.run(["/bin/sleep", "0.75"])  # long enough for /proc to tell who it is
        session.drain(log)
        (pid,) = session.plugin_pids()
        status = Path(f"/proc/{pid}/status").read_text()
        numbers = installed.root.run("id", "-u", "_host-sensor").strip()
    events = [json.loads(line) for line in log.read_text().splitlines()]
    found = [event for event in events if event.get("EXECVE", {}).get("ARGV") == ["/bin/sleep", "0.75"]]
    assert len(found) == 1, events
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", found[0]["SYSCALL"]["PID"]["GUID"])
    assert re.search(rf"^Uid:\t{numbers}\t{numbers}\t", status, re.MULTILINE)
    assert installed.root.run("stat", "-c", "%A %U", "/var/log/host-sensor/audit.jsonl") == "-rw-r----- _host-sensor\n"
    log.unlink()


@pytest.mark.parametrize("installed", [Deb], indirect=True, ids=["deb"])
def test_systemd_loads_the_probe_in_its_sandbox(installed):
    if not Path("/sys/kernel/btf/vmlinux").exists():
        pytest.skip("the kernel probe needs a kernel with BTF")
    # A container is no place for a probe, but its systemd is as real as any.
    changed = installed.root.folder / f"etc/systemd/system/{UNIT}.d"
    changed.mkdir()
    (changed / "test.conf").write_text("[Unit]\nConditionVirtualization=\n")
    shown = installed.root.boot(
        f"show() {{ systemctl show -p ActiveState,Result {UNIT} | xargs echo $1; ls /sys/fs/bpf; }}\n"
        "journalctl --boot\nshow booted\n"
        f"systemctl reload {UNIT}; show reloaded\n"
        f"systemctl stop {UNIT}; show stopped\n"
    )
    states = re.findall(r"^(\w+) (?=.*Result=(\w+))(?=.*ActiveState=(\w+)).*\n(host-sensor)?", shown, re.MULTILINE)
    assert states == [
        ("booted", "success", "active", "host-sensor"),
        ("reloaded", "success", "active", "host-sensor"),
        ("stopped", "success", "inactive", ""),
    ], shown


def test_lintian_finds_nothing(tmp_path):
    need("lintian")
    command = ["lintian", "--pedantic", "--fail-on=error,warning,info,pedantic", str(build("deb", tmp_path))]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr

"""Both packages, installed in a clean root: they run there, keep what an administrator changed, and leave no trace."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sensor import __version__
from sensor.rights.acl import ATTRIBUTE
from tests.packaging.packages import Deb, Rpm
from tests.packaging.root import HERE, REPOSITORY, Root
from tests.support.audit_session import AuditSession

FEED = """\
type=SYSCALL msg=audit(1700000000.001:7): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=1 \
ppid=10 pid=11 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 comm="id" \
exe="/usr/bin/id" subj=unconfined key="exec"
type=EXECVE msg=audit(1700000000.001:7): argc=2 a0="id" a1="-u"
type=EOE msg=audit(1700000000.001:7):
"""

# $0 is the root; the processes are the machine's, as for any plugin.
PLUGIN = 'mount -t proc proc "$0/proc" && exec chroot "$0" /usr/sbin/host-sensor run'
UNIT = "host-sensor-probe.service"

pytestmark = [pytest.mark.slow, pytest.mark.root]


@pytest.fixture(scope="module", params=[("deb", HERE), ("deb", "trixie"), ("rpm", HERE)], ids="-".join)
def installed(request, built, tmp_path_factory):
    """A package that is installed in a clean root; a test that changes something puts it back."""
    kind, release = request.param
    root = Root(tmp_path_factory.mktemp("root"), release)
    try:
        package = {"deb": Deb, "rpm": Rpm}[kind](root, built(kind), tmp_path_factory.mktemp("shim"))
        package.files_before = root.files()
        package.install()
        yield package
    finally:
        root.close()


def test_the_command_runs(installed):
    assert installed.root.run("host-sensor", "--version").startswith(f"host-sensor {__version__} (")


@pytest.mark.parametrize("program", ["usr/sbin/host-sensor", "usr/libexec/host-sensor"])
def test_the_programs_run_isolated(program, installed):
    """Neither variables nor the folder of the program decide which modules root loads."""
    first, _, _ = (installed.root.folder / program).read_text(encoding="utf-8").partition("\n")
    assert first == "#!/usr/bin/python3 -IBS"


def test_the_packaged_configuration_has_no_mistakes(installed):
    assert "no mistakes" in installed.root.run("host-sensor", "check")


def test_it_converts_as_the_working_tree_does(installed):
    here = subprocess.run(
        [sys.executable, "-m", "sensor", "convert"], input=FEED, cwd=REPOSITORY, capture_output=True, text=True
    )
    assert '"ARGV":["id","-u"]' in here.stdout
    assert installed.root.run("host-sensor", "convert", input=FEED) == here.stdout


def test_completion_is_where_the_shells_look(installed):
    """zsh has a place for packages of Debian, and another of its own."""
    zsh = "vendor-completions" if isinstance(installed, Deb) else "site-functions"
    for path in ("bash-completion/completions/host-sensor", f"zsh/{zsh}/_host-sensor"):
        assert "doctor" in (installed.root.folder / "usr/share" / path).read_text()
    assert "doctor" in (installed.root.folder / "usr/share/fish/vendor_completions.d/host-sensor.fish").read_text()


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
    assert f"# version {__version__}\n" in command.read_text()
    assert stat.filemode(command.lstat().st_mode) == "-rwxr-xr-x"
    assert stat.filemode(plugin.lstat().st_mode) == "-rw-r-----"
    assert (command.stat().st_uid, plugin.stat().st_uid) == (0, 0)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/audit", "drwxr-x--- root root"),
        ("/etc/audit/plugins.d", "drwxr-x--- root root"),
        ("/etc/host-sensor", "drwxr-xr-x root root"),
        ("/etc/host-sensor/config.yaml", "-rw-r----- root _host-sensor"),
        ("/etc/host-sensor/conf.d", "drwxr-s--- root _host-sensor"),
        ("/var/log/host-sensor", "drwxr-s--- _host-sensor adm"),
    ],
)
def test_who_may_read_and_write_what(path, expected, installed):
    assert installed.root.run("stat", "-c", "%A %U %G", path) == f"{expected}\n"


FRAGMENT = """\
auditlog: {read_users: [man], read_groups: [staff]}
probe: {use: false}
metrics: {listen: ""}
"""


def test_those_who_may_read_the_log_can(installed):
    """Read by user, group, and membership of adm, in the packaged folder with the packaged configuration."""
    root = installed.root
    fragment = root.folder / "etc/host-sensor/conf.d/readers.yaml"
    fragment.write_text(FRAGMENT)
    root.run("host-sensor", "run", input=FEED)
    log = "/var/log/host-sensor/audit.jsonl"
    assert root.run("stat", "-c", "%A %U %G", log) == "-rw-r----- _host-sensor adm\n"

    def can_read(user: str, group: str) -> bool:
        enter = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        return root.try_(*enter, "sh", "-c", f"ls /var/log/host-sensor && cat {log}").returncode == 0

    readers = {("man", "nogroup"): True, ("nobody", "staff"): True, ("nobody", "adm"): True, ("games", "games"): False}
    assert {who: can_read(*who) for who in readers} == readers
    assert root.run("stat", "-c", "%A %U %G", "/var/log/host-sensor") == "drwxr-s--- _host-sensor adm\n"
    fragment.unlink()
    (root.folder / log[1:]).unlink()
    os.removexattr(root.folder / "var/log/host-sensor", ATTRIBUTE)


def test_the_sensors_user_reads_the_configuration_again(installed):
    """At a reload it is not root any more."""
    (installed.root.folder / "etc/host-sensor/conf.d/x.yaml").write_text("marker: x\n")
    enter = ["setpriv", "--reuid=_host-sensor", "--regid=_host-sensor", "--clear-groups"]
    assert "no mistakes" in installed.root.run(*enter, "host-sensor", "check")
    strangers = installed.root.try_("setpriv", "--reuid=nobody", "--clear-groups", "host-sensor", "check")
    assert strangers.returncode == 1
    assert "Permission denied" in strangers.stdout
    (installed.root.folder / "etc/host-sensor/conf.d/x.yaml").unlink()


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


def test_removal_leaves_nothing_but_the_user(installed):
    """Of an RPM, which cannot be purged, the log stays."""
    root = installed.root
    config = root.folder / "etc/host-sensor/config.yaml"
    config.write_text(config.read_text() + "# mine\n")
    (root.folder / "etc/host-sensor/conf.d/mine.yaml").write_text("marker: x\n")
    for name in ("audit.jsonl", "audit.jsonl.1", "state", "state.run"):
        (root.folder / "var/log/host-sensor" / name).write_text("{}\n")
    root.run("python3", "-c", "import sys; sys.path.insert(0, '/usr/lib/host-sensor'); import sensor.top.show")
    root.run("host-sensor", "options")
    if isinstance(installed, Deb):
        root.run("host-sensor", "rules", "--install", "minimal")
    installed.remove()
    backups = {"/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-"}
    left = root.files() - installed.files_before - backups
    if isinstance(installed, Rpm):
        left -= {
            f"/var/log/host-sensor{name}" for name in ("", "/audit.jsonl", "/audit.jsonl.1", "/state", "/state.run")
        }
        left -= {f"/etc/host-sensor{name}" for name in ("", "/conf.d", "/conf.d/mine.yaml", "/config.yaml.rpmsave")}
    assert left == set()
    assert "_host-sensor" in (root.folder / "etc/passwd").read_text()
    shutil.rmtree(root.folder / "etc/host-sensor", ignore_errors=True)
    shutil.rmtree(root.folder / "var/log/host-sensor", ignore_errors=True)
    installed.install()


@pytest.mark.live
def test_auditd_runs_the_plugin_as_it_was_installed(installed):
    """A real auditd, and everything of the package: command, configuration, user, log directory."""
    plugin = ["unshare", "--mount", "sh", "-c", PLUGIN, str(installed.root.folder)]
    log = installed.root.folder / "var/log/host-sensor/audit.jsonl"
    with AuditSession(plugin, rules=["-S execve -k exec"]) as session:
        session.run(["/bin/sleep", "3"])  # long enough for /proc to tell who it is
        session.drain(log)
        (pid,) = session.plugin_pids()
        status = Path(f"/proc/{pid}/status").read_text()
        numbers = installed.root.run("id", "-u", "_host-sensor").strip()
    events = [json.loads(line) for line in log.read_text().splitlines()]
    found = [event for event in events if event.get("EXECVE", {}).get("ARGV") == ["/bin/sleep", "3"]]
    assert len(found) == 1, events
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", found[0]["SYSCALL"]["PID"]["GUID"])
    assert re.search(rf"^Uid:\t{numbers}\t{numbers}\t", status, re.MULTILINE)
    assert (
        installed.root.run("stat", "-c", "%A %U %G", "/var/log/host-sensor/audit.jsonl")
        == "-rw-r----- _host-sensor adm\n"
    )
    log.unlink()


@pytest.mark.parametrize("installed", [("deb", HERE)], indirect=True, ids=["deb"])
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

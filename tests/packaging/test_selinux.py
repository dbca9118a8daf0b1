"""The SELinux module: compiled, linted, linked into a real policy whose neverallow rules hold, and narrow."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sensor.doctor.host import settings
from tests.packaging.root import REPOSITORY, need
from tests.packaging.test_confinement import capabilities

SELINUX = REPOSITORY / "packaging" / "selinux"
MAKEFILE = Path("/usr/share/selinux/devel/Makefile")
STORES = ("etc/selinux", "var/lib/selinux")

pytestmark = pytest.mark.slow


def allowed(domain: str, kind: str) -> set[str]:
    """Permissions that the module gives a domain over itself."""
    text = re.sub(r"(?m)#.*$", "", (SELINUX / "host_sensor.te").read_text())
    found = re.findall(rf"(?m)^allow {domain} self:{kind} \{{(.*)\}};$", text)
    return {permission for permissions in found for permission in permissions.split()}


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module as the distribution's headers compile it."""
    need("checkmodule", "semodule_package", "make")
    if not MAKEFILE.exists():
        pytest.skip("needs selinux-policy-dev")
    folder = tmp_path_factory.mktemp("selinux") / "module"
    shutil.copytree(SELINUX, folder)
    done = subprocess.run(
        ["make", "-f", MAKEFILE, "host_sensor.pp"], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()
    return folder / "host_sensor.pp"


@pytest.fixture(scope="module")
def policy(module: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian's policy with the module in it, checked as a whole; nothing of the machine's own is touched."""
    need("semodule", "sesearch", "seinfo")
    if not Path("/etc/selinux/default").exists():
        pytest.skip("needs selinux-policy-default")
    root = tmp_path_factory.mktemp("policy")
    for store in STORES:
        shutil.copytree(Path("/", store), root / store)
    (root / "etc/selinux/semanage.conf").write_text("module-store = direct\nexpand-check = 1\n")
    command = ["semodule", "-n", "-p", root, "-s", "default", "-i", module]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    (found,) = (root / "etc/selinux/default/policy").glob("policy.*")
    return found


def rules(policy: Path, *wanted: str) -> list[str]:
    done = subprocess.run(["sesearch", *wanted, policy], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_selint_finds_nothing(module: Path) -> None:
    """S-001: that the module names types of others itself, which no interface of the policy does."""
    need("selint")
    command = ["selint", "-r", "-s", "-d", "S-001", module.parent]
    done = subprocess.run(command, capture_output=True, text=True)
    assert [line for line in done.stdout.splitlines() if line.startswith("host_sensor.")] == []
    (module.parent / "host_sensor.if").write_text("interface(`other_read_log',`\n\tallow $1 x_t:file read;\n')\n")
    broken = subprocess.run(command, capture_output=True, text=True)
    shutil.copy(SELINUX / "host_sensor.if", module.parent)
    assert "host_sensor.if" in broken.stdout


def test_what_auditd_starts_is_in_its_own_domain(policy: Path) -> None:
    wanted = ["-T", "-s", "auditd_t", "-t", "host_sensor_exec_t"]
    assert rules(policy, *wanted) == ["type_transition auditd_t host_sensor_exec_t:process host_sensor_t;"]
    # An administrator's own domain stays what it is.
    assert not rules(policy, "-T", "-s", "unconfined_t", "-t", "host_sensor_exec_t")
    assert rules(policy, "-A", "-s", "init_t", "-t", "host_sensor_probe_t", "-c", "process", "-p", "transition")


def test_no_domain_is_permissive(policy: Path) -> None:
    done = subprocess.run(["seinfo", "--permissive", policy], capture_output=True, text=True, check=True)
    assert "Permissive Types: 0" in done.stdout


@pytest.mark.parametrize("domain", ["host_sensor_t", "host_sensor_probe_t"])
def test_little_can_be_written_and_secrets_are_not_read(domain: str, policy: Path) -> None:
    written = {line.split()[2].split(":")[0] for line in rules(policy, "-A", "-s", domain, "-c", "file", "-p", "write")}
    own = {domain, "bpf_t", "host_sensor_log_t" if domain == "host_sensor_t" else "host_sensor_cache_t"}
    assert written <= own
    assert len(written) > 1
    for secret in ("shadow_t", "sshd_key_t", "memory_device_t", "fixed_disk_device_t"):
        assert not rules(policy, "-A", "-s", domain, "-t", secret, "-p", "read"), secret


def test_the_capabilities_are_those_of_apparmor() -> None:
    plugin = allowed("host_sensor_t", "capability") | allowed("host_sensor_t", "capability2")
    probe = allowed("host_sensor_probe_t", "capability") | allowed("host_sensor_probe_t", "capability2")
    assert plugin == capabilities("host-sensor")
    assert probe == capabilities("host-sensor-probe")


def test_the_files_are_those_that_are_installed() -> None:
    contexts = (SELINUX / "host_sensor.fc").read_text()
    plugin = settings((REPOSITORY / "packaging/auditd/host-sensor.conf").read_text())["path"]
    assert re.search(rf"(?m)^{plugin}\s+--\s.*:host_sensor_exec_t,", contexts)
    unit = (REPOSITORY / "packaging/systemd/host-sensor-probe.service").read_text()
    assert "\nSELinuxContext=-system_u:system_r:host_sensor_probe_t:s0\n" in unit


def test_the_rpm_has_it_as_a_package_of_its_own(module: Path, tmp_path: Path) -> None:
    need("rpmbuild", "rpm")
    command = [REPOSITORY / "packaging/build-rpm", tmp_path]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "SELINUX": "yes"})
    (package,) = tmp_path.glob("host-sensor-selinux-*.noarch.rpm")
    listed = subprocess.run(["rpm", "-qlp", package], capture_output=True, text=True, check=True).stdout.split()
    assert "/usr/share/selinux/packages/targeted/host_sensor.pp.bz2" in listed
    scripts = subprocess.run(["rpm", "-qp", "--scripts", package], capture_output=True, text=True, check=True).stdout
    assert "-i /usr/share/selinux/packages/targeted/host_sensor.pp.bz2" in scripts
    assert "-r host_sensor" in scripts

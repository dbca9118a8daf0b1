"""What confines the plugin and the services: AppArmor's profiles and systemd's sandbox, checked by their own tools."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sensor.doctor.host import settings
from sensor.rights.privileges import NEEDS
from tests.packaging.root import REPOSITORY, need

PACKAGING = REPOSITORY / "packaging"
PROFILES = PACKAGING / "apparmor"
UNITS = ("host-sensor-probe.service", "host-sensor-ship@.service")
BECOMING = {"chown", "fowner", "fsetid", "setgid", "setpcap", "setuid"}
"""What the plugin has until it is another user, to become that."""

WRITABLE = {
    "host-sensor": (
        *("/var/log/host-sensor/", "/sys/fs/bpf/host-sensor/", "/var/lib/sss/pipes/nss", "/run/systemd/userdb/"),
        "@{PROC}/@{pid}/oom_score_adj",
    ),
    "host-sensor-probe": (
        *("/var/cache/host-sensor/", "/sys/fs/bpf/", "/var/lib/sss/pipes/nss", "/run/systemd/userdb/"),
    ),
}


def probe_unit() -> str:
    return (PACKAGING / "systemd/host-sensor-probe.service").read_text()


def profile(name: str) -> str:
    """The rules of a profile, without comments."""
    return re.sub(r"(?m)^\s*#.*\n", "", (PROFILES / name).read_text())


def capabilities(name: str) -> set[str]:
    return set(re.findall(r"(?m)^\s*capability (.*),$", profile(name)))


def parse(path: Path) -> subprocess.CompletedProcess[str]:
    if not Path("/etc/apparmor.d/abi/3.0").exists():
        pytest.skip("needs apparmor and its abstractions")
    parser = shutil.which("apparmor_parser", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    return subprocess.run([str(parser), "--skip-kernel-load", "--skip-cache", path], capture_output=True, text=True)


@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_apparmor_takes_the_profile(name, tmp_path):
    done = parse(PROFILES / name)
    assert done.returncode == 0, done.stderr
    (tmp_path / name).write_text((PROFILES / name).read_text().replace("capability chown,", "capability fly,"))
    assert parse(tmp_path / name).returncode != 0


@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_a_profile_is_enforced_and_a_site_can_add_to_it(name):
    text = profile(name)
    assert re.search(r"\b(complain|change_profile|mount|userns|all|allow)\b(?!info)[ ,)]", text) is None
    assert f"include if exists <local/{name}>\n}}" in text
    assert set(re.findall(r"include <abstractions/(.*)>", text)) <= {"base", "openssl", "python"}


@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_a_profile_lets_little_be_written_and_nothing_be_executed(name):
    rules = re.findall(r"(?m)^\s*(?:owner )?([/@]\S+) ([a-z]+),$", profile(name))
    assert len(rules) > 10
    assert [path for path, modes in rules if "x" in modes or "m" in modes] == []
    assert [path for path, modes in rules if "w" in modes and not path.startswith(WRITABLE[name])] == []


def test_the_plugin_may_use_the_capabilities_of_the_table():
    assert capabilities("host-sensor") == BECOMING | {need.capability.lower() for need in NEEDS}


def test_the_profiles_are_those_of_the_plugin_and_of_the_unit():
    plugin = settings((PACKAGING / "auditd/host-sensor.conf").read_text())["path"]
    assert f"profile host-sensor {plugin} " in profile("host-sensor")
    bounding = re.findall(r"(?m)^CapabilityBoundingSet=(.*)$", probe_unit())
    assert {f"CAP_{name.upper()}" for name in capabilities("host-sensor-probe")} == set(bounding[0].split())
    assert "\nAppArmorProfile=-host-sensor-probe\n" in probe_unit()
    # No path: nothing but the unit is confined by it.
    assert re.search(r"(?m)^profile host-sensor-probe flags", profile("host-sensor-probe"))


def test_profiles_are_loaded_before_what_they_are_for_is_started():
    assert re.search(r"(?m)^After=.* apparmor.service$", probe_unit())
    assert re.search(r"(?m)^After=apparmor.service$", (PACKAGING / "systemd/auditd.conf").read_text())
    script = (PACKAGING / "debian/host-sensor.postinst").read_text()
    assert script.index("apparmor_parser --replace") < script.index("#DEBHELPER#")


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_the_unit_confined(unit):
    need("systemd-analyze")
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", PACKAGING / "systemd" / unit]
    done = subprocess.run(command, capture_output=True, text=True)
    if "Unknown" in done.stderr or "unrecognized" in done.stderr:
        pytest.skip("needs systemd 250 or newer")
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def verify(root: Path) -> str:
    names = [unit.replace("@.", "@central.") for unit in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"--root={root}", *names], capture_output=True, text=True
    )
    if "not supported" in done.stderr or "unrecognized" in done.stderr:
        pytest.skip("needs systemd 250 or newer")
    return done.stdout + done.stderr


def test_systemd_finds_nothing_wrong_in_the_units(tmp_path):
    """In a tree of their own, with the programs that they start."""
    need("systemd-analyze")
    environment = {**os.environ, "PYTHON": sys.executable}
    subprocess.run([PACKAGING / "install", tmp_path], check=True, env=environment)
    units = tmp_path / "usr/lib/systemd/system"
    for name in ("sysinit", "basic", "shutdown", "local-fs", "network", "multi-user"):
        (units / f"{name}.target").write_text("[Unit]\nDescription=stands for systemd's\n")
    assert verify(tmp_path) == ""
    (tmp_path / "usr/sbin/host-sensor").unlink()
    assert "not executable" in verify(tmp_path)

"""Packages left half-way or behind, denials, clocks that were set."""

from __future__ import annotations

import time

import pytest

from sensor.compiled import is_compiled
from sensor.doctor.host import CommandResult
from sensor.doctor.system import check_clock, check_confinement, check_package
from tests.doctor.examined import LEVELS, ExaminedHost, levels, wrong

DPKG = "dpkg-query -W -f ${Status} host-sensor"
AUDIT_LOG = "/var/log/audit/audit.log"
KERNEL_LOG = "journalctl -b -k -q --no-pager -n 5000 -o cat"


def packages(host: ExaminedHost) -> dict[str, str]:
    of_python = ("package.compiled", "package.modules")
    return {name: level for name, level in levels(check_package(host)).items() if name not in of_python}


def test_whether_it_runs_compiled(host: ExaminedHost) -> None:
    assert levels(check_package(host))["package.compiled"] == ("ok" if is_compiled() else "note")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (CommandResult(0, "install ok installed"), {"package.state": "ok"}),
        (CommandResult(0, "install ok unpacked"), {"package.state": "failure"}),
        (CommandResult(0, "install ok half-configured"), {"package.state": "failure"}),
        (CommandResult(0, "deinstall ok config-files"), {}),
        (CommandResult(1, "no packages found"), {}),
        (None, {}),
    ],
)
def test_the_state_of_the_package(host: ExaminedHost, answer: CommandResult | None, expected: dict[str, str]) -> None:
    host.commands.pop(DPKG)
    if answer is not None:
        host.commands[DPKG] = answer
    assert packages(host) == expected


def test_what_a_removed_package_left(host: ExaminedHost) -> None:
    host.commands.pop(DPKG)
    host.remove("/usr/sbin/host-sensor")
    host.write("/sys/fs/bpf/host-sensor/v1/ring", "")
    assert packages(host) == {"package.conffile": "warning", "package.probe": "warning"}


@pytest.mark.parametrize(
    ("profile", "level"),
    [("host-sensor (enforce)\n", "ok"), ("unconfined\n", "note"), ("host-sensor (complain)", "note")],
)
def test_apparmor(host: ExaminedHost, profile: str, level: str) -> None:
    host.write("/sys/module/apparmor/parameters/enabled", "Y\n")
    host.write("/proc/501/attr/current", profile)
    assert levels(check_confinement(host)) == {"confinement.apparmor": level}


@pytest.mark.parametrize(
    ("profile", "path", "level", "advice"),
    [
        ("host-sensor (enforce)\n", "/usr/libexec/host-sensor", "ok", ""),
        ("host-sensor (complain)\n", "/usr/libexec/host-sensor", "warning", "apparmor_parser -r"),
        ("unconfined\n", "/usr/libexec/host-sensor", "warning", "apparmor_parser -r"),
        ("unconfined\n", "/usr/sbin/host-sensor", "warning", "path = /usr/libexec/host-sensor"),
    ],
)
def test_a_profile_that_confines_nobody(host: ExaminedHost, profile: str, path: str, level: str, advice: str) -> None:
    host.write("/sys/module/apparmor/parameters/enabled", "Y\n")
    host.write("/etc/apparmor.d/host-sensor", "")
    host.write("/etc/audit/plugins.d/host-sensor.conf", f"active = yes\npath = {path}\n")
    host.write("/proc/501/attr/current", profile)
    (finding,) = check_confinement(host)
    assert (finding.name, finding.level) == ("confinement.apparmor", LEVELS[level])
    assert finding.advice.startswith(advice)


@pytest.mark.parametrize(
    ("context", "names"),
    [
        ("system_u:system_r:host_sensor_t:s0\0", ["confinement.selinux"]),
        ("system_u:system_r:auditd_t:s0\0", ["confinement.selinux", "confinement.domain"]),
    ],
)
def test_selinux(host: ExaminedHost, context: str, names: list[str]) -> None:
    host.write("/sys/fs/selinux/enforce", "1")
    host.write("/proc/501/attr/current", context)
    assert [finding.name for finding in check_confinement(host)] == names


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            'audit: type=1400 audit(1700000009.001:5): apparmor="DENIED" operation="open" profile="host-sensor"',
            {"confinement.denied": "warning"},
        ),
        ("audit(1700000000.000:1): avc:  denied  { read } for comm=host-sensor", {"confinement.denied": "warning"}),
        ('type=AVC msg=audit(1699999999.999:5): apparmor="DENIED" profile="host-sensor"', {}),  # of a former boot
        ('type=AVC msg=audit(1700000009.001:5): apparmor="DENIED" profile="other"', {}),
        ('type=AVC msg=audit(1700000009.001:5): apparmor="ALLOWED" profile="host-sensor"', {}),
        ("host-sensor started", {}),
    ],
)
@pytest.mark.parametrize("logged", [True, False])
def test_denials(host: ExaminedHost, logged: bool, line: str, expected: dict[str, str]) -> None:
    host.write("/proc/stat", "cpu 0\nbtime 1700000000\n")
    if logged:
        host.write(AUDIT_LOG, f"type=EOE msg=audit(1700000001.001:2): \n{line}\n")
    else:
        host.commands[KERNEL_LOG] = CommandResult(0, f"{line}\n")
    assert wrong(check_confinement(host)) == expected


def test_only_the_end_of_a_long_log_is_read(host: ExaminedHost) -> None:
    line = 'type=AVC msg=audit(1700000009.001:5): apparmor="DENIED" profile="host-sensor"\n'
    host.write(AUDIT_LOG, line + "x" * (1 << 20) + "\n")
    assert wrong(check_confinement(host)) == {}
    host.write(AUDIT_LOG, "x" * (1 << 20) + "\n" + line)
    assert wrong(check_confinement(host)) == {"confinement.denied": "warning"}


@pytest.mark.parametrize(
    ("booted_ago", "uptime", "expected"),
    [(1000, 1000, {}), (5000, 1000, {"clock.boot": "note"}), (0, 3600, {"clock.boot": "note"})],
)
def test_a_clock_that_was_set(host: ExaminedHost, booted_ago: int, uptime: int, expected: dict[str, str]) -> None:
    host.write("/proc/stat", f"cpu 0\nbtime {int(time.time()) - booted_ago}\n")
    host.write("/proc/uptime", f"{uptime}.00 0.00\n")
    assert wrong(check_clock(host)) == expected


def test_a_clock_that_was_never_set(host: ExaminedHost) -> None:
    host.write("/proc/stat", "btime 100\n")
    host.write("/proc/uptime", "50.00 0.00\n")
    assert wrong(check_clock(host))["clock.unset"] == "warning"


def test_a_clock_that_nobody_synchronizes(host: ExaminedHost) -> None:
    host.commands["timedatectl show -p NTPSynchronized --value"] = CommandResult(0, "no\n")
    assert wrong(check_clock(host)) == {"clock.synchronized": "note"}

"""What surrounds the sensor: its package, mandatory access control, the clock, Python's modules."""

from __future__ import annotations

import importlib.util
import re
import time
from collections.abc import Iterator

from sensor.compiled import is_compiled
from sensor.doctor.auditd import PLUGIN, is_plugin
from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.doctor.host import HostView, RunningProcess, settings

_PROGRAM = "/usr/sbin/host-sensor"
_PROFILE = "/etc/apparmor.d/host-sensor"
_AUDIT_LOG = "/var/log/audit/audit.log"
_KERNEL_LOG = ("journalctl", "-b", "-k", "-q", "--no-pager", "-n", "5000", "-o", "cat")
_STAMP = re.compile(r"audit\((\d+)\.")
_PINS = "/sys/fs/bpf/host-sensor"
_MODULES = {"yaml": FAILURE, "prometheus_client": FAILURE, "psutil": WARNING, "orjson": NOTE}
_BOOT_DRIFT = 60.0  # seconds


def check_package(host: HostView) -> Iterator[Finding]:
    """The package as dpkg or rpm sees it, and what a removed one has left."""
    answer = host.run("dpkg-query", "-W", "-f", "${Status}", "host-sensor")
    if answer is not None and answer.status == 0:
        state = answer.text.split()
        if state[-1:] == ["installed"]:
            yield Finding(OK, "package.state", "the package is installed and configured")
        elif state[-1:] != ["not-installed"] and state[-1:] != ["config-files"]:
            text = f"the package is {state[-1] if state else 'in an unknown state'}: an upgrade did not end"
            yield Finding(FAILURE, "package.state", text, "dpkg --configure -a")
    if not host.exists(_PROGRAM):
        path = settings(host.read(PLUGIN) or "").get("path")
        if path is not None and not host.exists(path):
            text = f"{PLUGIN} is left over from a removed package: auditd reports it at each start"
            yield Finding(WARNING, "package.conffile", text, "apt purge host-sensor, or remove the file")
        if host.names(_PINS):
            text = f"the probe of a removed package is still in the kernel ({_PINS})"
            yield Finding(WARNING, "package.probe", text, f"rm -r {_PINS}")
    if is_compiled():
        yield Finding(OK, "package.compiled", "the path of every event runs compiled")
    else:
        text = "the path of every event is interpreted, which takes twice the CPU time: no binary fits this Python"
        yield Finding(NOTE, "package.compiled", text, "build the package where this Python is, `make compiled` first")
    for module, level in _MODULES.items():
        if importlib.util.find_spec(module) is None:
            text = f"Python's module {module} is not installed"
            yield Finding(level, "package.modules", text, f"apt install python3-{module.replace('_', '-')}")


def check_confinement(host: HostView) -> Iterator[Finding]:
    """AppArmor or SELinux: whether the sensor is confined, and what was denied."""
    if (host.read("/sys/module/apparmor/parameters/enabled") or "").strip() == "Y":
        for process in host.processes():
            if is_plugin(process):
                yield _profile_of(host, process)
    elif (host.read("/sys/fs/selinux/enforce") or "").strip() in ("0", "1"):
        mode = "enforcing" if (host.read("/sys/fs/selinux/enforce") or "").strip() == "1" else "permissive"
        yield Finding(NOTE, "confinement.selinux", f"SELinux is {mode}")
        for process in host.processes():
            context = (host.read(f"/proc/{process.pid}/attr/current") or "unknown").strip().strip("\0")
            if is_plugin(process) and ":host_sensor_t:" not in context:
                text = f"SELinux does not confine the plugin, which is {context}"
                yield Finding(
                    NOTE, "confinement.domain", text, "dnf install host-sensor-selinux; systemctl restart auditd"
                )
    denied = _denials(host)
    if denied:
        text = f"{denied} denials for host-sensor since boot"
        advice = "ausearch -m AVC -ts boot | grep host-sensor; allow what is right in /etc/apparmor.d/local/host-sensor"
        yield Finding(WARNING, "confinement.denied", text, advice)


def _denials(host: HostView) -> int:
    """Denials of this boot, as auditd logged them, or the kernel where there is no auditd."""
    answer = host.run(*_KERNEL_LOG)
    lines = [*(answer.text if answer else "").splitlines(), *host.tail(_AUDIT_LOG).splitlines()]
    denied = [line for line in lines if "host-sensor" in line and ('"DENIED"' in line or "avc:  denied" in line)]
    boot = _boot_time(host)
    return sum(int(stamp[1]) >= boot for line in denied if (stamp := _STAMP.search(line)))


def _boot_time(host: HostView) -> int:
    """Seconds since 1970, 0 where /proc does not show it."""
    lines = (host.read("/proc/stat") or "").splitlines()
    text = next((line.split()[1] for line in lines if line.startswith("btime ")), "")
    return int(text) if text.isdecimal() else 0


def _profile_of(host: HostView, process: RunningProcess) -> Finding:
    """Whether the plugin is under the profile that its package has, as in /proc/PID/attr/current."""
    profile = (host.read(f"/proc/{process.pid}/attr/current") or "unknown").strip().strip("\0")
    if "enforce" in profile:
        return Finding(OK, "confinement.apparmor", f"AppArmor confines the plugin: {profile}")
    if not host.exists(_PROFILE):
        return Finding(NOTE, "confinement.apparmor", f"AppArmor is on, and the plugin is {profile}")
    program = settings(host.read(PLUGIN) or "").get("path")
    advice = f"apparmor_parser -r {_PROFILE} && systemctl restart auditd"
    if program == _PROGRAM:
        advice = f"path = /usr/libexec/host-sensor in {PLUGIN}, then {advice}"
    return Finding(
        WARNING, "confinement.apparmor", f"there is an AppArmor profile, and the plugin is {profile}", advice
    )


def check_rights(host: HostView) -> Iterator[Finding]:
    """Whether we may see what is there: much of audit is root's alone."""
    if not host.is_root():
        text = "this user may not see all: what is missing below may only be hidden"
        yield Finding(WARNING, "doctor.rights", text, "run doctor as root")


def check_clock(host: HostView) -> Iterator[Finding]:
    """The clock: joined events need one that is right; the boot time shows whether it was set since."""
    boot = _boot_time(host)
    uptime = (host.read("/proc/uptime") or "").split()
    if boot and uptime:
        moved = time.time() - float(uptime[0]) - boot
        if abs(moved) > _BOOT_DRIFT:
            text = f"the boot time as the kernel shows it is {abs(moved):.0f} seconds off"
            yield Finding(NOTE, "clock.boot", text, "the clock was set after boot; GUIDs do not depend on it")
        if boot < 1_000_000_000:
            text = "the clock was not set when the host booted (before 2001)"
            yield Finding(WARNING, "clock.unset", text, "set the clock, and look at the hardware clock's battery")
    answer = host.run("timedatectl", "show", "-p", "NTPSynchronized", "--value")
    if answer is not None and answer.text.strip() == "no":
        text = "the clock is not synchronized: events of several hosts cannot be put in order"
        yield Finding(NOTE, "clock.synchronized", text, "run chrony or systemd-timesyncd")

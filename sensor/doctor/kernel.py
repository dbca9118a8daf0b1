"""Whether the kernel can do what the sensor needs: audit, BPF with type information, an account of its own."""

from __future__ import annotations

import platform
from collections.abc import Iterator

from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.doctor.host import HostView

_BTF = "/sys/kernel/btf/vmlinux"
_LEAST = (5, 8)  # BPF ring buffers


def check_kernel(host: HostView, release: str = platform.release()) -> Iterator[Finding]:
    """The kernel's version and features."""
    if _version(release) < _LEAST:
        yield Finding(WARNING, "kernel.release", f"Linux {release} has no BPF ring buffer (5.8): no probe")
    else:
        yield Finding(OK, "kernel.release", f"Linux {release}")
    if host.exists(_BTF):
        yield Finding(OK, "kernel.btf", "the kernel has its type information (BTF)")
    else:
        advice = "use a kernel with CONFIG_DEBUG_INFO_BTF=y; until then identities come from /proc"
        yield Finding(WARNING, "kernel.btf", f"{_BTF} is missing: the probe cannot be compiled", advice)
    words = (host.read("/proc/cmdline") or "").split()
    if "audit=0" in words:
        advice = "remove audit=0 from the kernel's command line and reboot"
        yield Finding(FAILURE, "kernel.audit_off", "the kernel was started with audit=0", advice)
    elif "audit=1" not in words:
        advice = "add audit=1 to the kernel's command line, so that processes older than auditd are audited, too"
        yield Finding(NOTE, "kernel.audit_boot", "processes that started before auditd may not be audited", advice)
    lockdown = host.read("/sys/kernel/security/lockdown") or ""
    if "[confidentiality]" in lockdown:
        advice = "use lockdown=integrity; confidentiality forbids BPF programs to read kernel memory"
        yield Finding(WARNING, "kernel.lockdown", "kernel lockdown is in confidentiality mode: no probe", advice)


def _version(release: str) -> tuple[int, ...]:
    """(6, 12) of "6.12.48+deb13-cloud-amd64"."""
    numbers = []
    for part in release.split(".")[:2]:
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        numbers.append(int(digits or 0))
    return tuple(numbers)

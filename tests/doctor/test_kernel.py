"""Kernels that lack what the sensor needs, or were started without it."""

from __future__ import annotations

import pytest

from sensor.doctor.kernel import check_kernel
from tests.doctor.examined import ExaminedHost, levels, wrong


def test_a_kernel_that_has_all(host: ExaminedHost) -> None:
    assert levels(check_kernel(host)) == {"kernel.release": "ok", "kernel.btf": "ok"}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("/proc/cmdline", "quiet audit=0", {"kernel.audit_off": "failure"}),
        ("/proc/cmdline", "quiet", {"kernel.audit_boot": "note"}),
        ("/sys/kernel/security/lockdown", "none integrity [confidentiality]", {"kernel.lockdown": "warning"}),
        ("/sys/kernel/security/lockdown", "none [integrity] confidentiality", {}),
    ],
)
def test_a_kernel_started_otherwise(host: ExaminedHost, name: str, text: str, expected: dict[str, str]) -> None:
    host.write(name, text)
    assert wrong(check_kernel(host)) == expected


def test_a_kernel_without_types(host: ExaminedHost) -> None:
    host.remove("/sys/kernel/btf/vmlinux")
    assert wrong(check_kernel(host)) == {"kernel.btf": "warning"}


@pytest.mark.parametrize(
    ("release", "level"),
    [("5.7.19", "warning"), ("5.8.0-rc1", "ok"), ("6.12.48+deb13-cloud-amd64", "ok"), ("4.18.0-553.el8", "warning")],
)
def test_the_release(host: ExaminedHost, release: str, level: str) -> None:
    assert levels(check_kernel(host, release))["kernel.release"] == level

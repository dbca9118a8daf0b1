"""The kernel's audit in each state that loses records, or gives them to somebody else."""

from __future__ import annotations

import errno
from dataclasses import replace

import pytest

from sensor.doctor.audit import check_audit
from sensor.doctor.host import CommandResult, RunningProcess
from sensor.loss.audit_status import AuditStatus
from tests.doctor.examined import ExaminedHost, levels, wrong

HEALTHY = AuditStatus(enabled=1, failure=1, pid=500, rate_limit=0, backlog_limit=8192, lost=0, backlog=3)


def test_a_healthy_audit(host: ExaminedHost) -> None:
    assert levels(check_audit(host, HEALTHY)) == {"audit.enabled": "ok", "audit.owner": "ok", "audit.lost": "ok"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"enabled": 0}, {"audit.enabled": "failure"}),
        ({"enabled": 2}, {"audit.enabled": "note"}),
        ({"failure": 2}, {"audit.failure_mode": "warning"}),
        ({"rate_limit": 100}, {"audit.rate_limit": "warning"}),
        ({"pid": 0}, {"audit.owner": "failure"}),
        ({"pid": 700}, {"audit.owner": "failure"}),
        ({"backlog_limit": 64}, {"audit.backlog_limit": "warning"}),
        ({"backlog": 5000}, {"audit.backlog": "warning"}),
        ({"lost": 1}, {"audit.lost": "warning"}),
    ],
)
def test_an_audit_that_is_not(host: ExaminedHost, changes: dict[str, int], expected: dict[str, str]) -> None:
    host.running.append(RunningProcess(700, 1, "osqueryd", ("osqueryd",), 3.0))
    assert wrong(check_audit(host, replace(HEALTHY, **changes))) == expected


def test_journald_reads_along(host: ExaminedHost) -> None:
    host.commands["systemctl is-active systemd-journald-audit.socket"] = CommandResult(0, "active\n")
    assert wrong(check_audit(host, HEALTHY)) == {"audit.journald": "warning"}


def test_no_permission_to_ask(host: ExaminedHost) -> None:
    assert wrong(check_audit(host, OSError(errno.EPERM, "Operation not permitted"))) == {"audit.status": "note"}

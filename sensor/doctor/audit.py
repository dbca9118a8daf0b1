"""The kernel's audit: on, owned by auditd, with room in its backlog, and with nothing lost."""

from __future__ import annotations

from collections.abc import Iterator

from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.doctor.host import HostView
from sensor.loss.audit_status import AuditStatus, KernelAudit

BACKLOG = 8192
"""Records: the least that the shipped rules recommend."""
_JOURNAL_SOCKET = "systemd-journald-audit.socket"
_TIMEOUT = 2.0


def status() -> AuditStatus | OSError:
    """The kernel's account of audit, or why it cannot be had."""
    try:
        kernel = KernelAudit()
    except OSError as error:
        return error
    try:
        return kernel.ask(_TIMEOUT)
    except OSError as error:
        return error
    finally:
        kernel.close()


def check_audit(host: HostView, found: AuditStatus | OSError) -> Iterator[Finding]:
    """What AUDIT_GET shows, and who else listens."""
    if isinstance(found, OSError):
        advice = "run doctor as root, on the host and not in a container"
        yield Finding(NOTE, "audit.status", f"the kernel does not show its audit status: {found.strerror}", advice)
    else:
        yield from _switches(found)
        yield from _owner(host, found)
        yield from _backlog(found)
    journal = host.run("systemctl", "is-active", _JOURNAL_SOCKET)
    if journal and journal.text.split() == ["active"]:
        advice = f"systemctl disable --now {_JOURNAL_SOCKET} && systemctl restart systemd-journald"
        text = "journald also reads the audit stream: each record is handled twice"
        yield Finding(WARNING, "audit.journald", text, advice)


def _switches(found: AuditStatus) -> Iterator[Finding]:
    if found.enabled == 0:
        yield Finding(FAILURE, "audit.enabled", "auditing is off", "auditctl -e 1")
    elif found.enabled == 2:
        yield Finding(NOTE, "audit.enabled", "auditing is on, and immutable until the next boot: rules cannot change")
    else:
        yield Finding(OK, "audit.enabled", "auditing is on")
    if found.failure == 2:
        text = "failure mode 2: the kernel panics when a record is lost"
        yield Finding(WARNING, "audit.failure_mode", text, "auditctl -f 1, unless a policy demands the panic")
    if found.rate_limit:
        text = f"the kernel drops what exceeds {found.rate_limit} records a second"
        yield Finding(WARNING, "audit.rate_limit", text, "auditctl -r 0; and remove -r from the audit rules")


def _owner(host: HostView, found: AuditStatus) -> Iterator[Finding]:
    if found.pid == 0:
        text = "no daemon receives the audit records"
        yield Finding(FAILURE, "audit.owner", text, "systemctl start auditd")
        return
    owner = next((process for process in host.processes() if process.pid == found.pid), None)
    if owner is None or owner.name == "auditd":
        yield Finding(OK, "audit.owner", f"auditd (pid {found.pid}) receives the audit records")
    else:
        text = f"{owner.name} (pid {found.pid}) receives the audit records instead of auditd"
        yield Finding(FAILURE, "audit.owner", text, f"stop {owner.name}, then systemctl restart auditd")


def _backlog(found: AuditStatus) -> Iterator[Finding]:
    if found.backlog_limit < BACKLOG:
        text = f"the kernel's backlog holds {found.backlog_limit} records"
        advice = f"auditctl -b {BACKLOG}; and -b {BACKLOG} in the audit rules"
        yield Finding(WARNING, "audit.backlog_limit", text, advice)
    if found.backlog_limit and found.backlog * 2 > found.backlog_limit:
        text = f"{found.backlog} of {found.backlog_limit} places in the kernel's backlog are taken"
        yield Finding(WARNING, "audit.backlog", text, "find what floods audit: host-sensor top LOG")
    if found.lost:
        text = f"the kernel lost {found.lost} records since boot, or since somebody reset the counter"
        advice = "raise the backlog (-b) and auditd's q_depth, or audit less; auditctl --reset-lost begins anew"
        yield Finding(WARNING, "audit.lost", text, advice)
    else:
        yield Finding(OK, "audit.lost", "the kernel lost no record")

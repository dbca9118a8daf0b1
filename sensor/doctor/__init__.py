"""`host-sensor doctor`: what is right and what is wrong with this host's audit, each finding with what to do.

One file for each thing that is examined; a check yields findings, changes nothing and never raises. Only the test
event (`chain`) leaves a trace: one line in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from sensor.config import Config
from sensor.doctor.audit import check_audit, status
from sensor.doctor.auditd import check_auditd
from sensor.doctor.chain import check_chain
from sensor.doctor.configuration import check_configuration
from sensor.doctor.finding import FAILURE, NOTE, WARNING, Finding
from sensor.doctor.host import HostView
from sensor.doctor.kernel import check_kernel
from sensor.doctor.log import check_log
from sensor.doctor.metrics import check_metrics
from sensor.doctor.probe import check_probe
from sensor.doctor.rules import check_rules
from sensor.doctor.ship import check_ship
from sensor.doctor.system import check_clock, check_confinement, check_package, check_rights

log = logging.getLogger(__name__)


def examine(host: HostView, config: Config, path: str, test_event: bool = True) -> Iterator[Finding]:
    """Every finding, in the order of an event: from the kernel to the log. `path` is the configuration's."""
    checks = [
        check_rights(host),
        check_kernel(host),
        check_audit(host, status()),
        check_rules(host),
        check_auditd(host),
        check_package(host),
        check_configuration(host, config, path),
        check_probe(host, config),
        check_log(host, config),
        check_metrics(config),
        check_ship(host),
        check_confinement(host),
        check_clock(host),
    ]
    if test_event:
        checks.append(check_chain(host, config))
    for check in checks:
        yield from _guarded(check)


def _guarded(check: Iterator[Finding]) -> Iterator[Finding]:
    """A check that fails in an unexpected way is a finding; the others go on."""
    try:
        yield from check
    except Exception as error:
        log.debug("doctor", exc_info=True)
        yield Finding(NOTE, "doctor.error", f"a check failed: {type(error).__name__}: {error}", "please report this")


def worst(findings: list[Finding], strict: bool) -> int:
    """The exit status: 1 where something fails, with `strict` also where a warning is."""
    bad = {FAILURE, WARNING} if strict else {FAILURE}
    return int(any(finding.level in bad for finding in findings))

"""The kernel's account in the counters: resets, owners, a kernel that does not answer."""

from __future__ import annotations

import errno
import logging
from dataclasses import replace

import pytest

from sensor.loss.audit_status import UNKNOWN, AuditStatus
from sensor.loss.kernel import KernelWatch
from sensor.stats import KernelStats

STATUS = AuditStatus(1, 1, 500, 0, 8192, 0, 3, 15000, 0)


class Kernel:
    """Answers what it is given, a second later, as the real one does."""

    def __init__(self, *answers: AuditStatus | None) -> None:
        self.answers = list(answers)
        self.asked = 0

    def request(self) -> None:
        self.asked += 1

    def close(self) -> None:
        self.answers = []

    def receive(self) -> AuditStatus | None:
        return self.answers.pop(0) if self.asked and self.answers else None


def watched(*answers: AuditStatus | None) -> KernelStats:
    stats = KernelStats()
    watch = KernelWatch(stats, lambda: Kernel(*answers), tick=0.004)
    for _ in range(len(answers) + 1):
        watch.every_second()
    return stats


def test_every_field_of_the_status() -> None:
    stats = watched(replace(STATUS, enabled=2, failure=2, rate_limit=7))
    assert (stats.readable, stats.enabled, stats.failure_mode, stats.owner_pid) == (1, 2, 2, 500)
    assert (stats.rate_limit, stats.backlog, stats.backlog_limit) == (7, 3, 8192)


@pytest.mark.parametrize(
    ("values", "expected"),
    [((5,), 0), ((5, 5, 9), 4), ((5, 9, 0, 2), 6), ((0, 100), 100)],
)
def test_lost_records_since_the_start(values: tuple[int, ...], expected: int) -> None:
    assert watched(*(replace(STATUS, lost=value) for value in values)).lost == expected


def test_time_that_processes_waited() -> None:
    assert watched(STATUS, replace(STATUS, backlog_wait_time_actual=250)).waited == pytest.approx(1.0)
    assert watched(*[replace(STATUS, backlog_wait_time_actual=UNKNOWN)] * 2).waited == 0


@pytest.mark.parametrize(("pids", "expected"), [((500, 500), 0), ((500, 0, 600), 2), ((0,), 0)])
def test_changes_of_the_owner(pids: tuple[int, ...], expected: int) -> None:
    assert watched(*(replace(STATUS, pid=pid) for pid in pids)).owner_changes == expected


def test_an_answer_that_has_not_come_is_not_waited_for() -> None:
    assert watched(None, STATUS).readable == 1


def test_a_kernel_that_refuses_is_asked_once_and_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    class Refusing(Kernel):
        def request(self) -> None:
            super().request()
            raise OSError(errno.EPERM, "Operation not permitted")

    kernel, stats = Refusing(), KernelStats()
    watch = KernelWatch(stats, lambda: kernel)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            watch.every_second()
    assert (kernel.asked, stats.readable, len(caplog.records)) == (1, 0, 1)


def test_no_socket_is_opened_before_it_is_needed_and_none_stays() -> None:
    opened: list[Kernel] = []
    watch = KernelWatch(KernelStats(), lambda: opened.append(Kernel(STATUS)) or opened[-1])
    watch.close()
    assert not opened
    watch.every_second()
    watch.close()
    assert [kernel.answers for kernel in opened] == [[]]


def test_no_socket_at_all_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    def refuse() -> Kernel:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported")

    stats = KernelStats()
    watch = KernelWatch(stats, refuse)
    for _ in range(3):
        watch.every_second()
    assert (stats.readable, len(caplog.records)) == (0, 1)

"""The kernel's account of audit: its structure in every length, a real kernel's answer, counters that are reset."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys

import pytest

from sensor.loss.audit_status import UNKNOWN, AuditStatus, KernelAudit, ResettableCounter

NUMBERS = (0, 1, 2, 1234, 5, 8192, 17, 3, 0x7F, 60000, 42)


@pytest.mark.parametrize(
    ("count", "wait_time", "actual"),
    [(8, UNKNOWN, UNKNOWN), (9, UNKNOWN, UNKNOWN), (10, 60000, UNKNOWN), (11, 60000, 42)],
)
def test_a_status_of_any_kernel(count: int, wait_time: int, actual: int) -> None:
    status = AuditStatus.parse(struct.pack(f"={count}I", *NUMBERS[:count]))
    assert status == AuditStatus(1, 2, 1234, 5, 8192, 17, 3, wait_time, actual)


def test_a_later_kernel_may_add_fields() -> None:
    assert AuditStatus.parse(struct.pack("=13I", *NUMBERS, 1, 2) + b"\1").backlog_wait_time_actual == 42


def test_too_short_a_status_is_an_error() -> None:
    with pytest.raises(ValueError, match="28 bytes"):
        AuditStatus.parse(bytes(28))


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ([], 0),
        ([100], 0),
        ([0, 3, 3, 10], 10),
        ([100, 130], 30),
        ([100, 130, 0, 7], 37),  # reset, then counted on
        ([100, 130, 5], 35),  # reset between two readings
        ([0xFFFFFFFF, 4], 4),
    ],
)
def test_a_counter_that_is_reset_never_falls(values: list[int], total: int) -> None:
    counter = ResettableCounter()
    added = [counter.update(value) for value in values]
    assert counter.total == sum(added) == total
    assert all(number >= 0 for number in added)


@pytest.mark.live
def test_the_kernel_answers_what_auditctl_shows() -> None:
    kernel = KernelAudit()
    try:
        status = kernel.ask(5)
    finally:
        kernel.close()
    shown = dict(line.split()[:2] for line in subprocess.check_output(["auditctl", "-s"], text=True).splitlines())
    assert (str(status.failure), str(status.backlog_limit), str(status.rate_limit)) == (
        shown["failure"],
        shown["backlog_limit"],
        shown["rate_limit"],
    )
    assert 0 <= status.lost <= int(shown["lost"])


@pytest.mark.live
def test_no_answer_is_waited_for() -> None:
    kernel = KernelAudit()
    try:
        assert kernel.receive() is None
    finally:
        kernel.close()


@pytest.mark.root
def test_who_may_not_ask_is_refused() -> None:
    code = (
        "import os; os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)\n"
        "from sensor.loss.audit_status import KernelAudit\n"
        "try: KernelAudit().ask(5)\n"
        "except OSError as error: print(error.errno)"
    )
    root = os.path.dirname(os.path.dirname(__file__))
    # A login user may not be able to enter the checkout: the modules are read before.
    preloaded = "import sensor.loss.audit_status\n" + code
    done = subprocess.run([sys.executable, "-c", preloaded], capture_output=True, text=True, cwd=root)
    assert done.stdout.split() in ([str(errno.EPERM)], [str(errno.ECONNREFUSED)]), done.stderr

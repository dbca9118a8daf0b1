"""The process that asks the kernel: it holds nothing of ours, keeps one capability, and ends with its reader."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sensor.daemon.kernel_audit import AuditStatusProcess
from tests.support.audit_session import audit_status, wait_until

AUDIT_CONTROL = 1 << 30


def children() -> set[int]:
    """Processes in our process group that are not ours: the child has left for pid 1, or whoever reaps here."""
    group, found = os.getpgrp(), set()
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdigit() else []
        except OSError:
            continue
        if fields and int(fields[2]) == group and fields[0] not in "ZX":
            found.add(int(entry.name))
    return found


def until_it_fails(source: AuditStatusProcess) -> None:
    """What the child sent before it ended comes first."""
    while True:
        source.receive()


@pytest.mark.root
@pytest.mark.live
def test_the_child() -> None:
    before = children()
    secret = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(secret, True)
    source = AuditStatusProcess()
    try:
        status = None
        deadline = time.monotonic() + 10
        while status is None and time.monotonic() < deadline:
            status = source.receive()
            time.sleep(0.05)
        assert status is not None
        assert status.backlog_limit == audit_status()["backlog_limit"]

        (pid,) = children() - before
        fields = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        for kind in ("CapPrm", "CapEff", "CapBnd"):
            assert int(fields[kind], 16) & ~AUDIT_CONTROL == 0, kind
        assert fields["Uid"].split()[0] != "0"
        assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
        links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
        assert sorted(link.partition(":")[0] for link in links) == ["pipe", "socket"]
        os.kill(pid, 15)  # as a service manager does to all processes of a unit
    finally:
        source.close()
        os.close(secret)
    wait_until(lambda: children() == before, 10, "the child to end with its reader")


@pytest.mark.root
@pytest.mark.live
def test_a_child_that_has_ended_is_an_error() -> None:
    before = children()
    source = AuditStatusProcess()
    try:
        wait_until(lambda: bool(children() - before), 10, "the child")
        (pid,) = children() - before
        os.kill(pid, 9)
        wait_until(lambda: children() == before, 10, "its end")
        with pytest.raises(OSError, match="ended"):
            until_it_fails(source)
    finally:
        source.close()

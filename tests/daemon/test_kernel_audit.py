"""The process that asks the kernel: it holds nothing of ours, keeps one capability, and ends with its reader."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from sensor.daemon.kernel_audit import AuditStatusProcess
from sensor.loss.audit_status import AuditStatus
from tests.support.audit_session import audit_status, wait_until

AUDIT_CONTROL = 1 << 30


def pipes() -> set[str]:
    """The pipes that this process holds an end of, as `pipe:[4711]`."""
    links = set()
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            links.add(os.readlink(f"/proc/self/fd/{name}"))
    return {link for link in links if link.startswith("pipe:")}


def holders(pipe: str) -> set[int]:
    """The other processes that hold an end of a pipe."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if any(os.readlink(link) == pipe for link in (entry / "fd").iterdir()):
                found.add(int(entry.name))
    return found


def until_it_fails(source: AuditStatusProcess) -> None:
    """What the child sent before it ended comes first."""
    while True:
        source.receive()


@pytest.mark.root
@pytest.mark.live
def test_the_child(tmp_path: Path) -> None:
    secret = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(secret, True)
    before = pipes()
    source = AuditStatusProcess()
    (pipe,) = pipes() - before
    try:
        wait_until(lambda: holders(pipe) != set(), 10, "the child")
        statuses: list[AuditStatus] = []
        wait_until(lambda: statuses.append(source.receive()) or statuses[-1] is not None, 10, "its answer")
        assert statuses[-1].backlog_limit == audit_status()["backlog_limit"]

        (pid,) = holders(pipe)
        fields = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        for kind in ("CapPrm", "CapEff", "CapBnd"):
            assert int(fields[kind], 16) & ~AUDIT_CONTROL == 0, kind
        assert fields["Uid"].split()[0] != "0"
        assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
        links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
        assert sorted(link.partition(":")[0] for link in links) == ["pipe", "socket"]
        os.kill(pid, 15)  # as a service manager does to all processes of a unit
        assert holders(pipe) == {pid}
    finally:
        source.close()
        os.close(secret)
    wait_until(lambda: not holders(pipe), 10, "the child to end with its reader")


@pytest.mark.root
@pytest.mark.live
def test_a_child_that_has_ended_is_an_error() -> None:
    before = pipes()
    source = AuditStatusProcess()
    (pipe,) = pipes() - before
    try:
        wait_until(lambda: holders(pipe) != set(), 10, "the child")
        (pid,) = holders(pipe)
        os.kill(pid, 9)
        wait_until(lambda: not holders(pipe), 10, "its end")
        with pytest.raises(OSError, match="ended"):
            until_it_fails(source)
    finally:
        source.close()

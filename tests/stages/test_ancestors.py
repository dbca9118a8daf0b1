"""ANCESTORS: the line of a process that executes, as far as it is asked for and known."""

from __future__ import annotations

import pytest

from sensor.process.program import Key
from sensor.stages.ancestors import Ancestors
from tests.support.fake_host import BOOTED, NOW, FakeHost, event, exec_event, syscall
from tests.support.observations import process_start

NAMESPACE = 4026531836
BASH = "/usr/bin/bash"


@pytest.fixture
def host(tmp_path):
    """init ← sshd ← bash ← the process that executes."""
    host = FakeHost(tmp_path)
    for pid, ppid, exe in ((1, 0, "/sbin/init"), (10, 1, "/usr/sbin/sshd"), (20, 10, BASH), (30, 20, BASH)):
        host.process(pid, ppid, exe, start=pid * 100)
    return host


def run(host, *events, count=8, prefix=""):
    ancestors = Ancestors(count, lambda _: host.table, host.proc.host(BOOTED))
    return [line["SYSCALL"] for line in host.run([host.identity(), ancestors.stage], *events, prefix=prefix)]


def known(host):
    """Let the table learn of all, as it does of whoever makes events."""
    table = host.table
    for pid in (1, 10, 20, 30):
        table.find(pid, NOW)
    return exec_event(30, 20, "/usr/bin/ls", ["ls"])


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, ["bash"]), (2, ["bash", "sshd"]), (3, ["bash", "sshd", "init"]), (99, ["bash", "sshd", "init"])],
)
def test_they_are_reported_nearest_first(host, count, expected):
    (call,) = run(host, known(host), count=count)
    assert [ancestor["comm"] for ancestor in call["ANCESTORS"]] == expected
    assert call["ANCESTORS"][0]["GUID"] == call["PPID"]["GUID"]
    assert len({ancestor["GUID"] for ancestor in call["ANCESTORS"]} | {call["PID"]["GUID"]}) == len(expected) + 1


def test_the_line_ends_where_nobody_knows_more(host):
    host.end(10)
    (call,) = run(host, exec_event(30, 20, "/usr/bin/ls", ["ls"]))
    assert [ancestor["comm"] for ancestor in call["ANCESTORS"]] == ["bash"]


def test_the_probe_knows_those_who_are_dead(host):
    """A daemon's parents: each forked and ended. What adopted the process is its parent now."""
    keys = {pid: Key(NAMESPACE, pid * 100, pid) for pid in (1, 10, 20, 30)}
    for pid, parent in ((1, 0), (10, 1), (20, 10), (30, 20)):
        birth = parent, keys.get(parent, Key(0, 0, 0))
        host.table.born(process_start(pid, keys[pid], float(pid), f"p{pid}", birth, birth))
    for pid in (10, 20):
        host.table.ended(pid, keys[pid], 500)
    before, after = run(
        host, exec_event(30, 20, BASH, ["a"]).replace(f"{NOW:.0f}", f"{BOOTED + 400}"), exec_event(30, 1, BASH, ["b"])
    )
    assert [ancestor["comm"] for ancestor in before["ANCESTORS"]] == ["p20", "p10", "p1"]
    assert [ancestor["comm"] for ancestor in after["ANCESTORS"]] == ["p1"]


def test_a_parent_without_a_start_has_no_guid(host):
    host.end(20)
    events = exec_event(20, 10, BASH, ["bash"]), exec_event(30, 20, "/usr/bin/ls", ["ls"])
    assert run(host, *events)[1]["ANCESTORS"][0] == {"GUID": None, "comm": "bash"}


@pytest.mark.parametrize(
    "other",
    [
        event(syscall(30, 20, BASH)),
        event(syscall(30, 20, BASH, 59, success="no"), 'EXECVE argc=1 a0="ls"'),
        event("USER_ACCT pid=30 uid=0"),
    ],
    ids=["no-exec", "failed", "no-call"],
)
def test_only_execs_show_them(host, other):
    ancestors = Ancestors(8, lambda _: host.table, host.proc.host(BOOTED))
    (line,) = host.run([host.identity(), ancestors.stage], other)
    assert "ANCESTORS" not in line.get("SYSCALL", {})


def test_the_key_bears_the_prefix(host):
    (call,) = run(host, known(host), prefix="x_", count=1)
    assert [ancestor["comm"] for ancestor in call["x_ancestors"]] == ["bash"]


def test_a_circle_is_gone_round_once(host):
    """No kernel makes one; records that lie may."""
    first, second = exec_event(40, 50, BASH, ["a"]), exec_event(50, 40, BASH, ["b"])
    last = run(host, first, second, exec_event(40, 50, "/bin/c", ["c"]))[-1]
    assert len(last["ANCESTORS"]) <= 2

"""UID_GROUPS names the groups of this host's users, and a database that hangs costs nothing but the names."""

from __future__ import annotations

import grp
import os
import pwd
import threading
import time

import pytest

from sensor.stages.groups import Groups, group_list, groups_of
from tests.support.fake_host import BOOTED, FakeHost, event, syscall


@pytest.fixture
def host(tmp_path):
    return FakeHost(tmp_path)


@pytest.fixture
def run(host):
    known = {0: ["root"], 7: ["a\xe4", "#4242"], 8: []}
    stage = Groups(host.proc.host(BOOTED), known.__getitem__).stage
    return lambda *events, prefix="": host.run([stage], *events, prefix=prefix)


def reported(run, text, **options):
    """What is reported in the end."""
    for _ in range(200):
        (line,) = run(text, **options)
        if any("groups" in key.lower() for key in line.get("SYSCALL", {})):
            break
        time.sleep(0.005)
    return line.get("SYSCALL", {})


@pytest.mark.parametrize(("uid", "expected"), [(0, ["root"]), (7, ["a%e4", "#4242"])])
def test_groups_are_reported(run, uid, expected):
    assert reported(run, event(syscall(42, 1, "/bin/sh", uid=uid)))["UID_GROUPS"] == expected


def test_the_key_bears_the_prefix(run):
    assert reported(run, event(syscall(42, 1, "/bin/sh")), prefix="x_")["x_uid_groups"] == ["root"]


@pytest.mark.parametrize(
    "text",
    [
        event(syscall(42, 1, "/bin/sh", uid=8)),
        event(syscall(42, 1, "/bin/sh", uid="(null)")),
        event("USER_ACCT pid=1 uid=0"),
        event(syscall(42, 1, "/bin/sh")).replace("type=", "node=elsewhere type="),
        event(syscall(42, 1, "/bin/sh"), time=BOOTED - 5.0),
    ],
)
def test_of_others_nothing_is_reported(run, text):
    (line,) = run(text)
    assert "UID_GROUPS" not in line.get("SYSCALL", {})


def test_this_hosts_name_is_known(run):
    text = event(syscall(42, 1, "/bin/sh")).replace("type=", "node=web01 type=")
    assert reported(run, text)["UID_GROUPS"] == ["root"]


def test_a_database_that_hangs_stops_nothing(host):
    gate = threading.Event()
    stage = Groups(host.proc.host(BOOTED), lambda _: [str(gate.wait(30))]).stage
    start = time.monotonic()
    lines = host.run([stage], *[event(syscall(42, 1, "/bin/sh", uid=uid)) for uid in range(500)])
    took = time.monotonic() - start
    gate.set()
    assert len(lines) == 500
    assert took < 3.0


def test_the_real_database_is_read():
    user = pwd.getpwuid(os.getuid())
    assert groups_of(user.pw_uid)[0] == grp.getgrgid(user.pw_gid).gr_name
    assert groups_of(4294967294) == []
    assert groups_of(1 << 70) == []


@pytest.mark.parametrize("user", ["root", "nobody", "nobody-of-that-name"])
def test_the_groups_are_those_that_python_finds(user):
    assert group_list(user, 7) == os.getgrouplist(user, 7)

"""What PID says of a root: nothing of the host's and of what nobody knows, and what is known of another."""

from __future__ import annotations

import pytest

from sensor.process.host_paths import HostPaths
from sensor.process.roots import HOST, Root
from sensor.stages.root import Roots
from tests.support.fake_host import FakeHost, event, exec_event, syscall

JAIL = {"path": "/tmp/jail", "mount_namespace": 4026531832}


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ({}, None),
        (None, None),
        ({"root": "/tmp/jail"}, JAIL),
        ({"root": '/tmp/"\u202e'}, {"path": '/tmp/"\u202e', "mount_namespace": 4026531832}),
        ({"mounts": 4026532177}, {"path": "/", "mount_namespace": 4026532177}),
        ({"users": 7}, {"path": "/", "mount_namespace": 4026531832, "user_namespace": "other"}),
        ({"root": "/tmp/jail", "users": 7}, {**JAIL, "user_namespace": "other"}),
    ],
)
def test_what_proc_shows(tmp_path, view, expected):
    host = FakeHost(tmp_path)
    host.process(100, 1, "/usr/bin/bash")
    host.view(1)
    if view is not None:
        host.view(100, **view)
    stage = host.identity(Roots(HostPaths(host.table, host.proc)).describe)
    (line,) = host.run([stage], event(syscall(100, 1, "/usr/bin/bash")))
    assert line["SYSCALL"]["PID"].get("root") == expected


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (HOST, {}),
        (Root(0), {"root": {}}),
        (Root(7), {"root": {"mount_namespace": 7}}),
        (Root(7, users=True), {"root": {"mount_namespace": 7, "user_namespace": "other"}}),
    ],
)
def test_what_the_probe_shows(tmp_path, root, expected):
    host = FakeHost(tmp_path)
    stage = host.identity()
    host.run([stage], exec_event(100, 1, "/gone", ["gone"]))
    process = host.table.current(100)
    process.found_in(root)
    assert Roots(HostPaths(host.table, host.proc)).describe(process) == expected


def test_an_image_with_a_new_name_and_no_exec_is_looked_at_again(tmp_path):
    """/tmp/jail/cron calls chroot(2): its image is /cron from then on."""
    host = FakeHost(tmp_path)
    host.process(100, 1, "/tmp/jail/cron")
    host.view(1)
    host.view(100)
    stage = host.identity(Roots(HostPaths(host.table, host.proc)).describe)
    (line,) = host.run([stage], event(syscall(100, 1, "/tmp/jail/cron")))
    assert "root" not in line["SYSCALL"]["PID"]
    host.view(100, root="/tmp/jail")
    (line,) = host.run([stage], event(syscall(100, 1, "/cron")))
    assert line["SYSCALL"]["PID"]["root"] == JAIL

"""Every runtime's and systemd's way of naming control groups, in both versions, nested, deleted and made up."""

from __future__ import annotations

import time

import pytest

from sensor.process.cgroup import Cgroup, Container, parse_cgroup

A, B = "3f" * 32, "9b" * 32
POD = "0f3a1c2d-1111-2222-3333-444455556666"
TASK = "0123456789abcdef0123456789abcdef-1234567890"


@pytest.mark.parametrize(
    ("path", "id", "runtime"),
    [
        (f"/system.slice/docker-{A}.scope", A, "docker"),
        (f"/docker/{A}", A, "docker"),
        (f"/docker/{A} (deleted)", A, "docker"),
        (f"/actions_job/{A}", A, "docker"),
        (f"/machine.slice/libpod-{A}.scope/container", A, "podman"),
        (f"/libpod_parent/libpod-{A}", A, "podman"),
        (f"/system.slice/web.service/libpod-payload-{A}", A, "podman"),
        (f"/kubepods.slice/kubepods-besteffort.slice/cri-containerd-{A}.scope", A, "containerd"),
        (f"/system.slice/nerdctl-{A}.scope", A, "containerd"),
        (f"/kubepods.slice/crio-{A}.scope", A, "cri-o"),
        (f"/k8s.io/{A}", A, "containerd"),
        (f"/../../kubepods/besteffort/pod{POD}/{A}", A, None),
        (f"/ecs/8f0a/{TASK}", TASK, None),
        ("/lxc.payload.web-1/system.slice/nginx.service", "web-1", "lxc"),
        ("/lxc/web-1", "web-1", "lxc"),
        (r"/machine.slice/machine-debian\x2dtree.scope/payload", "debian-tree", "systemd-nspawn"),
        ("/machine.slice/systemd-nspawn@build.service/payload", "build", "systemd-nspawn"),
    ],
)
def test_containers_are_known_by_their_group(path, id, runtime):
    assert parse_cgroup(f"0::{path}\n").containers[-1] == Container(id, runtime)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/system.slice/ssh.service",
        f"/machine.slice/libpod-conmon-{A}.scope",
        f"/kubepods.slice/crio-conmon-{A}.scope",
        "/lxc.monitor.web-1",
        "/machine.slice/systemd-nspawn@build.service/supervisor",
        r"/machine.slice/machine-qemu\x2d1\x2dvm.scope",
        f"/docker/{A[:-1]}",
        f"/docker/{A}0",
        f"/docker/{A.upper()}",
        f"/docker/x{A}",
    ],
)
def test_what_is_no_container_is_not_taken_for_one(path):
    assert parse_cgroup(f"0::{path}\n").containers == ()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/system.slice/ssh.service", (("ssh",), None, "system", None)),
        ("/user.slice/user-1000.slice/session-3.scope", ((), "session-3", "user-1000", None)),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/emacs.service",
            (("user@1000", "emacs"), None, "app", "emacs.service"),
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/run-7.scope",
            (("user@1000",), "run-7", "app", "run-7.scope"),
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/init.scope",
            (("user@1000",), "init", "user-1000", "init.scope"),
        ),
        ("/init.scope", ((), "init", None, None)),
        ("/", ((), None, None, None)),
    ],
)
def test_units_are_those_on_the_path(path, expected):
    cgroup = parse_cgroup(f"0::{path}\n")
    assert (cgroup.services, cgroup.scope, cgroup.slice, cgroup.user_unit) == expected
    assert [name.rpartition("/")[2] for name in cgroup.units] == [name for name in path.split("/") if "." in name]


MANAGER = "/user.slice/user-1000.slice/user@1000.service"


@pytest.mark.parametrize(
    ("path", "user", "runtime"),
    [
        (f"{MANAGER}/user.slice/libpod-{A}.scope/container", "1000", "podman"),
        (f"{MANAGER}/app.slice/docker-{A}.scope", "1000", "docker"),
        (f"{MANAGER}/user.slice/nerdctl-{A}.scope", "1000", "containerd"),
        (f"/user.slice/user-1000.slice/session-3.scope/libpod-{A}", "1000", "podman"),
        (f"/a.slice/user@alice.service/docker-{A}.scope", "alice", "docker"),
        (f"{MANAGER}/user@0.service/libpod-{A}.scope", "1000", "podman"),
        (f"{MANAGER}/system.slice/docker-{A}.scope", "1000", "docker"),
        (f"/user.slice/user-0.slice/user@0.service/user.slice/libpod-{A}.scope", None, "podman"),
        (f"/capsule.slice/capsule@web.service/app.slice/docker-{A}.scope", "c-web", "docker"),
        (f"/capsule.slice/capsule@root.service/libpod-{A}.scope", "c-root", "podman"),
    ],
)
def test_a_container_below_a_users_manager_is_that_users(path, user, runtime):
    assert parse_cgroup(f"0::{path}\n").containers == (Container(A, runtime, user),)


@pytest.mark.parametrize(
    "name",
    [
        "machine-web.scope",
        "lxc.payload.web",
        "lxc/web",
        "systemd-nspawn@web.service",
        f"kubepods/pod{POD}/{A}",
        f"cri-containerd_{A}",
        f"crio-{A}.scope",
        f"x/{A}",
    ],
)
def test_what_runtimes_of_users_do_not_make_is_no_container(name):
    assert parse_cgroup(f"0::{MANAGER}/app.slice/{name}\n").containers == ()


@pytest.mark.parametrize(
    ("path", "units"),
    [
        ("/system.slice/cron.service", ["system.slice", "cron.service"]),
        ("/a.slice/a-b.slice/x.scope", ["a.slice", "a-b.slice", "x.scope"]),
        (
            f"{MANAGER}/app.slice/cron.service",
            [
                *("user.slice", "user-1000.slice", "user@1000.service"),
                *("user@1000.service/app.slice", "user@1000.service/cron.service"),
            ],
        ),
        (
            f"{MANAGER}/user@0.service/cron.service",
            [
                *("user.slice", "user-1000.slice", "user@1000.service"),
                *("user@1000.service/user@0.service", "user@1000.service/cron.service"),
            ],
        ),
        (
            f"/machine.slice/libpod-{A}.scope/container/system.slice/cron.service",
            [
                *("machine.slice", f"libpod-{A}.scope"),
                *(f"libpod-{A}.scope/system.slice", f"libpod-{A}.scope/cron.service"),
            ],
        ),
        (
            "/lxc.payload.web/system.slice/cron.service",
            ["lxc.payload.web/system.slice", "lxc.payload.web/cron.service"],
        ),
        (f"/docker/{A}/system.slice/cron.service", [f"{A}/system.slice", f"{A}/cron.service"]),
        (f"/docker/buildkit/{A[:25]}/system.slice/cron.service", ["docker/system.slice", "docker/cron.service"]),
        ("/custom/cron.service", ["custom/cron.service"]),
        ("/lxc.monitor.web/a.slice/cron.service", ["lxc.monitor.web/a.slice", "lxc.monitor.web/cron.service"]),
        ("/system.slice/srv.mount/cron.service", ["system.slice", "srv.mount/cron.service"]),
        ("/a.slice/b/c.slice/cron.service", ["a.slice", "b/c.slice", "b/cron.service"]),
        ("/system.slice/mine.service/cron.service", ["system.slice", "mine.service", "mine.service/cron.service"]),
        (
            "/user.slice/user-1000.slice/session-3.scope/cron.service",
            ["user.slice", "user-1000.slice", "session-3.scope", "session-3.scope/cron.service"],
        ),
    ],
)
def test_a_unit_that_not_the_system_has_named_is_called_after_who_has(path, units):
    assert list(parse_cgroup(f"0::{path}\n").units) == units


def test_nested_containers_are_reported_from_the_outside_in():
    cgroup = parse_cgroup(f"0::/kubepods.slice/cri-containerd-{A}.scope/docker/{B}\n")
    assert cgroup.containers == (Container(A, "containerd"), Container(B, "docker"))


@pytest.mark.parametrize(
    "path",
    [
        f"/kubepods/burstable/pod{POD}/{A}",
        f"/kubepods.slice/kubepods-burstable-pod{POD.replace('-', '_')}.slice/cri-containerd-{A}.scope",
        f"/docker/{B}/kubelet.slice/kubelet-kubepods-pod{POD.replace('-', '_')}.slice/cri-containerd-{A}.scope",
        f"/system.slice/containerd.service/kubepods-pod{POD.replace('-', '_')}.slice:cri-containerd:{A}",
    ],
)
def test_kubernetes_shows_the_pod(path):
    cgroup = parse_cgroup(f"0::{path}\n")
    assert (cgroup.pod, cgroup.containers[-1].id) == (POD, A)


def test_version_1_is_read_from_whichever_hierarchy_shows():
    text = f"12:pids:/\n4:memory:/docker/{A}\n1:name=systemd:/system.slice/docker.service\n0::/\n"
    assert parse_cgroup(text) == Cgroup((Container(A, "docker"),), None, ("docker",), None, "system", None, (
        "system.slice",
        "docker.service",
    ))  # fmt: skip


def test_units_come_from_systemds_own_hierarchy():
    text = "5:cpu,cpuacct:/wrong.slice/wrong.service\n1:name=systemd:/a.slice/right.service\n"
    assert parse_cgroup(text).services == ("right",)


@pytest.mark.parametrize("text", ["", "\n", "nonsense", "0:", "0::", ":::", "0::relative/x.service", "\xff:\xfe:/\xfd"])
def test_nonsense_raises_nothing(text):
    parse_cgroup(text)


def test_a_hostile_path_takes_no_time():
    path = ("/" + "lxc.payload." * 340)[:4096] + "\n" + "0::" + "/a.service" * 400
    start = time.process_time()
    parse_cgroup(f"0::{path}\n")
    assert time.process_time() - start < 0.1


@pytest.mark.parametrize(
    ("path", "containers"),
    [
        (f"/system.slice/docker-{A}.scope", (Container(A, "docker"),)),
        (f"/system.slice/mine.service/docker-{A}.scope", (Container(A, "docker", "1000"),)),
        (f"/system.slice/mine.service/x/libpod-{A}.scope/docker/{B}", (
            Container(A, "podman", "1000"),
            Container(B, "docker", "1000"),
        )),
        ("/system.slice/mine.service/lxc.payload.web", ()),
        (f"/lxc.payload.web/system.slice/mine.service/docker-{A}.scope", (
            Container("web", "lxc"),
            Container(A, "docker"),
        )),
    ],
)  # fmt: skip
def test_a_container_in_a_group_that_a_user_owns_is_that_users(path, containers):
    def owner(group: str) -> str | None:
        return "1000" if "mine.service" in group else None

    assert parse_cgroup(f"0::{path}\n", owner).containers == containers
    assert all(container.user is None for container in parse_cgroup(f"1:name=systemd:{path}\n", owner).containers)

"""PID tells container and units, observed or inherited, looked up once for each program."""

from __future__ import annotations

import json
import os

import pytest

from sensor.process.containers import ContainerNames
from sensor.process.files import ProcFiles
from sensor.stages.cgroup import Cgroups
from sensor.stages.options import CgroupOptions
from tests.support.fake_host import FakeHost, event, exec_event, syscall

ID, OUTER = "3f" * 32, "9b" * 32
SERVICE = "0::/system.slice/ssh.service\n"
DOCKER = f"0::/system.slice/docker-{ID}.scope\n"


@pytest.fixture
def host(tmp_path):
    host = FakeHost(tmp_path)
    host.process(1, 0, "/usr/lib/systemd/systemd", start=1, cgroup="0::/init.scope\n")
    return host


@pytest.fixture
def run(host, tmp_path):
    def run(*events, prefix="", **options):
        cgroups = Cgroups(CgroupOptions(**options), ProcFiles(host.proc), ContainerNames(str(tmp_path / "root")))
        after = [cgroups.stage] if options.get("container_info") else []
        return host.run([host.identity(cgroups.describe, prefix=prefix), *after], *events, prefix=prefix)

    return run


def place(line):
    pid = line["SYSCALL"]["PID"]
    return {key: value for key, value in pid.items() if key == "container" or key.startswith("systemd")}


@pytest.mark.parametrize(
    ("cgroup", "options", "expected"),
    [
        (
            SERVICE,
            {},
            {"systemd_service": ["ssh"], "systemd_slice": "system", "systemd_source": "observed"},
        ),
        (SERVICE, {"systemd": False}, {}),
        (
            DOCKER,
            {"systemd": False},
            {"container": {"id": ID, "runtime": "docker", "source": "observed"}},
        ),
        (DOCKER, {"container": False}, {
            "systemd_scope": f"docker-{ID}", "systemd_slice": "system", "systemd_source": "observed"
        }),
        (
            f"0::/docker/{OUTER}/docker/{ID}\n",
            {},
            {"container": {"id": ID, "runtime": "docker", "outer": [OUTER], "source": "observed"}},
        ),
        (
            f"0::/kubepods/pod{ID[:32]}/{ID}\n",
            {},
            {"container": {"id": ID, "pod_uid": ID[:32], "source": "observed"}},
        ),
        ("0::/lxc.payload.w\xe4b\n", {}, {"container": {"id": "w%e4b", "runtime": "lxc", "source": "observed"}}),
        (
            "0::/user.slice/user-7.slice/user@7.service/app.slice/x.service\n",
            {},
            {
                "systemd_service": ["user@7", "x"],
                "systemd_slice": "app",
                "systemd_user_unit": "x.service",
                "systemd_source": "observed",
            },
        ),
        ("0::/\n", {}, {}),
    ],
)  # fmt: skip
def test_pid_shows_where_a_process_runs(host, run, cgroup, options, expected):
    host.process(42, 1, "/usr/bin/bash", cgroup=cgroup)
    (line,) = run(event(syscall(42, 1, "/usr/bin/bash")), **options)
    assert place(line) == expected


def test_names_come_from_the_runtime(host, run, tmp_path):
    config = tmp_path / f"root/var/lib/docker/containers/{ID}/config.v2.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"Name": "/web", "Config": {"Image": "nginx"}}))
    host.process(42, 1, "/usr/bin/bash", cgroup=DOCKER)
    (line,) = run(event(syscall(42, 1, "/usr/bin/bash")), systemd=False)
    container = {"id": ID, "runtime": "docker", "name": "web", "image": "nginx", "source": "observed"}
    assert place(line) == {"container": container}


def test_the_runtime_is_known_by_its_files_where_the_group_does_not_show(host, run, tmp_path):
    config = tmp_path / f"root/run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"annotations": {"io.kubernetes.cri.container-name": "web"}}))
    host.process(42, 1, "/usr/bin/bash", cgroup=f"0::/kubepods/besteffort/pod{ID[:32]}/{ID}\n")
    (line,) = run(event(syscall(42, 1, "/usr/bin/bash")))
    assert place(line)["container"]["runtime"] == "containerd"
    assert place(line)["container"]["name"] == "web"


def test_a_process_that_is_gone_inherits_from_the_one_that_started_it(host, run):
    host.process(42, 1, "/usr/bin/bash", cgroup=SERVICE)
    (line,) = run(exec_event(43, 42, "/usr/bin/ls", ["ls"]))
    assert place(line)["systemd_source"] == "inherited"
    assert place(line)["systemd_service"] == ["ssh"]


def test_a_program_inherits_from_the_program_before(host, run):
    host.process(42, 1, "/usr/bin/bash", cgroup=SERVICE)
    stages_before = event(syscall(42, 1, "/usr/bin/bash"))

    class Gone:
        """Takes the place of an event after which the process has ended."""

        def encode(self, _):
            host.end(42)
            return exec_event(42, 1, "/usr/bin/ls", ["ls"]).encode()

    first, second = run(stages_before, Gone())
    assert place(first)["systemd_source"] == "observed"
    assert place(second)["systemd_source"] == "inherited"


def test_a_successor_with_the_same_pid_shows_nothing(host, run):
    """The process was seen; then its pid belongs to another, in another service."""
    host.process(42, 1, "/usr/bin/bash", cgroup=SERVICE)
    run(event(syscall(42, 1, "/usr/bin/bash")))
    host.process(42, 1, "/usr/bin/other", start=9000, cgroup="0::/system.slice/other.service\n")
    (line,) = run(event(syscall(42, 1, "/usr/bin/bash")))
    assert place(line).get("systemd_service") != ["other"]


def test_control_groups_are_read_once_for_each_program(host, run):
    host.process(42, 1, "/usr/bin/bash", cgroup=SERVICE)
    first, *_ = run(event(syscall(42, 1, "/usr/bin/bash")))
    host.process(42, 1, "/usr/bin/bash", cgroup=DOCKER)
    (again,) = run(event(syscall(42, 1, "/usr/bin/bash")))
    (after,) = run(exec_event(42, 1, "/usr/bin/bash", ["bash"]))
    assert place(again) == place(first)
    assert place(after)["container"]["id"] == ID


def test_container_info_stands_at_the_top(host, run):
    host.process(42, 1, "/usr/bin/bash", cgroup=DOCKER)
    text = event(syscall(42, 1, "/usr/bin/bash"))
    assert "CONTAINER_INFO" not in run(text)[0]
    assert "CONTAINER_INFO" not in run(event("LOGIN pid=1 uid=0"), container_info=True)[0]


@pytest.mark.parametrize(("prefix", "key"), [("", "CONTAINER_INFO"), ("x_", "x_container_info")])
def test_container_info_bears_the_prefix(host, run, prefix, key):
    host.process(42, 1, "/usr/bin/bash", cgroup=DOCKER)
    (line,) = run(event(syscall(42, 1, "/usr/bin/bash")), prefix=prefix, container_info=True)
    assert line[key] == {"ID": ID}


@pytest.mark.parametrize(
    ("text", "id_of", "source"),
    [
        ("0::/system.slice/web.service\n", "system.slice/web.service", "observed"),
        ("1:name=systemd:/system.slice/web.service\n0::/system.slice/web.service\n", "system.slice/web.service", None),
        ("0::/system.slice/web.service\n", "system.slice", None),
    ],
)
def test_the_probe_shows_the_group_of_a_process_that_is_gone(host, tmp_path, text, id_of, source):
    """Another process of the group was looked at before."""
    (tmp_path / "cgroup/system.slice/web.service").mkdir(parents=True)
    names = ContainerNames(str(tmp_path))
    cgroups = Cgroups(CgroupOptions(), ProcFiles(host.proc), names, str(tmp_path / "cgroup"))
    host.process(42, 1, "/usr/bin/web", cgroup=text)
    host.run([host.identity(cgroups.describe)], event(syscall(42, 1, "/usr/bin/web")))

    def seen_by_the_probe(process):
        process.cgroup = (tmp_path / "cgroup" / id_of).stat().st_ino if process.pid == 50 else 0
        return {}

    (line,) = host.run([host.identity(seen_by_the_probe, cgroups.describe)], event(syscall(50, 49, "/usr/bin/gone")))
    assert place(line).get("systemd_source") == source


@pytest.mark.parametrize(
    ("path", "info"),
    [
        (f"/system.slice/docker-{ID}.scope", {"ID": ID}),
        (f"/docker/{ID}/docker/{'9b' * 32}", {"ID": ID}),
        (f"/user.slice/user-7.slice/user@7.service/a.slice/docker-{ID}.scope", None),
    ],
)
def test_container_info_is_of_the_systems_runtimes(host, run, path, info):
    host.process(42, 1, "/usr/bin/bash", cgroup=f"0::{path}\n")
    (line,) = run(event(syscall(42, 1, "/usr/bin/bash")), container_info=True)
    assert line.get("CONTAINER_INFO") == info


def test_a_users_container_is_marked_and_has_no_name_of_another(host, run, tmp_path):
    config = tmp_path / f"root/var/lib/docker/containers/{ID}/config.v2.json"
    config.parent.mkdir(parents=True)
    config.write_text('{"Name":"/web","Config":{"Image":"nginx"}}')
    for group, expected in (
        (f"/docker/{ID}", {"name": "web", "image": "nginx"}),
        (f"/user.slice/user-7.slice/user@7.service/a.slice/docker-{ID}.scope", {"user": "7"}),
    ):
        host.process(42, 1, "/usr/bin/bash", cgroup=f"0::{group}\n", start=5000 + len(group))
        (line,) = run(exec_event(42, 1, "/usr/bin/bash", ["bash"]))
        assert place(line)["container"] == {"id": ID, "runtime": "docker", "source": "observed", **expected}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for files of other users")
@pytest.mark.parametrize(("own", "user"), [("mine.service", "1000"), (f"mine.service/docker-{ID}.scope", None)])
def test_who_owns_the_group_around_a_container_has_named_it(host, tmp_path, own, user):
    """The group of the container itself is often that of a user within it."""
    slice = tmp_path / "cgroup/system.slice"
    (slice / f"mine.service/docker-{ID}.scope").mkdir(parents=True)
    os.chown(slice / own, 1000, 1000)
    host.process(42, 1, "/usr/bin/ls", cgroup=f"0::/system.slice/mine.service/docker-{ID}.scope\n")
    names = ContainerNames(str(tmp_path / "root"))
    cgroups = Cgroups(CgroupOptions(), ProcFiles(host.proc), names, str(tmp_path / "cgroup"))
    line = host.run([host.identity(cgroups.describe)], event(syscall(42, 1, "/usr/bin/ls")))[0]
    assert line["SYSCALL"]["PID"]["container"].get("user") == user

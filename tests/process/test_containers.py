"""Names come from the files of docker, containerd, podman and cri-o; from nowhere else, and nonsense is no name."""

from __future__ import annotations

import json

import pytest

from sensor.process.cgroup import parse_cgroup
from sensor.process.containers import ContainerNames, Names

ID = "3f" * 32
DOCKER = f"var/lib/docker/containers/{ID}/config.v2.json"
CONTAINERD = f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json"
K3S = f"run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json"
STORAGE = "var/lib/containers/storage/overlay-containers/containers.json"
CRIO = f"run/containers/storage/overlay-containers/{ID}/userdata/config.json"
CRI = {
    "io.kubernetes.cri.container-name": "web",
    "io.kubernetes.cri.image-name": "docker.io/library/nginx:1.25",
    "io.kubernetes.cri.sandbox-name": "shop-7d4",
    "io.kubernetes.cri.sandbox-namespace": "prod",
}
PODMAN = {"id": ID, "names": ["db"], "metadata": json.dumps({"image-name": "postgres:16", "name": "db"})}
CRIO_NOTES = {
    "io.kubernetes.container.name": "api",
    "io.kubernetes.pod.name": "api-0",
    "io.kubernetes.pod.namespace": "prod",
    "io.kubernetes.cri-o.ImageName": "quay.io/api:2",
}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({DOCKER: {"Name": "/web", "Config": {"Image": "nginx:1.25"}}}, Names("web", "nginx:1.25", runtime="docker")),
        ({DOCKER: {"Name": "/wä\ud800"}}, Names("w\xc3\xa4?", runtime="docker")),
        ({CONTAINERD: {"annotations": CRI}}, Names(*CRI.values(), "containerd")),
        ({K3S: {"annotations": CRI}}, Names(*CRI.values(), "containerd")),
        ({CONTAINERD: {"annotations": {"nerdctl/name": "web"}}}, Names("web", runtime="containerd")),
        ({STORAGE: [{"id": "other"}, PODMAN]}, Names("db", "postgres:16", runtime="podman")),
        (
            {STORAGE: [PODMAN], CRIO: {"annotations": CRIO_NOTES}},
            Names("api", "quay.io/api:2", "api-0", "prod", "cri-o"),
        ),
        ({DOCKER: {"Name": 7, "Config": "x"}, STORAGE: {"id": ID}}, Names()),
        ({DOCKER: [], CONTAINERD: 1, STORAGE: [7, {"id": ID, "names": {}, "metadata": "{"}]}, Names(runtime="podman")),
        ({}, Names()),
    ],
)
def test_names_are_read_from_the_runtimes_files(tmp_path, files, expected):
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content))
    assert ContainerNames(str(tmp_path)).of(ID) == expected


def test_a_container_is_looked_up_once(tmp_path):
    names = ContainerNames(str(tmp_path))
    assert names.of(ID) == Names()
    path = tmp_path / DOCKER
    path.parent.mkdir(parents=True)
    path.write_text('{"Name":"/late"}')
    assert names.of(ID) == Names()


@pytest.mark.parametrize("content", [b"\xff\xfe{", b"[" * 100_000, b"", b'"' + b"x" * (5 << 20) + b'"'])
def test_a_spoiled_file_is_no_file(tmp_path, content):
    path = tmp_path / DOCKER
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert ContainerNames(str(tmp_path)).of(ID) == Names()


OTHER = "9b" * 32


@pytest.mark.parametrize(
    ("path", "of_system", "called"),
    [
        ("/system.slice/ssh.service", (), ()),
        (f"/docker/{ID}", (ID, "web", "nginx"), (ID, "web", "nginx")),
        (f"/docker/{OTHER}", (OTHER,), (OTHER,)),
        ("/lxc.payload.web", ("web",), ("web",)),
        (f"/docker/{OTHER}/docker/{ID}", (OTHER,), (OTHER, f"{OTHER}/{ID}")),
        (f"/docker/{ID}/docker/{OTHER}", (ID, "web", "nginx"), (ID, "web", "nginx", f"{ID}/{OTHER}")),
        (f"/user.slice/user-7.slice/user@7.service/a.slice/docker-{ID}.scope", (), (f"7/{ID}",)),
        (f"/user.slice/user-7.slice/user@7.service/a.slice/docker-{ID}.scope/docker/{ID}", (), (f"7/{ID}",)),
    ],
)
def test_nobody_else_names_a_container_of_the_systems(tmp_path, path, of_system, called):
    config = tmp_path / f"var/lib/docker/containers/{ID}/config.v2.json"
    config.parent.mkdir(parents=True)
    config.write_text('{"Name":"/web","Config":{"Image":"nginx"}}')
    names, cgroup = ContainerNames(str(tmp_path)), parse_cgroup(f"0::{path}\n")
    assert names.of_system(cgroup) == of_system
    assert names.called(cgroup) == called
    assert (names.of_cgroup(cgroup).name == "web") is (called == (ID, "web", "nginx"))

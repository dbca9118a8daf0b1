"""The names of containers, from the files in which their runtimes keep them; no daemon is asked.

    /var/lib/docker/containers/ID/config.v2.json                   {"Name":"/web","Config":{"Image":"nginx:1.25"}, …}
    /run/containerd/io.containerd.runtime.v2.task/NS/ID/config.json      {"annotations":{"io.kubernetes.cri.…":…}, …}
    /var/lib/containers/storage/overlay-containers/containers.json       [{"id":ID,"names":["web"],"metadata":"{…}"}, …]

The last is podman's and cri-o's. Kubernetes' names are annotations of the OCI bundle:
io.kubernetes.cri.* from containerd, io.kubernetes.* from cri-o; nerdctl has its own there. These directories are
root's, so reading them as another user takes CAP_DAC_READ_SEARCH.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from sensor.cache import BoundedDict
from sensor.jsonl import loads
from sensor.process.cgroup import Cgroup

_LARGEST = 4 << 20
_REMEMBERED = 1024
_ID_LENGTH = 64
_TASKS = ("run/containerd/io.containerd.runtime.v2.task", "run/k3s/containerd/io.containerd.runtime.v2.task")
_CRI = "io.kubernetes.cri."
_CRIO = "io.kubernetes."


class Names(NamedTuple):
    """How people call a container; None where nothing gives it. Texts hold one byte per character.

    name: for kubernetes the name within the pod.
    pod, namespace: of kubernetes.
    runtime: whose files they are.
    """

    name: str | None = None
    image: str | None = None
    pod: str | None = None
    namespace: str | None = None
    runtime: str | None = None


class ContainerNames:
    """Looks names up, once for each container.

    root: where the file system begins, so that tests can make up a host.
    """

    def __init__(self, root: str = "") -> None:
        self._root = root
        self._known: BoundedDict[str, Names] = BoundedDict(_REMEMBERED)

    def of_cgroup(self, cgroup: Cgroup) -> Names:
        """The names of the innermost container, if it is one of the runtimes of the system.

        Who is root in a container names those within, and a user those of his own, after any other.
        """
        known = len(cgroup.containers) == 1 and cgroup.containers[0].user is None
        return self.of(cgroup.containers[0].id) if known else Names()

    def of_system(self, cgroup: Cgroup) -> tuple[str, ...]:
        """What a process is in by the word of the system's runtimes: id, name and image of the outermost container."""
        if not cgroup.containers or cgroup.containers[0].user is not None:
            return ()
        names = self.of(cgroup.containers[0].id)
        return tuple([text for text in (cgroup.containers[0].id, names.name, names.image) if text])

    def called(self, cgroup: Cgroup) -> tuple[str, ...]:
        """The same, and its path where others named it, behind the namer: 1000/ID of a user, ID/ID in a container."""
        path, known = cgroup.container, self.of_system(cgroup)
        return (*known, path) if path is not None and path not in known else known

    def of(self, id: str) -> Names:
        """The names of a container; only those known by 64 hexadecimal digits have any."""
        if len(id) != _ID_LENGTH:
            return Names()
        names = self._known.get(id)
        if names is None:
            names = self._docker(id) or self._containerd(id) or self._storage(id) or Names()
            self._known.keep(id, names)
        return names

    def _docker(self, id: str) -> Names | None:
        config = self._json(f"var/lib/docker/containers/{id}/config.v2.json")
        name, image = _text(config, "Name"), _text(config, "Config", "Image")
        known = name or image
        return Names(name.lstrip("/") if name else None, image, runtime="docker") if known else None

    def _containerd(self, id: str) -> Names | None:
        for tasks in _TASKS:
            for space in self._entries(tasks):
                path = f"{tasks}/{space}/{id}/config.json"
                notes = _get(self._json(path), "annotations")
                if notes is not None:
                    return Names(
                        _text(notes, f"{_CRI}container-name") or _text(notes, "nerdctl/name"),
                        _text(notes, f"{_CRI}image-name"),
                        _text(notes, f"{_CRI}sandbox-name"),
                        _text(notes, f"{_CRI}sandbox-namespace"),
                        "containerd",
                    )
        return None

    def _storage(self, id: str) -> Names | None:
        containers = self._json("var/lib/containers/storage/overlay-containers/containers.json")
        for entry in containers if isinstance(containers, list) else ():
            if _get(entry, "id") != id:
                continue
            metadata = _loads(_get(entry, "metadata"))
            bundle = self._json(f"run/containers/storage/overlay-containers/{id}/userdata/config.json")
            notes = _get(bundle, "annotations")
            names = _get(entry, "names")
            first = _bytes(names[0]) if isinstance(names, list) and names else None
            within = _text(notes, f"{_CRIO}container.name")
            return Names(
                within or first,
                _text(notes, f"{_CRIO}cri-o.ImageName") or _text(metadata, "image-name"),
                _text(notes, f"{_CRIO}pod.name"),
                _text(notes, f"{_CRIO}pod.namespace"),
                "cri-o" if within else "podman",
            )
        return None

    def _entries(self, path: str) -> list[str]:
        try:
            return sorted(os.listdir(f"{self._root}/{path}"))
        except OSError:
            return []

    def _json(self, path: str) -> object:
        try:
            with open(f"{self._root}/{path}", "rb") as file:
                data = file.read(_LARGEST + 1)
        except OSError:
            return None
        return _loads(data) if len(data) <= _LARGEST else None


def _loads(data: object) -> object:
    try:
        return loads(data) if isinstance(data, (bytes, str)) else None
    except ValueError:
        return None


def _get(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None


def _text(value: object, *keys: str) -> str | None:
    for key in keys:
        value = _get(value, key)
    return _bytes(value)


def _bytes(value: object) -> str | None:
    """A text of JSON, as one character per byte; None for anything else and for the empty text."""
    return value.encode("utf-8", "replace").decode("latin-1") if isinstance(value, str) and value else None

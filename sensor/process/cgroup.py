"""The control groups of a process: which container, and which systemd unit, it belongs to.

    0::/user.slice/user-1000.slice/session-3.scope                       a login session
    0::/system.slice/docker-3f1c…e9.scope                                a docker container, 64 hexadecimal digits
    4:memory:/kubepods/besteffort/pod0f3a…/9b1c…77                       the same of kubernetes, cgroup v1
    0::/machine.slice/libpod-ab…01.scope/container/system.slice/x.service  systemd within podman

Who manages a group names all that is below it: a user's service manager, a container's, any service that was given the
group. The manager can choose such a name freely, so units below another are called `user@1000.service/cron.service`,
and a container below a user's manager, or in a group that a user owns (Delegate= and User= of systemd.service(5)),
is that user's, if it has the form that runtimes without root give it.

A line of /proc/PID/cgroup is `hierarchy:controllers:path` (cgroups(7)); hierarchy 0 is
cgroup v2. How runtimes and systemd name their groups is in their manuals and sources:
docker and containerd (`--cgroup-driver`), podman (libpod/container_internal_linux.go),
cri-o (internal/config/cgmgr), lxc.container.conf(5), systemd-nspawn(1), kubelet
(pkg/kubelet/cm), systemd's CGROUP_DELEGATION.md. Only parsing lives here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_ID = re.compile(
    r"(?:(?P<prefix>[a-z][a-z0-9_-]*)[-:])?(?P<id>[0-9a-f]{64}|[0-9a-f]{32}-[0-9]{10})(?:\.scope|\.service)?"
)
_LXC = re.compile(r"lxc\.payload\.(.+)")
_NSPAWN = re.compile(r"machine-(?!(?:qemu|lxc)\\x2d)(.+)\.scope|systemd-nspawn@(.+)\.service")  # libvirt's are others
_POD = re.compile(
    r"(?:(?:kubelet-)?kubepods(?:-[a-z]+)?-)?pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?"
)
_OF_USER = re.compile(r"user@(.+)\.service|user-(.+)\.slice|capsule@(.+)\.service")
_ROOTLESS = frozenset({"docker", "podman", "containerd"})
_OWN_USERS = ("0", "root")
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")
_RUNTIMES = {
    "docker": "docker",
    "cri-containerd": "containerd",
    "nerdctl": "containerd",
    "crio": "cri-o",
    "libpod": "podman",
    "libpod-payload": "podman",
}
"""What runtimes put before the id."""
_PARENTS = {
    "docker": "docker",
    "libpod_parent": "podman",
    "actions_job": "docker",
    "k8s.io": "containerd",
    "ecs": "ecs",
}
"""What the group above may be called when the id stands alone."""
_DELETED = " (deleted)"


class Container(NamedTuple):
    """A container, as its control group names it.

    id: 64 hexadecimal digits (docker, podman, containerd, cri-o), or the name (lxc, systemd-nspawn).
    runtime: None where the name of the group does not show it.
    user: whose it is, by number or name, where that user's own manager has named it; None for the system's.
    """

    id: str
    runtime: str | None
    user: str | None = None


class Cgroup(NamedTuple):
    """What the control groups of a process mean. Texts hold one byte per character.

    containers: from the outermost to the one the process is in; () outside of any.
    pod: UID of the kubernetes pod, with hyphens; None outside of any.
    services: names of all services on the path without `.service`, as systemctl writes them.
    scope, slice: the innermost of each, without suffix; None where there is none.
    user_unit: the unit of the user's own service manager; None outside of any.
    units: full names of all units on the path; one that not the system's manager has named has before it, and a slash,
        the name of the unit, container or other group that it is below.
    """

    containers: tuple[Container, ...]
    pod: str | None
    services: tuple[str, ...]
    scope: str | None
    slice: str | None
    user_unit: str | None
    units: tuple[str, ...]

    @property
    def container(self) -> str | None:
        """The innermost container, behind its namer: ID, 1000/ID of user 1000's, ID/ID within another; None outside."""
        path = "/".join([container.id for container in self.containers])
        user = self.containers[0].user if path else None
        return f"{user}/{path}" if user is not None else path or None


Owner = Callable[[str], "str | None"]
"""The path of a group of version 2, without its slash at the start → the user who may make groups in it, by number;
None for the system's, and where that is not known."""


def parse_cgroup(text: str, owner: Owner = lambda path: None) -> Cgroup:
    """Read the whole of /proc/PID/cgroup."""
    paths: dict[str, list[str]] = {}
    for line in text.split("\n"):
        parts = line.split(":", 2)
        if len(parts) == 3:
            path = parts[2]
            path = path.removesuffix(_DELETED)
            paths["" if parts[0] == "0" else parts[1]] = [name for name in path.split("/") if name not in ("", "..")]
    unified = paths.get("")
    # The hierarchies that systemd keeps come first: a resource controller may know only part of a path.
    ordered = [paths.pop(name) for name in ("", "name=systemd") if name in paths]
    names = next((path for path in ordered if path), [])
    containers: tuple[Container, ...] = ()
    pod = None
    for candidate in (*ordered, *paths.values()):
        containers, pod = _containers(candidate, owner if candidate is unified else lambda path: None)
        if containers:
            break
    return Cgroup(containers, pod, *_units(names))


def _containers(path: list[str], owner: Owner) -> tuple[tuple[Container, ...], str | None]:
    found: list[Container] = []
    pod = None
    above = ""
    user: str | None = None
    for depth, name in enumerate(path):
        user = user or _user(name)
        # containerd under cgroup v1 and systemd: kubepods-besteffort-podUID.slice:cri-containerd:ID
        outer, colon, rest = name.partition(":")
        in_pod = _POD.fullmatch(outer if colon else name)
        if in_pod is not None:
            pod = in_pod.group(1).replace("_", "-")
        container = _container(rest if colon and in_pod is not None else name, above)
        if container is not None and not found:
            user = user or owner("/".join(path[:depth]))
        if container is not None and user is not None:
            container = container._replace(user=user) if container.runtime in _ROOTLESS else None
        if container is not None and container not in found:
            found.append(container)
        above = name
    if above == "supervisor" and found and found[-1].runtime == "systemd-nspawn":
        found.pop()  # it is systemd-nspawn itself, outside of the container
    return tuple(found), pod


def _user(name: str) -> str | None:
    """The user whose manager or session this group is; root's are the system's."""
    found = _OF_USER.fullmatch(name)
    if found is None:
        return None
    user, of_slice, capsule = found.groups()
    if capsule:
        return f"c-{capsule}"  # systemd.capsule(5)
    return user or of_slice if (user or of_slice) not in _OWN_USERS else None


def _container(name: str, above: str) -> Container | None:
    by_id = _ID.fullmatch(name)
    if by_id is not None:
        prefix = by_id.group("prefix") or ""
        if prefix.endswith("conmon"):
            return None  # podman's and cri-o's monitor of the container, outside of it
        return Container(by_id.group("id"), _RUNTIMES.get(prefix) or _PARENTS.get(above))
    lxc = _LXC.fullmatch(name)
    if lxc is not None:
        return Container(lxc.group(1), "lxc")
    if above in ("lxc", "lxc.payload"):
        return Container(name, "lxc")
    nspawn = _NSPAWN.fullmatch(name)
    if nspawn is not None:
        return Container(_unescape(nspawn.group(1) or nspawn.group(2)), "systemd-nspawn")
    return None


def _units(path: list[str]) -> tuple[tuple[str, ...], str | None, str | None, str | None, tuple[str, ...]]:
    """Services, scope, slice, user unit and all units of a path."""
    services: list[str] = []
    last: dict[str, str | None] = {"scope": None, "slice": None}
    units: list[str] = []
    manager = False
    user_unit = None
    owner = group = above = ""
    for name in path:
        stem, dot, suffix = name.rpartition(".")
        container = _container(name, above)
        above = name
        if not dot or suffix not in ("service", "scope", "slice"):
            owner = owner or (name if container is not None else "")
            group = group or name  # the system's manager makes groups below its own units only
            continue
        around = owner or group
        units.append(f"{around}/{name}" if around else name)
        owner = owner or (name if suffix != "slice" else "")
        if suffix == "service":
            services.append(stem)
        else:
            last[suffix] = stem
        if manager and suffix != "slice":
            user_unit = name
        manager = manager or (suffix == "service" and stem.startswith("user@"))
    return tuple(services), last["scope"], last["slice"], user_unit, tuple(units)


def _unescape(name: str) -> str:
    """Undo systemd-escape(1)'s \\x2d."""
    return _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), name)

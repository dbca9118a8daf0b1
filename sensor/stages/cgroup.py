"""Where a process runs: its container and its systemd units, from its control groups.

    "PID":{…,"container":{"id":"3f1c…e9","runtime":"docker","name":"web","image":"nginx:1.25","source":"observed"},
      "systemd_service":["docker-3f1c…e9"],"systemd_scope":"…","systemd_slice":"system","systemd_source":"observed"}
    "PID":{…,"systemd_service":["user@1000","emacs"],"systemd_slice":"app","systemd_user_unit":"emacs.service",…}
    "CONTAINER_INFO":{"ID":"3f1c…e9"}                       with container_info, at the top level

`container.outer` lists the containers around the one the process is in; kubernetes adds
pod, namespace and pod_uid, and a container that a user's own runtime has made, if its word is to be taken, the `user`.
The source is `observed` when it was read from /proc while
the process lived, or when the probe saw a control group that is known from another
process; and `inherited` when the process had ended by then and its control groups are
taken to be those of the program that started it.

Looked up once for each program, and kept under the mark "cgroup" for labels and filters.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

from sensor.audit.render import Style
from sensor.cache import BoundedDict
from sensor.event import Event
from sensor.options import option
from sensor.process.cgroup import Cgroup, parse_cgroup
from sensor.process.containers import ContainerNames
from sensor.process.files import ProcFiles
from sensor.process.program import Process, Program

MARK = "cgroup"
_REMEMBERED = 1024
_LONGEST = 16384  # a path has at most 4096 bytes, and there is one for each of a dozen hierarchies


@dataclass(frozen=True)
class Options:
    """Where processes run."""

    container: bool = option(True, "Add `container` to PID: id and runtime, and the names its runtime keeps.")
    container_info: bool = option(False, "Add the top-level CONTAINER_INFO of older LAUREL; needs `container`.")
    systemd: bool = option(
        True, "Add the systemd units to PID: systemd_service, systemd_scope, systemd_slice, systemd_user_unit."
    )


class Place(NamedTuple):
    """What the mark "cgroup" holds."""

    cgroup: Cgroup
    inherited: bool


_NOWHERE = Place(Cgroup((), None, (), None, None, None, ()), True)


class Cgroups:
    """Looks processes up, says it inside PID (`describe`), and at the top level (`stage`).

    mount: where control groups of version 2 are; a group's id is the inode of its directory there.
    """

    def __init__(
        self, options: Options, style: Style, files: ProcFiles, names: ContainerNames, mount: str = "/sys/fs/cgroup"
    ) -> None:
        self._options = options
        self._quote = style.quote
        self._info = style.key("CONTAINER_INFO")
        self._files = files
        self._names = names
        self._mount = mount
        self._known: BoundedDict[str, Place] = BoundedDict(_REMEMBERED)
        self._by_id: BoundedDict[int, Place] = BoundedDict(_REMEMBERED)
        self._rendered: BoundedDict[Place, str] = BoundedDict(_REMEMBERED)

    def describe(self, process: Process) -> str:
        """The members that PID gets, each with a comma before it."""
        place: Place | None = process.program.marks.get(MARK)
        if place is None:
            place = process.program.marks[MARK] = self._place_of(process)
        text = self._rendered.get(place)
        if text is None:
            text = self._rendered.keep(place, self._render(place))
        return text

    def stage(self, event: Event) -> bool:
        """Add CONTAINER_INFO; drops nothing."""
        place: Place | None = event.process.program.marks.get(MARK) if event.process is not None else None
        outermost = place.cgroup.containers[:1] if place is not None else ()
        if outermost and outermost[0].user is None:
            event.top += f',"{self._info}":{{"ID":{self._quote(outermost[0].id)}}}'
        return True

    def _place_of(self, process: Process) -> Place:
        place = self._observe(process.program) if process.ended is None else None
        place = place or self._by_id.get(process.cgroup)
        if place is not None:
            return place
        for ancestor in (process.spawned_by, process.parent):
            if ancestor is not None:
                inherited: Place | None = ancestor.marks.get(MARK) or self._observe(ancestor)
                if inherited is not None:
                    ancestor.marks[MARK] = inherited
                    return Place(inherited.cgroup, inherited=True)
        return _NOWHERE

    def _observe(self, program: Program) -> Place | None:
        text = self._files.read(program, "cgroup", _LONGEST)
        if text is None:
            return None
        return self._known.get(text) or self._learn(text)

    def _learn(self, text: str) -> Place:
        place = self._known.keep(text, Place(parse_cgroup(text), inherited=False))
        if text.startswith("0::/") and text.count("\n") == 1:  # else the id would tell but one of several groups
            try:
                status = os.stat(f"{self._mount}{text[3:-1]}".encode("latin-1"))
            except (OSError, ValueError):
                return place
            self._by_id.keep(status.st_ino, place)
        return place

    def _render(self, place: Place) -> str:
        cgroup = place.cgroup
        source = '"inherited"' if place.inherited else '"observed"'
        text = ""
        if self._options.container and cgroup.containers:
            text += f',"container":{{{self._container(cgroup)},"source":{source}}}'
        if self._options.systemd and cgroup.units:
            text += f'{self._units(cgroup)},"systemd_source":{source}'
        return text

    def _container(self, cgroup: Cgroup) -> str:
        container = cgroup.containers[-1]
        names = self._names.of_cgroup(cgroup)
        known = {
            "id": container.id,
            "runtime": container.runtime or names.runtime,
            "name": names.name,
            "image": names.image,
            "pod": names.pod,
            "namespace": names.namespace,
            "pod_uid": cgroup.pod,
            "user": container.user,
        }
        outer = [self._quote(around.id) for around in cgroup.containers[:-1]]
        text = self._members(known)[1:]
        return f'{text},"outer":[{",".join(outer)}]' if outer else text

    def _units(self, cgroup: Cgroup) -> str:
        services = ",".join([self._quote(name) for name in cgroup.services])
        names = {"scope": cgroup.scope, "slice": cgroup.slice, "user_unit": cgroup.user_unit}
        text = self._members({f"systemd_{name}": value for name, value in names.items()})
        return f',"systemd_service":[{services}]{text}' if services else text

    def _members(self, texts: dict[str, str | None]) -> str:
        return "".join([f',"{name}":{self._quote(text)}' for name, text in texts.items() if text is not None])

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

Looked up once for each program, and kept with it, for labels and filters as well.
"""

from __future__ import annotations

import os

from sensor.audit.event import Addition, Event
from sensor.audit.fields import Fields, Value
from sensor.cache import BoundedDict
from sensor.process.cgroup import Cgroup, parse_cgroup
from sensor.process.containers import ContainerNames
from sensor.process.files import ProcFiles
from sensor.process.program import Place, Process, Program
from sensor.stages.options import CgroupOptions

_REMEMBERED = 1024
_LONGEST = 16384  # a path has at most 4096 bytes, and there is one for each of a dozen hierarchies


_NOWHERE = Place(Cgroup((), None, (), None, None, None, ()), True)


class Cgroups:
    """Looks processes up, for PID (`describe`), and for the top level (`stage`).

    mount: where control groups of version 2 are; a group's id is the inode of its directory there.
    """

    def __init__(
        self, options: CgroupOptions, files: ProcFiles, names: ContainerNames, mount: str = "/sys/fs/cgroup"
    ) -> None:
        self._options = options
        self._files = files
        self._names = names
        self._mount = mount
        self._known: BoundedDict[str, Place] = BoundedDict(_REMEMBERED)
        self._by_id: BoundedDict[int, Place] = BoundedDict(_REMEMBERED)
        self._members: BoundedDict[Place, Fields] = BoundedDict(_REMEMBERED)

    def describe(self, process: Process) -> Fields:
        """The members that PID gets."""
        place = process.program.place
        if place is None:
            place = self._place_of(process)
            if place.inherited and process.ended is None and self._files.is_open(process.program):
                process.changed()  # so that what is shown now is not remembered, and it is asked again
            else:
                process.program.place = place
        members = self._members.get(place)
        return self._members.keep(place, self._describe(place)) if members is None else members

    def stage(self, event: Event) -> None:
        """Add CONTAINER_INFO."""
        place = event.process.program.place if event.process is not None else None
        outermost = place.cgroup.containers[:1] if place is not None else ()
        if outermost and outermost[0].user is None:
            info: Fields = {"ID": outermost[0].id}
            event.additions.append(Addition(top={"CONTAINER_INFO": info}))

    def _place_of(self, process: Process) -> Place:
        place = self._observe(process.program) if process.ended is None else None
        place = place or self._by_id.get(process.cgroup)
        if place is not None:
            return place
        for ancestor in (process.spawned_by, process.parent):
            if ancestor is not None:
                inherited = ancestor.place or self._observe(ancestor)
                if inherited is not None:
                    ancestor.place = inherited
                    return inherited.taken_over()
        return _NOWHERE

    def _observe(self, program: Program) -> Place | None:
        text = self._files.read(program, "cgroup", _LONGEST)
        if text is None:
            return None
        return self._known.get(text) or self._learn(text)

    def _owner(self, path: str) -> str | None:
        """The user who may make groups in a group: the first on the way to it that is not the owner of all."""
        try:
            system, place = os.stat(self._mount).st_uid, self._mount
            for name in path.split("/"):
                place = f"{place}/{name}"
                user = os.stat(place.encode("latin-1")).st_uid
                if user != system:
                    return str(user)
        except (OSError, ValueError):
            pass
        return None

    def _learn(self, text: str) -> Place:
        place = self._known.keep(text, Place(parse_cgroup(text, self._owner), inherited=False))
        if text.startswith("0::/") and text.count("\n") == 1:  # else the id would stand for one of several groups
            try:
                status = os.stat(f"{self._mount}{text[3:-1]}".encode("latin-1"))
            except (OSError, ValueError):
                return place
            self._by_id.keep(status.st_ino, place)
        return place

    def _describe(self, place: Place) -> Fields:
        cgroup = place.cgroup
        source = "inherited" if place.inherited else "observed"
        members: Fields = {}
        if self._options.container and cgroup.containers:
            members["container"] = {**self._container(cgroup), "source": source}
        if self._options.systemd and cgroup.units:
            members.update(_units(cgroup))
            members["systemd_source"] = source
        return members

    def _container(self, cgroup: Cgroup) -> Fields:
        container = cgroup.containers[-1]
        names = self._names.of_cgroup(cgroup)
        outer: list[Value] = [around.id for around in cgroup.containers[:-1]]
        return _known(
            {
                "id": container.id,
                "runtime": container.runtime or names.runtime,
                "name": names.name,
                "image": names.image,
                "pod": names.pod,
                "namespace": names.namespace,
                "pod_uid": cgroup.pod,
                "user": container.user,
                "outer": outer or None,
            }
        )


def _units(cgroup: Cgroup) -> Fields:
    services: list[Value] = list(cgroup.services)
    return _known(
        {
            "systemd_service": services or None,
            "systemd_scope": cgroup.scope,
            "systemd_slice": cgroup.slice,
            "systemd_user_unit": cgroup.user_unit,
        }
    )


def _known(members: Fields) -> Fields:
    return {name: value for name, value in members.items() if value is not None}

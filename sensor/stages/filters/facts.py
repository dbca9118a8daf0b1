"""What rules can ask about an event: for each name, the texts that the event has there.

    key=(null)          []                  exe="/usr/bin/perl"     ["/usr/bin/perl"]
    key="a\\x01b"        ["a","b"]           auid=4294967295         ["4294967295","unset"]

Facts about WHO come from the part of a SYSCALL record that repeats from event to event,
or by the one record of an event from user space and its msg='…'; so they can be remembered.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Callable

from sensor.audit.event import Event
from sensor.audit.fields import UNSET, Fields, Value
from sensor.audit.paths import folded
from sensor.process.containers import ContainerNames
from sensor.process.host_paths import HostPaths
from sensor.process.program import Place, Process
from sensor.tables import syscalls, uring_ops

Texts = Collection[str]
_DONE = {"yes": "yes", "success": "yes", "1": "yes", "no": "no", "failed": "no", "0": "no"}
NUMBERS = ("uid", "auid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid", "ses")
_MOST_LEFT = 8
_TEXTS = ("exe", "comm", "tty", "subj", "acct", "op", "unit")


def _number(name: str) -> Callable[[Fields], Texts]:
    def texts(fields: Fields) -> Texts:
        value = fields.get(name)
        return () if value is None else (str(value), "unset") if value == UNSET else (str(value),)

    return texts


def _text(name: str) -> Callable[[Fields], Texts]:
    def texts(fields: Fields) -> Texts:
        value = fields.get(name)
        return (value,) if isinstance(value, str) else ()

    return texts


def keys(fields: Fields) -> Texts:
    """The audit keys of an event, and where there are several also all of them as they stand."""
    value, all_keys = fields.get("key"), fields.get("KEYS")
    if not isinstance(value, str):
        return ()
    return (value, *_strings(all_keys)) if isinstance(all_keys, list) and len(all_keys) > 1 else (value,)


def _strings(values: list[Value]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


WHO: dict[str, Callable[[Fields], Texts]] = {
    "key": keys,
    **{name: _number(name) for name in NUMBERS},
    **{name: _text(name) for name in _TEXTS},
}
"""Name → texts, of the fields about who acted."""


def _syscall(event: Event) -> Texts:
    if event.syscall is None:
        operation = event.subject.get("uring_op")
        name = uring_ops.name(operation) if isinstance(operation, int) else None
        return (name, uring_ops.call(name)) if name is not None else ()
    head = event.syscall.head
    name = syscalls.name(head.arch, head.number)
    return (str(head.number),) if name is None else (name, str(head.number))


def _success(event: Event) -> Texts:
    if event.syscall is not None:
        return () if event.syscall.success is None else ("yes",) if event.syscall.success else ("no",)
    fields = event.subject
    done = _DONE.get(str(fields.get("res", fields.get("success"))))
    return (done,) if done is not None else ()


def _types(event: Event) -> Texts:
    return tuple(event.records)


def _labels(event: Event) -> Texts:
    return (event.process.program.labels or ()) if event.process is not None else ()


def _place(event: Event) -> Place | None:
    return event.process.program.place if event.process is not None else None


def _units(event: Event) -> Texts:
    place = _place(event)
    return place.cgroup.units if place is not None else ()


def paths(event: Event) -> Texts:
    """The files an event names, absolute and with `..` folded; the directories they are in left aside.

    "" is a file that cannot be known. A directory that `..` leaves is named, too, for it may be a link to elsewhere.
    """
    found = []
    for record in event.records.get("PATH", ()):
        name = record.fields.get("name")
        if record.fields.get("nametype") == "PARENT":
            continue
        if not isinstance(name, str):
            found.append("")
        elif _is_plain(name):
            found.append(name)
        else:
            found += _folded(event, name)
    return found


def _is_plain(name: str) -> bool:
    return name[:1] == "/" and name[-1:] != "/" and "//" not in name and "/." not in name


def _folded(event: Event, name: str) -> list[str]:
    cwd = event.records["CWD"][0].fields.get("cwd") if "CWD" in event.records else None
    if name[:1] != "/" and not isinstance(cwd, str):
        return [""]
    path, left = folded(str(cwd), name)
    return [path, *left] if len(left) <= _MOST_LEFT else [""]


class EventFacts:
    """What can be asked about a whole event; its methods are the callables of EVENT."""

    def __init__(self, containers: ContainerNames, host_paths: HostPaths, names: Collection[str]) -> None:
        """names: what a `node=` may call this host."""
        self._containers = containers
        self._host_paths = host_paths
        self._names = names
        self.event: dict[str, Callable[[Event], Texts]] = {
            "success": _success,
            "syscall": _syscall,
            "type": _types,
            "label": _labels,
            "systemd_unit": _units,
            "container": self._container,
            "path": paths,
        }
        """Name → texts; what is asked first is what costs least."""

    def root_is(self, root: str, event: Event, image_only: bool) -> bool:
        """Return whether an event is of a process with the root that a rule asks for.

        image_only: no more need be the host's than the file that the process runs.
        """
        if root == "any":
            return True
        process = event.process
        if process is None and event.syscall is None:
            process = self._sender(event)
        if root == "other":
            return self._host_paths.has_other_root(process)
        return self._host_paths.image_holds(process) if image_only else self._host_paths.paths_hold(process)

    def _sender(self, event: Event) -> Process | None:
        """Who sent a message from user space: by the pid that the kernel has written."""
        pid = event.subject.get("pid")
        if not isinstance(pid, int) or (event.node and event.node not in self._names):
            return None
        return self._host_paths.table.find(pid, event.time)

    def _container(self, event: Event) -> Texts:
        place = _place(event)
        return self._containers.called(place.cgroup) if place is not None else ()

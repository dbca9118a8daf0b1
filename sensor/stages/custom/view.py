"""What the administrator's own stages see of an event, and what they can do to it.

    def stage(event):
        if event.exe == "/usr/bin/curl" and event.uid == 0:
            event.label("root-download")
            event.add("why", {"rule": 7, "argv": event.argv})
        return event.comm != "noisy"        # False drops the event

Text is text here: UTF-8 decoded, bytes that are none as surrogates (PEP 383). What is
added comes out under CUSTOM:  "CUSTOM":{"why":{"rule":7,"argv":["curl","…"]}}
"""

from __future__ import annotations

from typing import Any

from sensor.audit.argv import arguments_of
from sensor.audit.event import Event
from sensor.process.program import Place, Program
from sensor.process.roots import HOST
from sensor.tables import syscalls


class EventView:
    """One event. What an event does not show is None, or empty."""

    __slots__ = ("_event", "_fields", "added", "labelled")

    def __init__(self, event: Event) -> None:
        self._event = event
        self._fields: dict[str, Any] | None = None
        self.added: dict[str, Any] = {}
        self.labelled: set[str] = set()

    def add(self, name: str, value: Any) -> None:
        """Add a member: text, number, true, false, None, or lists and dictionaries of these."""
        self.added[str(name)] = value

    def label(self, *labels: str) -> None:
        """Label the process, from this event on."""
        self.labelled.update(map(str, labels))

    @property
    def id(self) -> str:
        """SECONDS.MILLISECONDS:SERIAL."""
        return self._event.id

    @property
    def time(self) -> float:
        """Seconds since 1970."""
        return self._event.time

    @property
    def node(self) -> str:
        """The host it comes from if the stream names it, else ""."""
        return str(_shown(self._event.node))

    @property
    def types(self) -> list[str]:
        """The types of its records."""
        return list(self._event.records)

    def records(self, type: str) -> list[dict[str, Any]]:
        """The fields of all records of a type; SYSCALL is asked by `fields` and the names below."""
        if type == "SYSCALL":
            return [self.fields] if self._event.syscall is not None else []
        return [_shown(record.fields) for record in self._event.records.get(type, ())]

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that show who acted: of SYSCALL (not its numbers and results), or of the user-space record.

        What that has in msg='…' is there as well.
        """
        if self._fields is None:
            self._fields = _shown(self._event.subject)
        return self._fields or {}

    @property
    def uid(self) -> int | None:
        """The user it acts for; `euid`, `auid`, `gid` … are in `fields`."""
        return self.fields.get("uid")

    @property
    def auid(self) -> int | None:
        """The user who logged in; 4294967295 where there was no login."""
        return self.fields.get("auid")

    @property
    def exe(self) -> str | None:
        """The executable."""
        return self._short("exe")

    @property
    def comm(self) -> str | None:
        """The name of the process."""
        return self._short("comm")

    @property
    def keys(self) -> list[str]:
        """The audit keys."""
        return self.fields.get("KEYS") or []

    @property
    def syscall(self) -> str | None:
        """The name of the system call; of one without a name the number."""
        if self._event.syscall is None:
            return None
        head = self._event.syscall.head
        return syscalls.name(head.arch, head.number) or str(head.number)

    @property
    def success(self) -> bool | None:
        """Whether the system call succeeded."""
        return self._event.syscall.success if self._event.syscall is not None else None

    @property
    def pid(self) -> int:
        """The process that made the system call; 0 where there is none."""
        return int(self._event.syscall.pid) if self._event.syscall is not None else 0

    @property
    def ppid(self) -> int:
        """The parent of the process that made it."""
        return int(self._event.syscall.ppid) if self._event.syscall is not None else 0

    @property
    def argv(self) -> list[str]:
        """The command line of the process, if the configuration lets it be kept; else that of an exec."""
        command = self._program.command if self._program is not None else None
        if command is not None:
            return [_shown(word) for word in command.words]
        if self._program is not None and self._program.execve is not None:
            return [_shown(word) for word in arguments_of(self._program.execve) if isinstance(word, str)]
        return [word for execve in self.records("EXECVE") for word in execve.get("ARGV", ()) if isinstance(word, str)]

    @property
    def script(self) -> str | None:
        """The script that the program was started for."""
        script = self._program.script if self._program is not None else None
        return str(_shown(script.path)) if script is not None else None

    @property
    def root(self) -> str | None:
        """What exe and paths are relative to: the root of the `host`, or an `other`; None where unknown.

        Anybody can call his program /usr/sbin/cron in a root of his own.
        """
        root = self._event.process.root if self._event.process is not None else None
        return None if root is None else "host" if root is HOST else "other"

    @property
    def labels(self) -> frozenset[str]:
        """The labels of the process."""
        given = self._program.labels if self._program is not None else None
        return frozenset([_shown(label) for label in given or ()]) | self.labelled

    @property
    def container(self) -> str | None:
        """The id of the container; 1000/ID if it is of a user's own runtime, ID/ID within another."""
        container = self._place.cgroup.container if self._place is not None else None
        return str(_shown(container)) if container is not None else None

    @property
    def units(self) -> list[str]:
        """The systemd units around the process; user@1000.service/NAME where that user's manager has named one."""
        place = self._place
        return [_shown(unit) for unit in place.cgroup.units] if place is not None else []

    def _short(self, name: str) -> str | None:
        """What is at hand without decoding a SYSCALL record's fields."""
        syscall = self._event.syscall
        text: str | None = _shown(getattr(syscall.rest, name)) or None if syscall is not None else self.fields.get(name)
        return text

    @property
    def _program(self) -> Program | None:
        return self._event.process.program if self._event.process is not None else None

    @property
    def _place(self) -> Place | None:
        return self._program.place if self._program is not None else None


def _shown(value: Any) -> Any:
    """A decoded value with its texts as Python has them."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("latin-1").decode("utf-8", "surrogateescape")
    if isinstance(value, list):
        return [_shown(element) for element in value]
    if isinstance(value, dict):
        return {_shown(name): _shown(inner) for name, inner in value.items()}
    return value

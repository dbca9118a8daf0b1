"""The line of a process that executes: its parent, its parent's parent, and so on.

    "SYSCALL":{…,"ANCESTORS":[{"GUID":"…","comm":"bash"},{"GUID":"…","comm":"sshd"},{"GUID":null,"comm":"systemd"}]}

Nearest first. The line ends where no more is known; with the kernel probe that is at
init, also for processes whose parents have died since.
"""

from __future__ import annotations

from typing import Callable

from sensor.audit.event import Event
from sensor.audit.fields import Fields, Value
from sensor.process.guid import process_guid
from sensor.process.host import Host
from sensor.process.program import Process, Program
from sensor.process.table import ProcessTable

TableOf = Callable[[Event], ProcessTable]


class Ancestors:
    """The stage.

    table_of: an event → the table in which its processes are.
    """

    def __init__(self, count: int, table_of: TableOf, host: Host) -> None:
        self._count = count
        self._table_of = table_of
        self._host = host

    def stage(self, event: Event) -> None:
        """Add the ancestors of a process to its exec."""
        if event.process is not None and event.is_exec:
            line: list[Value] = [self._member(program) for program in self._line(event.process, self._table_of(event))]
            event.add({"ANCESTORS": line})

    def _line(self, process: Process, table: ProcessTable) -> list[Program]:
        line: list[Program] = []
        seen = {id(process)}
        following: Process | None = process
        while following is not None and following.parent is not None and len(line) < self._count:
            line.append(following.parent)
            following = table.process_of(following.parent)
            if id(following) in seen:
                break
            seen.add(id(following))
        return line

    def _member(self, program: Program) -> Fields:
        guid = process_guid(self._host.boot_id, *program.key) if program.key is not None else None
        return {"GUID": guid, "comm": program.comm or None}

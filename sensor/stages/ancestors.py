"""The line of a process that executes: its parent, its parent's parent, and so on.

    "SYSCALL":{…,"ANCESTORS":[{"GUID":"…","comm":"bash"},{"GUID":"…","comm":"sshd"},{"GUID":null,"comm":"systemd"}]}

Nearest first. The line ends where nobody knows more; with the kernel probe that is at
init, also for processes whose parents have died since.
"""

from __future__ import annotations

from dataclasses import dataclass

from sensor.audit.render import Style
from sensor.event import Event
from sensor.options import option
from sensor.process.guid import process_guid
from sensor.process.procfs import Host
from sensor.process.program import Process, Program
from sensor.process.table import ProcessTable


@dataclass(frozen=True)
class Options:
    """How far back the line of a process is told."""

    ancestors: int = option(0, "Put GUID and comm of so many ancestors on exec events, nearest first.", minimum=0)


class Ancestors:
    """The stage."""

    def __init__(self, count: int, style: Style, table: ProcessTable, host: Host) -> None:
        self._count = count
        self._style = style
        self._table = table
        self._host = host

    def stage(self, event: Event) -> bool:
        """Add the ancestors of a process to its exec; drops none."""
        process: Process | None = event.process
        if process is not None and event.syscall.success and "EXECVE" in event.records:
            line = ",".join([self._member(program) for program in self._line(process)])
            event.syscall.extra += f',"{self._style.key("ANCESTORS")}":[{line}]'
        return True

    def _line(self, process: Process) -> list[Program]:
        line: list[Program] = []
        seen = {id(process)}
        following: Process | None = process
        while following is not None and following.parent is not None and len(line) < self._count:
            line.append(following.parent)
            following = self._table.process_of(following.parent)
            if id(following) in seen:
                break
            seen.add(id(following))
        return line

    def _member(self, program: Program) -> str:
        guid = f'"{process_guid(self._host.boot_id, *program.key)}"' if program.key is not None else "null"
        return f'{{"GUID":{guid},"comm":{self._style.quote(program.comm) if program.comm else "null"}}}'

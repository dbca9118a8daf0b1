"""The command line of the process on every event, and that of its parent.

    "SYSCALL":{…,"CMDLINE":["perl","-e","print 1"],"CMDLINE_SOURCE":"observed"}
    "SYSCALL":{…,"CMDLINE":["tar","c","/very/lo"],"CMDLINE_SKIPPED":51822,"CMDLINE_SOURCE":"inherited"}
    "PARENT_INFO":{"ARGV":["bash"],"ARGV_SOURCE":"observed","launch_time":1626611323.973,"ppid":721539,"comm":"bash",
      "exe":"/usr/bin/bash","GUID":"b770a0ed-…","GUID_SOURCE":"probe"}      with parent_info, at the top level

CMDLINE_SKIPPED is how many bytes of arguments are left out, at least; a command line
is `inherited` by a process that has executed nothing since it was forked. launch_time is when
the parent began its program, in seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass

from sensor.audit.render import Style
from sensor.event import Event
from sensor.options import option
from sensor.process.command import Command, Commands
from sensor.process.guid import process_guid
from sensor.process.procfs import Host
from sensor.process.program import Process, Program
from sensor.process.table import ProcessTable

_LINE, _PARENT = "~cmdline", "~parent_info"


@dataclass(frozen=True)
class Options:
    """Command lines on events that are no exec."""

    cmdline: bool = option(False, "Add CMDLINE to SYSCALL: the command line of the process, on every event.")
    cmdline_bytes: int = option(1024, "How much of a command line CMDLINE and PARENT_INFO have.", (), 1, "bytes")
    parent_info: bool = option(
        False, "Add the top-level PARENT_INFO of LAUREL's first releases: command line and start of the parent."
    )


class CommandLines:
    """The stages; `learn` has to come before the others, and before whoever reads the mark "argv"."""

    def __init__(self, options: Options, style: Style, commands: Commands, host: Host, table: ProcessTable) -> None:
        self._limit = options.cmdline_bytes
        self._quote = style.quote
        self._line, self._skipped, self._source, self._parent = (
            style.key(key) for key in ("CMDLINE", "CMDLINE_SKIPPED", "CMDLINE_SOURCE", "PARENT_INFO")
        )
        self._commands = commands
        self._host = host
        self._table = table

    def learn(self, event: Event) -> bool:
        """Take in the command line of a program that begins."""
        process = event.process
        if process is not None and process.program.event_id == event.id and "EXECVE" in event.records:
            self._commands.learn(process.program, event.records["EXECVE"][0])
        return True

    def add_cmdline(self, event: Event) -> bool:
        """Add CMDLINE to an event."""
        process: Process | None = event.process
        if process is not None:
            marks = process.program.marks
            text: str | None = marks.get(_LINE)
            if text is None:
                text = marks[_LINE] = self._cmdline(self._commands.of(process.program, process.spawned_by))
            event.syscall.extra += text
        return True

    def add_parent_info(self, event: Event) -> bool:
        """Add PARENT_INFO to an event."""
        process: Process | None = event.process
        if process is not None and process.parent is not None:
            marks = process.parent.marks
            text: str | None = marks.get(_PARENT)
            if text is None:
                text = marks[_PARENT] = self._parent_info(process.parent)
            event.top += text
        return True

    def _cmdline(self, command: Command) -> str:
        command = command.within(self._limit)
        if not command.words:
            return ""
        skipped = f',"{self._skipped}":{command.skipped}' if command.skipped else ""
        return f',"{self._line}":{self._list(command)}{skipped},"{self._source}":{_source(command)}'

    def _parent_info(self, parent: Program) -> str:
        process = self._table.process_of(parent)
        forked_by = process.spawned_by if process is not None and process.program is parent else None
        command = self._commands.of(parent, forked_by).within(self._limit)
        argv = f'"ARGV":{self._list(command)},"ARGV_SOURCE":{_source(command)},' if command.words else ""
        launched, key = None, parent.key
        if parent.event_id:
            launched = float(parent.event_id.partition(":")[0])
        elif key is not None:
            launched = self._host.boot_time + key.ticks / 100
        time = f'"launch_time":{launched:.3f},' if launched is not None else ""
        comm, exe = (self._quote(name) if name else "null" for name in (parent.comm, parent.exe))
        guid = ""
        if key is not None:
            guid = f',"GUID":"{process_guid(self._host.boot_id, *key)}","GUID_SOURCE":"{parent.source}"'
        return f',"{self._parent}":{{{argv}{time}"ppid":{parent.ppid},"comm":{comm},"exe":{exe}{guid}}}'

    def _list(self, command: Command) -> str:
        return "[" + ",".join([self._quote(word) for word in command.words]) + "]"


def _source(command: Command) -> str:
    return '"inherited"' if command.inherited else '"observed"'

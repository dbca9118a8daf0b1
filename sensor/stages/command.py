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

from typing import Callable

from sensor.audit.event import Addition, Event
from sensor.audit.fields import Fields, Value
from sensor.audit.number import Number
from sensor.cache import BoundedDict
from sensor.process.command import NOT_YET, Commands
from sensor.process.command_line import Command
from sensor.process.guid import process_guid
from sensor.process.host import Host
from sensor.process.program import Program, Shown
from sensor.process.table import ProcessTable
from sensor.stages.options import CommandOptions

TableOf = Callable[[Event], ProcessTable]
_REMEMBERED = 512


class CommandLines:
    """The stages; `learn` has to come before the others, and before all that use command lines.

    table_of: an event → the table in which its processes are.
    """

    def __init__(self, options: CommandOptions, commands: Commands, host: Host, table_of: TableOf) -> None:
        self._limit = options.cmdline_bytes
        self._commands = commands
        self._host = host
        self._lines: BoundedDict[Command, Addition] = BoundedDict(_REMEMBERED)
        self._parents: BoundedDict[tuple[float, Shown], Addition] = BoundedDict(_REMEMBERED)
        self._table_of = table_of

    def learn(self, event: Event) -> None:
        """Take in the command line of a program that begins."""
        if event.process is not None and event.began_program:
            self._commands.learn(event.process.program, event.records["EXECVE"][0].body)

    def add_cmdline(self, event: Event) -> None:
        """Add CMDLINE to an event."""
        process = event.process
        if process is not None:
            command = self._commands.of(process.program, process.spawned_by)
            if command is NOT_YET:
                event.provisional = True
            elif command.words:
                event.additions.append(self._lines.get(command) or self._line(command))

    def add_parent_info(self, event: Event) -> None:
        """Add PARENT_INFO to an event."""
        parent = event.process.parent if event.process is not None else None
        if parent is not None:
            key = self._host.boot_time, parent.shown
            event.additions.append(self._parents.get(key) or self._parent(parent, key, event))

    def _line(self, command: Command) -> Addition:
        shown = command.within(self._limit)
        skipped: Fields = {"CMDLINE_SKIPPED": shown.skipped} if shown.skipped else {}
        added: Fields = {"CMDLINE": _words(shown), **skipped, "CMDLINE_SOURCE": _source(shown)}
        return self._lines.keep(command, Addition(added if shown.words else {}))

    def _parent(self, parent: Program, key: tuple[float, Shown], event: Event) -> Addition:
        table = self._table_of(event)
        if not parent.exe:
            table.learn_names(parent)
        process = table.process_of(parent)
        forked_by = process.spawned_by if process is not None and process.program is parent else None
        command = self._commands.of(parent, forked_by)
        added = Addition(top={"PARENT_INFO": self._parent_info(parent, command.within(self._limit))})
        if command is NOT_YET:
            event.provisional = True
            return added
        return self._parents.keep(key, added)

    def _parent_info(self, parent: Program, command: Command) -> Fields:
        info: Fields = {}
        if command.words:
            info = {"ARGV": _words(command), "ARGV_SOURCE": _source(command)}
        key = parent.key
        if parent.event_id:
            info["launch_time"] = Number(f"{float(parent.event_id.partition(':')[0]):.3f}")
        elif key is not None:
            info["launch_time"] = Number(f"{self._host.boot_time + key.ticks / 100:.3f}")
        info.update({"ppid": parent.ppid, "comm": parent.comm or None, "exe": parent.exe or None})
        if key is not None:
            info.update({"GUID": process_guid(self._host.boot_id, *key), "GUID_SOURCE": parent.source})
        return info


def _words(command: Command) -> list[Value]:
    return list(command.words)


def _source(command: Command) -> str:
    return "inherited" if command.inherited else "observed"

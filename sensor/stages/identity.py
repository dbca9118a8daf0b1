"""Who did it: the identity of the process, its parent, its spawner and its session.

    "SYSCALL":{…,"ppid":3103,"pid":3148,"ses":1,…,
      "PID":{"EVENT_ID":"1795342166.044:92742","GUID":"b770a0ed-…","GUID_SOURCE":"proc"},
      "PPID":{"START_TIME":"1795342160.120","GUID":"…","GUID_SOURCE":"proc"},
      "SPAWNED_BY":{"START_TIME":"…","GUID":"…","GUID_SOURCE":"proc","pid":3103,"comm":"bash","exe":"/usr/bin/bash"},
      "SESSION_GUID":"…"}

EVENT_ID is the event in which the process began the program it runs; a process that was
there before has START_TIME instead. Every other record that names a process (`opid=42`,
`pid=1` of user space) gets the same beside it (OPID, PID), with comm, exe and ppid.
A process that nobody saw start has no GUID.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable

from sensor.audit.record import Record
from sensor.audit.render import Style
from sensor.cache import BoundedDict
from sensor.event import Event
from sensor.options import option
from sensor.process.guid import process_guid, session_guid
from sensor.process.procfs import Host
from sensor.process.program import Process, Program, Sighting
from sensor.process.table import ProcessTable

Describe = Callable[[Process], str]
_MAX_NODES = 64
_MOST_SESSIONS = 4096
_WITHOUT_PIDS = {"SYSCALL", "EXECVE", "CWD", "PATH", "PROCTITLE", "SOCKADDR", "BPRM_FCAPS"}


@dataclass(frozen=True)
class Options:
    """Which processes are told beside a record."""

    pid: bool = option(True, "Add PID and PPID to SYSCALL, and the like beside every other pid.")
    ppid_verbose: bool = option(False, "Add comm, exe and ppid to PPID.")
    spawned_by: bool = option(True, "Add SPAWNED_BY: the program that forked the process, or that it ran before.")
    session_guid: bool = option(True, "Add SESSION_GUID beside `ses`.")


class Identity:
    """The stage.

    local: the table of this host's processes.
    host: events from before its boot, and those of other nodes, get only what the
        records themselves tell.
    describe: what else is known about a process, as members for PID, each with a comma
        before it; asked once for each program.
    """

    def __init__(
        self, options: Options, style: Style, local: ProcessTable, host: Host, describe: Sequence[Describe] = ()
    ) -> None:
        self._options = options
        self._quote = style.quote
        self._prefix = style.prefix
        self._local = local
        self._host = host
        self._more = tuple(describe)
        self._unidentified = local.unidentified
        self._foreign: BoundedDict[str, ProcessTable] = BoundedDict(_MAX_NODES)
        self._sessions: BoundedDict[int, str] = BoundedDict(_MOST_SESSIONS)

    def stage(self, event: Event) -> bool:
        """Add identities to an event; drops none."""
        return self.track(event) and self.tell(event) and self.name_others(event)

    def track(self, event: Event) -> bool:
        """Find out who made the system call; looks at SYSCALL only, and whether there is an EXECVE."""
        syscall = event.syscall
        if syscall is not None and syscall.pid:
            local = event.id >= self._host.booted and not event.node  # nearly always
            table = self._local if local or self._is_local(event) else self._table_of(event.node)
            is_exec = "EXECVE" in event.records and syscall.success
            process = table.current(syscall.pid)
            if (
                process is None
                or is_exec
                or process.ppid != syscall.ppid
                or process.program.exe != syscall.rest.exe
                or not process.since <= event.id <= process.until
                or process.text is None
                or syscall.values[1] is None
            ):
                process = self._sight(table, event, bool(is_exec))
            if process.unidentified:
                self._unidentified[process.unidentified] += 1
            event.process = process
        return True

    def tell(self, event: Event) -> bool:
        """Say who made the system call, and in which session."""
        if event.process is not None:
            syscall = event.syscall
            syscall.extra += self.describe(event.process)
            ses = syscall.rest.ses
            if ses is not None and self._options.session_guid and self._is_local(event):
                syscall.extra += self._sessions.get(ses) or self._session(ses)
        return True

    def name_others(self, event: Event) -> bool:
        """Say whom the other records name."""
        if self._options.pid and not event.records.keys() <= _WITHOUT_PIDS:
            local = self._is_local(event)
            self._other_records(event, self._local if local else self._table_of(event.node), local)
        return True

    def _is_local(self, event: Event) -> bool:
        return self._host.is_this(event.node, event.id)

    def _sight(self, table: ProcessTable, event: Event, is_exec: bool) -> Process:
        syscall = event.syscall
        rest, id = syscall.rest, event.id
        facts = syscall.pid, syscall.ppid, rest.comm, rest.exe, id, float(id.partition(":")[0]), is_exec
        process = table.sight(Sighting(*facts, rest.ses, rest.auid, syscall.values[1] is None))
        self.describe(process)
        return process

    def describe(self, process: Process) -> str:
        """The identities of a process as JSON members, each with a comma before it."""
        if process.text is None:
            process.text = self._text_of(process)
        return process.text

    def _text_of(self, process: Process) -> str:
        options = self._options
        text = ""
        described = self._described(process)
        if options.pid:
            text = f',"{self._named("PID")}":{{{self._text(process.program)}{described}}}'
            if process.parent is not None:
                members = self._full if options.ppid_verbose else self._text
                text += f',"{self._named("PPID")}":{{{members(process.parent)}}}'
        if options.spawned_by and process.spawned_by is not None:
            by = process.spawned_by
            text += f',"{self._named("SPAWNED_BY")}":{{{self._text(by)},"pid":{by.pid},{self._names(by)}}}'
        return text

    def _described(self, process: Process) -> str:
        return "".join([describe(process) for describe in self._more])

    def _text(self, program: Program) -> str:
        if program.text is None:
            text = f'"EVENT_ID":"{program.event_id}"'
            if program.key is not None:
                if not program.event_id:
                    text = f'"START_TIME":"{self._host.boot_time + program.key.ticks / 100:.3f}"'
                guid = process_guid(self._host.boot_id, *program.key)
                text += f',"GUID":"{guid}","GUID_SOURCE":"{program.source}"'
            program.text = text
        return program.text

    def _names(self, program: Program) -> str:
        if not program.exe:
            self._local.learn_names(program)
        comm, exe = (self._quote(name) if name else "null" for name in (program.comm, program.exe))
        return f'"comm":{comm},"exe":{exe}'

    def _full(self, program: Program) -> str:
        return f'{self._text(program)},{self._names(program)},"ppid":{program.ppid}'

    def _other_records(self, event: Event, table: ProcessTable, local: bool) -> None:
        for name, group in event.records.items():
            for index, record in enumerate(group):
                if record.pids:
                    event.replace(name, index, self._extended(record, event, table, local))

    def _extended(self, record: Record, event: Event, table: ProcessTable, local: bool) -> Record:
        """A copy of a record with the identities of the processes it names."""
        time = float(event.id.partition(":")[0])
        text = ""
        for key, pid in record.pids:
            process = table.find(pid, time)
            if process is not None and self._named(key) not in record.fields:
                text += f',"{self._named(key)}":{{{self._full(process.program)}{self._described(process)}}}'
        ses: Any = record.fields.get("ses")
        told = self._named("SESSION_GUID") in record.fields
        if local and self._options.session_guid and isinstance(ses, int) and not told:
            text += self._sessions.get(ses) or self._session(ses)
        return record.extended(text)

    def _session(self, ses: int) -> str:
        guid = session_guid(self._host.boot_id, ses)
        return self._sessions.keep(ses, f',"{self._named("SESSION_GUID")}":{self._quote(guid) if guid else "null"}')

    def _named(self, key: str) -> str:
        """The key, in the form that `enrich.prefix` asks for."""
        return self._prefix + key.lower() if self._prefix else key

    def _table_of(self, node: str) -> ProcessTable:
        table = self._foreign.get(node)
        if table is None:
            table = self._foreign.keep_newest(node, self._local.without_proc("other_host" if node else "before_boot"))
        return table

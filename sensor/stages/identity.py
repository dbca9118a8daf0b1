"""Who did it: the identity of the process, its parent, its spawner and its session.

    "SYSCALL":{…,"ppid":3103,"pid":3148,"ses":1,…,
      "PID":{"EVENT_ID":"1795342166.044:92742","GUID":"b770a0ed-…","GUID_SOURCE":"proc"},
      "PPID":{"START_TIME":"1795342160.120","GUID":"…","GUID_SOURCE":"proc"},
      "SPAWNED_BY":{"START_TIME":"…","GUID":"…","GUID_SOURCE":"proc","pid":3103,"comm":"bash","exe":"/usr/bin/bash"},
      "SESSION_GUID":"…"}

EVENT_ID is the event in which the process began the program it runs; a process that was
there before has START_TIME instead. Every other record that names a process (`opid=42`,
`pid=1` of user space) gets the same beside it (OPID, PID), with comm, exe and ppid.
A process whose start was not seen has no GUID.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

from sensor.audit.boots import Boots
from sensor.audit.event import WITHOUT_PIDS, Addition, Event
from sensor.audit.fields import Fields
from sensor.audit.naming import Naming
from sensor.audit.record import Record
from sensor.audit.syscall import Syscall
from sensor.audit.types import LIST
from sensor.cache import BoundedDict
from sensor.process.choice import Observation
from sensor.process.guid import process_guid, session_guid
from sensor.process.host import Host
from sensor.process.program import Process, Program, Shown
from sensor.process.table import ProcessTable
from sensor.stages.options import IdentityOptions
from sensor.tables import syscalls

Describe = Callable[[Process], Fields]
"""A process → what is known about it besides, as members for PID."""
_MAX_NODES = 64
_MOST_SESSIONS = 4096
_MOST_PARENTS = 512


class Identity:
    """The stages: `track` first of all, `add` and `name_others` where it is shown.

    naming: of the added keys, which a record's own may not be.
    local: the table of this host's processes.
    host: events from before its boot, and those of other nodes, get only what the
        records themselves show.
    describe: what else is known about a process.
    boots: notices when another node, or the one of a recorded log, has booted.
    """

    def __init__(
        self,
        options: IdentityOptions,
        naming: Naming,
        local: ProcessTable,
        host: Host,
        describe: Sequence[Describe] = (),
    ) -> None:
        self._options = options
        self._naming = naming
        self._local = local
        self._host = host
        self._more = tuple(describe)
        self._unidentified = local.unidentified
        self._foreign: BoundedDict[str, ProcessTable] = BoundedDict(_MAX_NODES)
        self._sessions: BoundedDict[int, Addition] = BoundedDict(_MOST_SESSIONS)
        self.boots = Boots()
        self.boots.observers.append(self._forget)
        self._known: BoundedDict[int, tuple[Addition, ...]] = BoundedDict(_MOST_PARENTS)
        self._parents: BoundedDict[tuple[float, Shown], Addition] = BoundedDict(_MOST_PARENTS)
        self._spawners: BoundedDict[tuple[float, Shown], Addition] = BoundedDict(_MOST_PARENTS)

    def track(self, event: Event) -> None:
        """Find out who made the system call, or of whom the kernel's record is."""
        syscall = event.syscall
        table = self._local if event.id >= self._host.booted and not event.node else self._first_look(event)
        if syscall is not None and syscall.pid:
            process = table.current(syscall.pid)
            is_exec = syscall.result == "yes" and event.template.has_execve
            if (
                process is None
                or is_exec
                or not process.settled
                or process.ppid != syscall.ppid
                or process.program.exe != syscall.rest.exe
                or not process.since <= event.id <= process.until
                or syscall.result is None
            ):
                process = self._sight(table, event, syscall, is_exec)
            if process.unidentified:
                self._unidentified[process.unidentified] += 1
            event.process = process
        elif syscall is None:
            event.process = self._named_by_kernel(event)

    def _first_look(self, event: Event) -> ProcessTable:
        """The table of an event's processes, once it is known whether its node has booted."""
        node = event.node
        if self._host.is_this(node, event.id):
            return self._local
        self.boots.see(event)
        return self._foreign.get(node) or self._table_of(node)

    def add(self, event: Event) -> None:
        """Add who made the system call, and in which session."""
        syscall = event.syscall
        if event.process is None or syscall is None:
            return
        event.additions += self._identities(event.process)
        ses = syscall.rest.ses
        if ses is not None and self._options.session_guid and self._is_local(event):
            event.additions.append(self._sessions.get(ses) or self._session(ses))

    def name_others(self, event: Event) -> None:
        """Add whom the other records name."""
        if self._options.pid and event.template.names_processes:
            local = self._is_local(event)
            self._other_records(event, self._local if local else self._table_of(event.node), local)

    def _named_by_kernel(self, event: Event) -> Process | None:
        """The process of a record that the kernel wrote without a system call: URINGOP, SECCOMP, ANOM_ABEND …"""
        for name, group in event.records.items():
            pid = group[0].fields.get("pid") if name not in WITHOUT_PIDS and group[0].type.shape == LIST else None
            if isinstance(pid, int) and pid > 0:
                table = self._local if self._is_local(event) else self._table_of(event.node)
                process = table.find(pid, event.time)
                if process is not None:
                    for describe in self._more:
                        describe(process)
                    if name == "ANOM_ABEND":
                        table.exited(process, event.time)
                return process
        return None

    def table_of(self, event: Event) -> ProcessTable:
        """The table in which the processes of an event are."""
        return self._local if self._is_local(event) else self._table_of(event.node)

    def describe(self, process: Process) -> Fields:
        """The identities of a process, of its parent and of its spawner."""
        subject: Fields = {}
        for addition in self._identities(process):
            subject.update(addition.subject)
        return subject

    def _identities(self, process: Process) -> tuple[Addition, ...]:
        known = self._known.get(process.version)
        return self._known.keep(process.version, self._identify(process)) if known is None else known

    def _identify(self, process: Process) -> tuple[Addition, ...]:
        options, parent, by = self._options, process.parent, process.spawned_by
        boot = self._host.boot_time
        added: list[Addition] = []
        if options.pid:
            pid = self._identity(process.program)
            for describe in self._more:
                pid.update(describe(process))
            added.append(Addition({"PID": pid}))
            if parent is not None:
                added.append(self._parents.get((boot, parent.shown)) or self._parent(parent))
        if options.spawned_by and by is not None:
            added.append(self._spawners.get((boot, by.shown)) or self._spawner(by))
        return tuple(added)

    def _parent(self, program: Program) -> Addition:
        of_parent = self._full if self._options.ppid_verbose else self._identity
        added = Addition({"PPID": of_parent(program)})
        return self._parents.keep((self._host.boot_time, program.shown), added)

    def _spawner(self, program: Program) -> Addition:
        by: Fields = {**self._identity(program), "pid": program.pid, **self._names(program)}
        return self._spawners.keep((self._host.boot_time, program.shown), Addition({"SPAWNED_BY": by}))

    def _is_local(self, event: Event) -> bool:
        return self._host.is_this(event.node, event.id)

    def _sight(self, table: ProcessTable, event: Event, syscall: Syscall, is_exec: bool) -> Process:
        rest = syscall.rest
        seen = Observation(syscall.pid, syscall.ppid, event.id, event.time, is_exec)
        seen.runs(rest.comm, rest.exe)
        seen.acts(rest.ses, rest.auid, syscall.result is None)
        process = table.observe(seen)
        for describe in self._more:  # labels and filters want to know, too
            describe(process)
        if syscall.result is None and _ends_process(syscall):
            table.exited(process, event.time)
        return process

    def _described(self, process: Process) -> Fields:
        members: Fields = {}
        for describe in self._more:
            members.update(describe(process))
        return members

    def _identity(self, program: Program) -> Fields:
        key = program.key
        if key is None:
            return {"EVENT_ID": program.event_id}
        if not program.guid:
            program.guid = process_guid(self._host.boot_id, *key)
        if program.event_id:
            return {"EVENT_ID": program.event_id, "GUID": program.guid, "GUID_SOURCE": program.source}
        start = f"{self._host.boot_time + key.ticks / 100:.3f}"
        return {"START_TIME": start, "GUID": program.guid, "GUID_SOURCE": program.source}

    def _names(self, program: Program) -> Fields:
        if not program.exe:
            self._local.learn_names(program)
        return {"comm": program.comm or None, "exe": program.exe or None}

    def _full(self, program: Program) -> Fields:
        return {**self._identity(program), **self._names(program), "ppid": program.ppid}

    def _other_records(self, event: Event, table: ProcessTable, local: bool) -> None:
        for name, group in event.records.items():
            for index, record in enumerate(group):
                if record.pids:
                    event.replace(name, index, self._extended(record, event, table, local))

    def _extended(self, record: Record, event: Event, table: ProcessTable, local: bool) -> Record:
        """A copy of a record with the identities of the processes it names."""
        key_of = self._naming.key
        added: Fields = {}
        for key, pid in record.pids:
            process = table.find(pid, event.time)
            if process is not None and key_of(key) not in record.fields:
                added[key] = {**self._full(process.program), **self._described(process)}
        ses = record.fields.get("ses")
        wanted = local and self._options.session_guid and key_of("SESSION_GUID") not in record.fields
        if wanted and isinstance(ses, int):
            added.update((self._sessions.get(ses) or self._session(ses)).subject)
        return record.extended(added)

    def _session(self, ses: int) -> Addition:
        return self._sessions.keep(ses, Addition({"SESSION_GUID": session_guid(self._host.boot_id, ses)}))

    def _forget(self, node: str) -> None:
        """A node has booted: nothing that is known of its processes holds any more."""
        self._foreign.pop(node, None)

    def _table_of(self, node: str) -> ProcessTable:
        table = self._foreign.get(node)
        if table is None:
            table = self._foreign.keep_newest(node, self._local.without_proc("other_host" if node else "before_boot"))
        return table


def _ends_process(syscall: Syscall) -> bool:
    """Return whether a call from which nothing returned ended all threads; exit(2) ends one, a crash all as well."""
    return syscalls.name(syscall.head.arch, syscall.head.number) == "exit_group"

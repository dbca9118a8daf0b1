"""Leaders: of the process group, of the session (setsid(2)), and the process through which a user or a job came in.

    "ENTRY_LEADER":{"pid":3103,"GUID":"…","comm":"bash","exe":"/usr/bin/bash","START_TIME":"…","ARGV":["-bash"],
      "type":"sshd"}
    "SESSION_LEADER":{"pid":3103,"GUID":"…","comm":"bash","exe":"/usr/bin/bash"}
    "LEADS":{"GROUP_LEADER":{"pid":3148,"GUID":"…",…}}                             it is the leader of its own group

What the Elastic Common Schema has as process.entry_leader, session_leader and group_leader; only that form asks for it.
Groups and sessions are in /proc/PID/stat (fields 5 and 6) alone, so recorded logs have none, and a process that has
ended by then has the session of the process that forked it.

The entry leader is the nearest ancestor whose parent is a door: init, sshd(8), login(1), a container's shim and so on;
`type` is that of ECS entry_meta.type. In a login session of which no door is known it is the furthest ancestor that is
known, without a type.
"""

from __future__ import annotations

from typing import Callable

from sensor.audit.event import Addition, Event
from sensor.audit.fields import UNSET, Fields, Value
from sensor.cache import BoundedDict
from sensor.process.command import NOT_YET, Commands
from sensor.process.files import ProcFiles
from sensor.process.guid import process_guid
from sensor.process.host import Host
from sensor.process.procfs import stat_fields
from sensor.process.program import Process, Program, Shown
from sensor.process.table import ProcessTable

ENTRY, SESSION, GROUP = "ENTRY_LEADER", "SESSION_LEADER", "GROUP_LEADER"
_REMEMBERED = 1024
_FURTHEST = 64
_STAT = 1024
TableOf = Callable[[Event], ProcessTable]
_DOORS = {
    **dict.fromkeys(("sshd", "sshd-session", "sshd-auth", "dropbear"), "sshd"),
    **dict.fromkeys(("login", "getty", "agetty"), "console"),
    **dict.fromkeys(("amazon-ssm-agent", "ssm-agent-worker", "ssm-session-worker"), "ssm"),
    **dict.fromkeys(("containerd-shim", "containerd-shim-runc-v2", "conmon", "runc", "crun"), "container"),
    "kubelet": "kubelet",
    "teleport": "teleport",
}
"""Program → what comes in by it, in ECS words. Behind a door there may be further ones of its kind."""


class Leaders:
    """The stage.

    table_of: an event → the table in which its processes are.
    bytes: how much of a command line is shown.
    """

    def __init__(self, table_of: TableOf, commands: Commands, files: ProcFiles, host: Host, bytes: int) -> None:
        self._table_of = table_of
        self._commands = commands
        self._files = files
        self._host = host
        self._bytes = bytes
        self._known: BoundedDict[tuple[str, str, float, Shown], Addition] = BoundedDict(_REMEMBERED)
        self._sessions: BoundedDict[Program, int] = BoundedDict(_REMEMBERED)
        self._orphans: BoundedDict[Process, int] = BoundedDict(_REMEMBERED)

    def stage(self, event: Event) -> None:
        """Add its leaders to a system call."""
        process, syscall = event.process, event.syscall
        if process is None or syscall is None:
            return
        table = self._table_of(event)
        entry, type = self._entry(table, process, event.time)
        group, session = self._numbers(event, process)
        leaders: list[tuple[str, Process | None]] = []
        if type or syscall.rest.ses not in (None, UNSET):
            leaders.append((ENTRY, entry))
        for name, pid in ((SESSION, session), (GROUP, group)):
            if pid:
                leaders.append((name, process if pid == process.pid else table.find(pid, event.time)))
        leads = ""
        for name, leader in leaders:
            if leader is process:
                leads += f"{name} "
            elif leader is not None:
                key = name, type, self._host.boot_time, leader.program.shown
                event.additions.append(self._known.get(key) or self._led_by(key, event, leader))
        if leads:
            key = leads, type, self._host.boot_time, process.program.shown
            event.additions.append(self._known.get(key) or self._leads(key, event, process))

    def _led_by(self, key: tuple[str, str, float, Shown], event: Event, leader: Process) -> Addition:
        name, type, *_ = key
        return self._kept(key, event, Addition({name: self._describe(event, leader, name, type)}))

    def _leads(self, key: tuple[str, str, float, Shown], event: Event, process: Process) -> Addition:
        names, type, *_ = key
        leads: Fields = {name: self._describe(event, process, name, type) for name in names.split()}
        return self._kept(key, event, Addition({"LEADS": leads}))

    def _kept(self, key: tuple[str, str, float, Shown], event: Event, added: Addition) -> Addition:
        return added if event.provisional else self._known.keep(key, added)

    def _numbers(self, event: Event, process: Process) -> tuple[int, int]:
        """Numbers of its group and of its session; 0 where they are not known."""
        program = process.program
        text = self._files.read(program, "stat", _STAT) if process.ended is None else None
        fields = stat_fields(text)
        if text is None and process.ended is None and self._files.is_open(program):
            event.provisional = True
        if fields and fields[2].isdigit() and fields[3].isdigit():
            group, session = int(fields[2]), int(fields[3])
            self._sessions.keep_newest(program, session)
            return group, session
        forked_by = process.spawned_by
        return 0, (self._sessions.get(forked_by) or 0) if forked_by is not None else 0

    def _describe(self, event: Event, leader: Process, name: str, type: str) -> Fields:
        program = leader.program
        if not program.exe:
            self._table_of(event).learn_names(program)
            event.provisional = event.provisional or not program.named
        members: Fields = {"pid": program.pid}
        if program.key is not None:
            members["GUID"] = process_guid(self._host.boot_id, *program.key)
        members.update({"comm": program.comm or None, "exe": program.exe or None})
        if name == ENTRY:
            if program.key is not None:
                members["START_TIME"] = f"{self._host.boot_time + program.key.ticks / 100:.3f}"
            command = self._commands.of(program, leader.spawned_by)
            event.provisional = event.provisional or command is NOT_YET
            words: list[Value] = [*command.within(self._bytes).words]
            members.update({"ARGV": words or None, "type": type or None})
        return {name: value for name, value in members.items() if value is not None}

    def _entry(self, table: ProcessTable, process: Process, when: float) -> tuple[Process, str]:
        """The entry leader and by which kind of door it came in; "" if none is known."""
        seen = {id(process)}
        while len(seen) < _FURTHEST:
            if process.ppid == 1:
                return process, "init"
            parent = self._parent(table, process, when)
            if parent is None or id(parent) in seen:
                break
            type = _DOORS.get(_name(process.parent or parent.program), "")
            if type and _DOORS.get(_name(process.program)) != type:
                return process, type
            seen.add(id(parent))
            process = parent
        return process, ""

    def _parent(self, table: ProcessTable, process: Process, when: float) -> Process | None:
        if process.parent is not None:
            return table.process_of(process.parent)
        pid = process.ppid
        if pid <= 0 or (self._orphans.get(process) == pid and table.current(pid) is None):
            return None  # a parent that was gone once does not come back: /proc need not be asked again
        parent = table.find(pid, when)
        if parent is None and not table.is_open(pid):
            self._orphans.keep(process, pid)
        return parent


def _name(program: Program) -> str:
    return program.exe.rpartition("/")[2] or program.comm

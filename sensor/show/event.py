"""One line of the log as people ask for it: who, by which program, did what, to what, with what result.

    {"ID":"1700000000.123:4567","SYSCALL":{…},…}        LAUREL's form, read by laurel_form
    {"@timestamp":"2023-…","process":{…},…}              ECS, read by ecs_form
    {"class_uid":1001,"metadata":{…},…}                  OCSF, read by ocsf_form

Values are those of the line; LAUREL's percent encoding is undone. Nothing here is safe for a terminal: `screen` sees
to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

PROBE_KINDS = {"PROBE_EXEC": "exec (probe)", "PROBE_EXIT": "exit (probe)"}
"""What the events of the probe's own are called."""
OWN_KINDS = frozenset({*PROBE_KINDS, "SENSOR", "SUPPRESSED"})
"""The kinds of events that are none of audit's."""

Ended = tuple[Optional[int], Optional[int], Optional[float]]
"""How a process ended: exit code, or the signal that killed it, and after how many seconds."""


@dataclass(frozen=True)
class LogProcess:
    """A process as a line names it; None and empty where the line does not know."""

    pid: int | None = None
    guid: str = ""
    exe: str = ""
    comm: str = ""

    @property
    def name(self) -> str:
        """Its program, by the best name there is."""
        return self.exe or self.comm


NOBODY = LogProcess()


@dataclass(frozen=True)
class LogEvent:
    """What a line holds.

    time: seconds since 1970; kind: the system call or the record type; success: None where neither is known.
    users: names and numbers of the acting user and the login user; words: the command line of an exec.
    ended: of the end of a process.
    """

    id: str
    time: float
    kind: str
    node: str = ""
    keys: tuple[str, ...] = ()
    process: LogProcess = NOBODY
    parent: LogProcess = NOBODY
    user: str = ""
    login: str = ""
    numbers: tuple[int, ...] = ()
    session: int | None = None
    session_guid: str = ""
    words: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    address: str = ""
    success: bool | None = None
    result: str = ""
    is_exec: bool = False
    ended: Ended | None = None

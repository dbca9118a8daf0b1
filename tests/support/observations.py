"""What is reported to the process table, in one call: of a SYSCALL record, and of a start that the probe saw."""

from __future__ import annotations

from typing import Any

from sensor.process.choice import Observation
from sensor.process.program import Key, ProcessStart


def observation(
    pid: int, ppid: int, comm: str, exe: str, event_id: str, time: float, is_exec: bool, **more: Any
) -> Observation:
    """`more`: ses, auid, leaves."""
    made = Observation(pid, ppid, event_id, time, is_exec)
    made.runs(comm, exe)
    made.acts(more.get("ses"), more.get("auid"), more.get("leaves", False))
    return made


def process_start(
    pid: int,
    key: Key,
    started: float,
    comm: str,
    parent: tuple[int, Key],
    spawner: tuple[int, Key] | None = None,
    login: tuple[int, int] | None = None,
) -> ProcessStart:
    """The start of a process."""
    made = ProcessStart(pid, key, started, comm, parent)
    made.by(spawner, login)
    return made

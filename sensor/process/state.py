"""What a restarted sensor cannot learn from the host: which event began the program that a process runs.

    {"version":1,"processes":[{"pid":3148,"ppid":3103,"key":[4026531836,55558,3148],"comm":"bash","exe":"/usr/bin/bash",
      "event_id":"1795342166.044:92742","source":"probe","spawned_by":{…}}, …]}

GUIDs need no state: they are computed again. An entry is taken over only for a process
that is still there, with the same pid and start, so a stale or foreign file does no harm.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from sensor.jsonl import dumps, loads
from sensor.options import option
from sensor.process.program import Key, Program
from sensor.process.table import ProcessTable

_VERSION = 1


@dataclass(frozen=True)
class Options:
    """Where the sensor keeps what it knows of processes while it is not running."""

    file: str | None = option("state", "File name below `directory`; null: nothing is kept.", unit="path")
    generations: int = option(0, "How many older files are kept, as FILE.1, FILE.2 and so on.", minimum=0)
    max_age: float = option(60.0, "A file older than this is not read.", minimum=0, unit="seconds")
    write_state_period: float | None = option(
        None, "Write the file so often, too; null: only at the end.", minimum=1, unit="seconds"
    )


class StateFile:
    """Reads and writes the file. Its errors are OSError and ValueError; they harm nothing but what it would tell."""

    def __init__(self, options: Options, directory: str) -> None:
        self._options = options
        self._path = os.path.join(directory, options.file or "")
        self._written = time.monotonic()

    def read(self, table: ProcessTable) -> int:
        """Tell the table what the last sensor knew; returns how many processes that was good for."""
        try:
            with open(self._path, "rb") as file:
                if time.time() - os.fstat(file.fileno()).st_mtime > self._options.max_age:
                    return 0
                state = loads(file.read())
        except FileNotFoundError:
            return 0
        if not isinstance(state, dict) or state.get("version") != _VERSION:
            return 0
        return sum([_restore(table, entry) for entry in state.get("processes", ())])

    def write_if_due(self, table: ProcessTable) -> None:
        """Write the file if the configured period has passed."""
        period = self._options.write_state_period
        if period and time.monotonic() - self._written >= period:
            self.write(table)

    def write(self, table: ProcessTable) -> None:
        """Write the file; it is there as a whole or not at all."""
        self._written = time.monotonic()
        entries = [
            _entry(process.program, process.spawned_by) for process in table.living() if process.program.event_id
        ]
        for number in range(self._options.generations, 0, -1):
            older = f"{self._path}.{number - 1}" if number > 1 else self._path
            if os.path.exists(older):
                os.replace(older, f"{self._path}.{number}")
        new = f"{self._path}.new"
        with open(new, "wb", opener=_private) as file:
            file.write(dumps({"version": _VERSION, "processes": entries}))
        os.replace(new, self._path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _entry(program: Program, spawned_by: Program | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "pid": program.pid,
        "ppid": program.ppid,
        "key": program.key and tuple(program.key),
        "source": program.source,
        "comm": program.comm,
        "exe": program.exe,
        "event_id": program.event_id,
    }
    if spawned_by is not None:
        entry["spawned_by"] = _entry(spawned_by, None)
    return entry


def _program(entry: dict[str, Any]) -> Program:
    program = Program(int(entry["pid"]), int(entry["ppid"]), str(entry["comm"]), str(entry["exe"]))
    program.key = Key(*map(int, entry["key"])) if entry["key"] else None
    program.source = str(entry["source"])
    program.event_id = str(entry["event_id"])
    program.started = program.key.ticks / 100 if program.key is not None else 0.0
    return program


def _restore(table: ProcessTable, entry: Any) -> bool:
    try:
        spawned_by = _program(entry["spawned_by"]) if "spawned_by" in entry else None
        return table.recall(_program(entry), spawned_by)
    except (KeyError, TypeError, ValueError):
        return False

"""What a restarted sensor cannot learn from the host: which event began the program that a process runs.

    {"version":1,"processes":[{"pid":3148,"ppid":3103,"key":[4026531836,55558,3148],"comm":"bash","exe":"/usr/bin/bash",
      "event_id":"1795342166.044:92742","source":"probe","spawned_by":{…}}, …]}

GUIDs need no state: they are computed again. An entry is taken over only for a process
that is still there, with the same pid and start, so a stale or foreign file does no harm.
Whatever else may lie in its place, a directory, a link, a FIFO, gigabytes, JSON of
another shape, is ignored, and replaced at the end if it can be.
"""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Callable

from sensor.jsonl import dumps, loads, with_list
from sensor.options import option
from sensor.process.program import Key, Program
from sensor.process.table import ProcessTable

_VERSION = 1
LARGEST = 8 << 20
"""Bytes of a file that is read; one of ours is never larger."""
MOST = 16384
"""Processes taken over: 0.6 s of work before the first event."""
_EVENT_ID = re.compile(r"[0-9]{1,16}\.[0-9]{3}:[0-9]{1,10}")
_SOURCES = frozenset({"probe", "proc"})
_LONGEST = 4096  # PATH_MAX


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
    """Reads and writes the file; raises OSError, and ValueError for what is no such file.

    The sensor works without it.
    """

    def __init__(self, options: Options, directory: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._options = options
        self._path = os.path.join(directory, options.file or "")
        self._written = clock()

    def read(self, table: ProcessTable) -> int:
        """Give the table what the last sensor knew; returns how many processes that was good for."""
        try:
            state = loads(self._content())
        except FileNotFoundError:
            return 0
        entries = state.get("processes") if isinstance(state, dict) and state.get("version") == _VERSION else None
        if not isinstance(entries, list):
            raise ValueError(f"{self._path}: is no state of version {_VERSION}")
        return sum([_restore(table, entry) for entry in entries[:MOST]])

    def _content(self) -> bytes:
        """What the file holds, nothing if it is too old; raises OSError, and ValueError for what is no file of ours."""
        descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
                raise ValueError(f"{self._path}: is no file of at most {LARGEST} bytes")
            if time.time() - status.st_mtime > self._options.max_age:
                return with_list({"version": _VERSION}, "processes", [])
            return file.read(LARGEST)

    def write_if_due(self, table: ProcessTable) -> None:
        """Write the file if the configured period has passed."""
        period = self._options.write_state_period
        if period and self._clock() - self._written >= period:
            self.write(table)

    def write(self, table: ProcessTable) -> None:
        """Write the file; it is there as a whole or not at all."""
        self._written = self._clock()
        content = self._encoded(table)
        kept = self._options.generations
        last = next(number for number in count() if number >= kept or not os.path.lexists(self._older(number)))
        for number in range(last, 0, -1):
            if os.path.lexists(self._older(number - 1)):
                os.replace(self._older(number - 1), self._older(number))
        new = f"{self._path}.new"
        with suppress(FileNotFoundError):
            os.unlink(new)  # left by one that was killed, or something else
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(new, self._path)

    def _older(self, number: int) -> str:
        return f"{self._path}.{number}" if number else self._path

    def _encoded(self, table: ProcessTable) -> bytes:
        """The file's content: the processes known last, if there are too many."""
        known = [process for process in table.living() if process.program.event_id][-MOST:]
        entries: list[bytes] = []
        size = 64
        for process in reversed(known):
            entry = dumps(_entry(process.program, process.spawned_by))
            size += len(entry) + 1
            if size > LARGEST:
                break
            entries.append(entry)
        return with_list({"version": _VERSION}, "processes", reversed(entries))


def _entry(program: Program, spawned_by: Program | None) -> dict[str, object]:
    entry: dict[str, object] = {
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


def _program(entry: object) -> Program:
    """Raises ValueError, KeyError or TypeError for what no sensor has written."""
    if not isinstance(entry, dict):
        raise TypeError("a process is an object")
    program = Program(_number(entry["pid"]), _number(entry["ppid"]), _text(entry["comm"]), _text(entry["exe"]))
    program.key = _key(entry["key"])
    source, event_id = _text(entry["source"]), _text(entry["event_id"])
    if source not in _SOURCES and (source or program.key is not None):
        raise ValueError("a source that there is not")
    if event_id and not _EVENT_ID.fullmatch(event_id):
        raise ValueError("no event id")
    program.source, program.event_id = source, event_id
    program.started = program.key.ticks / 100 if program.key is not None else 0.0
    return program


def _key(value: object) -> Key | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise TypeError("a key is a list")
    namespace, ticks, pid = value
    return Key(_number(namespace), _number(ticks), _number(pid))


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise ValueError("no number of a process")
    return value


def _text(value: object) -> str:
    """A text in which each character is one byte."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError("no name of a program")
    value.encode("latin-1")
    return value


def _restore(table: ProcessTable, entry: object) -> bool:
    try:
        program = _program(entry)
        spawned_by = _program(entry["spawned_by"]) if isinstance(entry, dict) and "spawned_by" in entry else None
        return table.recall(program, spawned_by)
    except (KeyError, TypeError, ValueError):
        return False

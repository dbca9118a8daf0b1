"""Running processes and their GUIDs, by pid or by name: what `host-sensor guid` prints.

3148    ea5cfe47-5f1e-8d76-a4da-3fbba83a0626    bash
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sensor.process.guid import process_guid
from sensor.process.procfs import ProcFS

_LONGEST_NAME = 15


class Found(NamedTuple):
    """A process that was asked for; error: why it has no GUID here, "" if it has one.

    asked: the pid or name; comm: printable.
    """

    asked: str
    pid: int = 0
    guid: str = ""
    comm: str = ""
    error: str = ""


def look_up(asked: Sequence[str], proc: ProcFS) -> Iterator[Found]:
    """Yield every process that the words, pids or names, stand for, and an error for each word that finds none."""
    boot = proc.boot_id()
    for word in asked:
        by_pid = word.isascii() and word.isdigit()
        pids = [int(word)] if by_pid else _named(word, proc)
        if not pids:
            yield Found(word, error="there is no process of this name")
        for pid in pids:
            yield _identify(str(pid), proc, boot)


def _named(name: str, proc: ProcFS) -> list[int]:
    """The processes of a name, of which the kernel keeps 15 bytes (proc_pid_comm(5)); the image has the whole one.

    The command line has it, too, but a process can make who reads that wait (sensor.process.memory_file).
    """
    text = os.fsencode(name).decode("latin-1")
    found = [pid for pid in proc.pids() if proc.comm(pid) == text[:_LONGEST_NAME]]
    return [pid for pid in found if len(text) <= _LONGEST_NAME or proc.exe(pid).rpartition("/")[2] == text]


def _identify(pid: str, proc: ProcFS, boot: bytes) -> Found:
    found = proc.entry(int(pid))
    if found is None or not found.namespace:
        return Found(pid, int(pid), error=_why(f"{proc.root}/{int(pid)}"))
    guid = process_guid(boot, found.namespace, found.start, found.tgid)
    comm = found.comm.encode("latin-1").decode("utf-8", "backslashreplace")
    shown = "".join([c if c.isprintable() else c.encode("unicode_escape").decode() for c in comm])
    return Found(pid, found.pid, guid, shown)


def _why(folder: str) -> str:
    """Why a process could not be read: what the kernel answers."""
    if not os.path.isdir(folder):
        return "there is no such process"
    for read, name in ((_first_byte, "stat"), (os.readlink, "ns/pid")):
        try:
            read(f"{folder}/{name}")
        except OSError as error:
            code = errno.errorcode.get(error.errno or 0, "unknown")
            advice = "; try as root" if os.geteuid() != 0 else ""
            return f"{folder}/{name} cannot be read: {error.strerror} ({code}){advice}"
    return "it ended meanwhile"


def _first_byte(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(1)

"""Lines as the sensor writes them, for a small story: alice's shell starts ls, which lists, and sudo, which fails."""

from __future__ import annotations

import json
from typing import Any

SHELL, LS, SUDO, SESSION = "11111111-0000", "22222222-0000", "33333333-0000", "99999999-0000"
START = 1_700_000_000


def call(pid: int, guid: str, at: float, ppid: int = 100, parent: str = SHELL, **fields: Any) -> dict[str, Any]:
    """A SYSCALL event in LAUREL's form; `fields` go to the event where they are records, else to SYSCALL."""
    syscall: dict[str, Any] = {
        "arch": "0xc000003e",
        "syscall": 59,
        "success": "yes",
        "exit": 0,
        "ppid": ppid,
        "pid": pid,
        "ses": 3,
        "auid": 1000,
        "uid": 1000,
        "euid": 1000,
        "AUID": "alice",
        "UID": "alice",
        "comm": "ls",
        "exe": "/usr/bin/ls",
        "key": "exec",
        "KEYS": ["exec"],
        "PID": {"GUID": guid, "GUID_SOURCE": "probe"},
        "PPID": {"GUID": parent},
        "SESSION_GUID": SESSION,
        "SPAWNED_BY": {"pid": ppid, "exe": "/usr/bin/bash"},
    }
    event: dict[str, Any] = {"ID": f"{START + at:.3f}:{int(at * 1000)}", "SYSCALL": syscall}
    for name, value in fields.items():
        (syscall if name in syscall or name.islower() or name == "SYSCALL" else event)[name] = value
    return event


def execve(pid: int, guid: str, at: float, *words: str, **fields: Any) -> dict[str, Any]:
    return call(pid, guid, at, EXECVE={"ARGV": list(words)}, **fields)


def ended(pid: int, guid: str, at: float, code: int | None = 0, signal: int | None = None) -> dict[str, Any]:
    record = {"pid": pid, "comm": "ls", "PID": {"GUID": guid}, "exit_code": code, "signal": signal, "duration": 0.5}
    return {"ID": f"{START + at:.3f}:probe-1", "PROBE_EXIT": record}


def encode(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


STORY = [
    execve(100, SHELL, 0.0, "-bash", ppid=99, parent="00000000-0000", exe="/usr/bin/bash", comm="bash", SPAWNED_BY={}),
    execve(101, LS, 1.0, "ls", "-l", "/tmp"),
    ended(101, LS, 1.5),
    execve(102, SUDO, 2.0, "sudo", "id", exe="/usr/bin/sudo", comm="sudo", success="no", exit=-13),
]

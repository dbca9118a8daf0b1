"""Events for people: who did what, from which program, started by whom; and one event as it really is."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

COLOURS = {"exec": "36", "net": "33", "scope": "31;1", "setuid": "35;1"}
MEANING = {
    "exec": "a program was started",
    "net": "a connection was tried",
    "scope": "a watched file was written",
    "setuid": "a file was made setuid",
}
WIDTH = 100


def paint(text: str, colour: str) -> str:
    """`text` in a colour, on a terminal."""
    return f"\x1b[{colour}m{text}\x1b[0m" if sys.stdout.isatty() else text


def explain() -> None:
    """Say what the keys of the audit rules stand for."""
    print("\nRules: " + ", ".join(f"{paint(key, colour)} {MEANING[key]}" for key, colour in COLOURS.items()) + ".\n")


def events(log: bytes) -> Iterator[tuple[str, dict[str, Any], bytes]]:
    """Of the log, the events that a rule of the demonstration made: key, event, its line."""
    for line in log.splitlines():
        event = json.loads(line)
        key = event.get("SYSCALL", {}).get("key")
        if key in COLOURS and "op" not in event.get("CONFIG_CHANGE", [{}])[0]:
            yield key, event, line


def show(log: bytes) -> None:
    """Print each event in a few lines; execs that failed on the way along PATH are counted, not shown."""
    failed = 0
    for key, event, _ in events(log):
        call = event["SYSCALL"]
        if key == "exec" and call["success"] != "yes":
            failed += 1
            continue
        seconds = float(event["ID"].partition(":")[0])
        clock = time.strftime("%H:%M:%S", time.localtime(seconds)) + f"{seconds % 1:.3f}"[1:]
        print(f"{clock}  {paint(f'{key:6}', COLOURS[key])}  {paint(what(key, event), '1')}")
        for name, text in details(event):
            print(f"              {name:8} {text}")
        print()
    if failed:
        print(f"and {failed} failed attempts to start a program (folders of PATH that lack it)\n")


def what(key: str, event: dict[str, Any]) -> str:
    """The deed in a line."""
    if key == "exec":
        line = unquote(" ".join(str(word) for word in event["EXECVE"]["ARGV"]))
        return line if len(line) <= WIDTH else f"{line[:WIDTH]}…"
    if key == "net":
        address = event["SOCKADDR"][0].get("SADDR", event["SOCKADDR"][0])
        if "addr" in address:
            return f"{address['addr']} port {address['port']}: {os.strerror(-event['SYSCALL']['exit'])}"
        return json.dumps(address)
    names = [path["name"] for path in event.get("PATH", []) if path["nametype"] != "PARENT"]
    modes = [path["mode"] for path in event.get("PATH", []) if path["nametype"] != "PARENT"]
    shown = [f"{name} (was {mode})" if key == "setuid" else str(name) for name, mode in zip(names, modes)]
    return unquote(" ".join(shown))


def details(event: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Who it was, by which program, started by whom, in which session."""
    call = event["SYSCALL"]
    yield "who", f"uid {call.get('UID', call['uid'])}, logged in as {call.get('AUID', call['auid'])}"
    yield "program", f"{call['exe']}, process {identity(call['pid'], call.get('PID', {}))}"
    if "SCRIPT" in call:
        yield "script", call["SCRIPT"]
    spawner = call.get("SPAWNED_BY", {})
    name = f"{spawner.get('exe') or spawner.get('comm')}, " if spawner.get("pid") == call["ppid"] else ""
    yield "parent", f"{name}process {identity(call['ppid'], call.get('PPID', {}))}"
    yield "session", f"{call['ses']}  {paint(call.get('SESSION_GUID') or 'no GUID', '2')}"


def identity(pid: int, known: dict[str, Any]) -> str:
    """A process id and the GUID that goes with it, and where that comes from."""
    guid = f"{known['GUID']} ({known.get('GUID_SOURCE')})" if known.get("GUID") else "no GUID"
    return f"{pid}  {paint(guid, '2')}"


def raw(log: bytes) -> None:
    """Print one event as it is in the log: the first that a watch made, else the last."""
    every = list(events(log))
    if every:
        _, _, line = next((found for found in every if found[0] == "scope"), every[-1])
        print("One of them as it stands in the log:\n")
        print(line.decode())

"""host-sensor fed as auditd feeds it, and an account of how it keeps up.

    outcome = fed(folder, records=[[b"type=SYSCALL …\\n", …, b"type=EOE …\\n"], …], translate={"user_db": True})
    outcome.blocked, outcome.took, outcome.cpu

One write(2) for each record, so many events a second, into a socket as large as auditd's. `prefix` is a command line
that the sensor's own is put behind.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.measure import cpu_so_far
from tests.live.sensed import Event
from tests.support.audit_session import wait_until
from tests.support.program import command, write_config

SOCKET = 212_992
RATE = 1500
"""Events a second, 9,000 records: far more than a busy host makes, and two busy cores have room for it."""
TOGETHER = 10
PATIENCE = 15
"""Seconds until what does not go on is given up."""

CALL = """\
type=SYSCALL msg=audit(now:{serial}): arch=c000003e syscall=59 success=yes exit=0 a0=55d0 a1=56d0 a2=57d0 a3=8 items=1 \
ppid={ppid} pid={pid} auid={uid} uid={uid} gid={uid} euid={uid} suid={uid} fsuid={uid} egid={uid} sgid={uid} \
fsgid={uid} tty=pts0 ses=7 comm="program" exe="/usr/bin/program" subj=unconfined key="hostile"
"""
REST = """\
type=CWD msg=audit(now:{serial}): cwd="/home/user"
type=PATH msg=audit(now:{serial}): item=0 name="/usr/bin/program" inode=4711 dev=fe:00 mode=0100755 ouid={uid} \
ogid={uid} rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0
type=PROCTITLE msg=audit(now:{serial}): proctitle="program"
type=EOE msg=audit(now:{serial}):\x20
"""
EXECVE = 'type=EXECVE msg=audit(now:{serial}): argc=2 a0="program" a1="{argument}"\n'
BEGIN_OF_LONG = 'type=EXECVE msg=audit(now:{serial}): argc=2 a0="program" a1_len={length} a1[0]="{piece}"\n'
MORE_OF_LONG = 'type=EXECVE msg=audit(now:{serial}):  a1[{index}]="{piece}"\n'
FIRST = 1_000_000
PIECE = 7500
"""The kernel cuts an argument into pieces of this length, each in a record of its own."""


def executed(number: int, argument: str, pid: int, ppid: int, uid: int = 0) -> str:
    """The records of a program executed with one argument."""
    known = {"serial": FIRST + number, "pid": pid, "ppid": ppid, "uid": uid}
    if len(argument) <= PIECE:
        argv = EXECVE.format(argument=argument, **known)
    else:
        pieces = [argument[start : start + PIECE] for start in range(0, len(argument), PIECE)]
        argv = BEGIN_OF_LONG.format(length=len(argument), piece=pieces[0], **known)
        for index, piece in enumerate(pieces[1:], 1):
            argv += MORE_OF_LONG.format(index=index, piece=piece, **known)
    return CALL.format(**known) + argv + REST.format(**known)


@dataclass(frozen=True)
class Outcome:
    """What became of a feed; times in seconds.

    events: all lines of the log.
    blocked: the longest that one write took.
    took: from the first write until the last event was in the log.
    ended: from the end of input until the sensor's end.
    cpu: of the sensor, for all events.
    """

    events: list[Event]
    blocked: float
    took: float
    ended: float
    cpu: float

    def complaints(self, count: int) -> list[str]:
        """Whether the log has each of the events 0 … count - 1, once and whole, and nothing else."""
        times = Counter(number_of(event) for event in self.events)
        expected = Counter(range(count))
        mangled = [event for event in self.events if "PARSE_ERROR" in event or "notes" in event.get("SENSOR", {})]
        found = {"missing": expected - times, "too many": times - expected, "mangled": mangled}
        return [f"{len(some)} {what}, as {next(iter(some))}" for what, some in found.items() if some]

    def __str__(self) -> str:
        each = self.cpu / max(len(self.events), 1) * 1e6
        return (
            f"took {self.took:.2f} s, blocked {self.blocked:.3f} s, ended {self.ended:.2f} s, {each:.0f} µs per event"
        )


def number_of(event: Event) -> int:
    """Which event of the feed it is."""
    return int(event["ID"].partition(":")[2]) - FIRST


def fed(folder: Path, feed: Sequence[str], prefix: Sequence[str] = (), **sections: Any) -> Outcome:
    """Run the sensor on a feed, one text for each event, all of this moment; `sections` go into its configuration."""
    folder.mkdir()
    now = f"audit({time.time():.3f}:"
    records = [text.replace("audit(now:", now).encode().splitlines(keepends=True) for text in feed]
    sections = {"auditlog": {"size": 1 << 30}, "probe": {"use": False}, "state": {"file": None}, **sections}
    config = write_config(folder, **sections)
    log, messages = folder / "audit.jsonl", folder / "messages"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET // 2)  # which the kernel doubles
        ours.settimeout(PATIENCE)
        with messages.open("wb") as errors:
            process = subprocess.Popen([*prefix, *command("run", "-c", str(config))], stdin=theirs, stderr=errors)
        try:
            theirs.close()
            wait_until(lambda: " runs" in messages.read_text(), PATIENCE, "the sensor to be ready")
            before, start = cpu_so_far(process.pid), time.monotonic()
            blocked = _write(ours, records)
            _wait_for_lines(log, len(feed))
            took, cpu = time.monotonic() - start, cpu_so_far(process.pid) - before
            ours.close()
            process.wait(PATIENCE)
            ended = time.monotonic() - start - took
        finally:
            process.kill()
            process.wait()
    events = [json.loads(line) for line in log.read_bytes().splitlines()]
    return Outcome(events, blocked, took, ended, cpu)


def _write(to: socket.socket, events: Sequence[Sequence[bytes]]) -> float:
    """Write events at their rate, or as fast as the reader lets us; the longest that a write took."""
    longest = 0.0
    start = before = time.monotonic()
    for number, event in enumerate(events):
        if number % TOGETHER == 0:
            time.sleep(max(0.0, start + number / RATE - time.monotonic()))
            before = time.monotonic()
        for record in event:
            to.sendall(record)
            after = time.monotonic()
            longest = max(longest, after - before)
            before = after
    return longest


def _wait_for_lines(log: Path, count: int) -> None:
    """Wait until the log has as many lines, or until no more come."""
    lines, since = 0, time.monotonic()
    with log.open("rb") as file:
        while lines < count and time.monotonic() < since + PATIENCE:
            chunk = file.read()
            if chunk:
                lines, since = lines + chunk.count(b"\n"), time.monotonic()
            time.sleep(0.02)

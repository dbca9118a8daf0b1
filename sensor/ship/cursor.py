"""The cursor: how far the far end has acknowledged, kept in a file that survives kill -9 and a full disk.

    {"version":1,"host":"5d41…","log":"/var/log/host-sensor/audit.jsonl","stream":"c0ffee12",
     "file":"9f3a…","inode":[65024,4711],"offset":1689,"number":2,"id":"1700000000.123:4567",
     "done":[["77ab…",65024,4710]],"awaited":[["c41d…",1,10485760,0]]}

`done` are files that are still there and need not be read again, `awaited` those seen behind the cursor's own (see
sensor.ship.awaited). A cursor that cannot be read, or was written on
another host or for another log, is no cursor: reading begins as configured for a new one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable
from typing import Any

from sensor.errors import ShipError
from sensor.ship.awaited import Awaited
from sensor.ship.batch import Position
from sensor.ship.generations import Generation
from sensor.slots import Slots

VERSION = 1
MOST_DONE = 500
"""Files that are remembered as done; older ones lie before the cursor's own file anyway."""


class Cursor:
    """Opens the file and locks it; raises ShipError where that fails or another process has it.

    `lock` is the descriptor that bears the lock; `lost` is why the file held no cursor of ours, for the log; it is
    empty where there was one, or none at all.
    """

    def __init__(self, path: str, log: str, host: str) -> None:
        self._host, self._log = host, log
        existed = os.path.exists(path) and os.path.getsize(path) > 0
        try:
            self._slots = Slots(path)
        except OSError as error:
            raise ShipError(f"{path}: {error.strerror}") from error
        try:
            with open(path, "rb") as file:
                self.lock = os.dup(file.fileno())
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ShipError(f"{path}: another process ships with this cursor") from None
        self.position, self.inode = Position(), (0, 0)
        self.stream = secrets.token_hex(4)
        self.awaited = Awaited()
        self._done: dict[str, set[tuple[int, int]]] = {}  # identity → inodes
        self.lost = self._load(self._slots.value) if existed else ""
        self.fresh = not self.position.file

    def _load(self, value: Any) -> str:
        """Take over what the file holds; returns why not."""
        try:
            if value is None or value["version"] != VERSION:
                return "it is damaged"
            if value["host"] != self._host:
                return "it is from another host"
            if value["log"] != self._log:
                return f"it is for {value['log']}"
            texts = [value[key] for key in ("file", "id", "stream")]
            numbers = [value["offset"], value["number"], *value["inode"]]
            if not all(isinstance(text, str) for text in texts) or not all(type(n) is int and n >= 0 for n in numbers):
                return "it is damaged"
            done: dict[str, set[tuple[int, int]]] = {}
            for name, device, number in value["done"]:
                done.setdefault(str(name), set()).add((int(device), int(number)))
            awaited = Awaited(value.get("awaited", ()))
        except (KeyError, TypeError, ValueError):
            return "it is damaged"
        self.position = Position(value["file"], value["offset"], value["number"], value["id"])
        self.inode = (value["inode"][0], value["inode"][1])
        self.stream, self._done, self.awaited = value["stream"], done, awaited
        return ""

    def move(self, position: Position, inode: tuple[int, int]) -> None:
        """Set the position, in memory whatever happens, and in the file; raises OSError."""
        if position.file != self.position.file:
            self.awaited.reach(position.file)
        self.position, self.inode, self.fresh = position, inode, False
        self.save()

    def save(self) -> None:
        """Write the file; raises OSError."""
        position = self.position
        self._slots.write(
            {
                "version": VERSION,
                "host": self._host,
                "log": self._log,
                "stream": self.stream,
                "file": position.file,
                "inode": self.inode,
                "offset": position.offset,
                "number": position.number,
                "id": position.id,
                "done": [[name, *inode] for name, inodes in self._done.items() for inode in inodes][-MOST_DONE:],
                "awaited": self.awaited.saved(),
            }
        )

    def finish(self, identity: str, inode: tuple[int, int]) -> None:
        """Remember that a file is done; goes into the file with the next move."""
        self._done.setdefault(identity, set()).add(inode)

    def forget_missing(self, present: Iterable[Generation]) -> None:
        """Forget files that are done and gone."""
        identities = {generation.identity for generation in present}
        self._done = {identity: inodes for identity, inodes in self._done.items() if identity in identities}

    def is_done(self, generation: Generation, inodes: set[tuple[int, int]]) -> bool:
        """Whether a file need not be read, where `inodes` are those of all files: a packed copy has another one."""
        done = self._done.get(generation.identity)
        return done is not None and (generation.inode in done or not done <= inodes)

    def close(self) -> None:
        """Write everything to the disk and let go of the file."""
        try:
            self._slots.sync()
        except OSError:
            pass
        self._slots.close()
        os.close(self.lock)


def host_identity() -> str:
    """What distinguishes this host from its clones: a hash of /etc/machine-id, itself confidential (machine-id(5))."""
    try:
        with open("/etc/machine-id", encoding="ascii") as file:
            text = file.read().strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    return hashlib.sha256(f"host-sensor ship {text or os.uname().nodename}".encode()).hexdigest()[:16]

"""A log as `run` writes it, and all that may be done to one; and a follower on it with a cursor."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from pathlib import Path

from sensor.ship.batch import Batch
from sensor.ship.cursor import Cursor
from sensor.ship.follow import Follower
from sensor.ship.stats import ShipStats

HOST = "0123456789abcdef"


class Log:
    """Writes numbered events; `numbers` are all of them, in order."""

    def __init__(self, folder: Path, name: str = "audit.jsonl") -> None:
        self.path = folder / name
        self.numbers: list[int] = []
        self.size = 0

    def line(self, number: int) -> bytes:
        return b'{"ID":"%d.%03d:%d","SYSCALL":{"pid":%d,"comm":"%b"}}' % (
            1700000000 + number // 1000,
            number % 1000,
            number,
            number % 4096,
            b"x" * self.size,
        )

    def write(self, count: int = 1) -> None:
        """Append events, with one write."""
        first = len(self.numbers)
        numbers = range(first, first + count)
        with self.path.open("ab", buffering=0) as file:
            file.write(b"".join([self.line(number) + b"\n" for number in numbers]))
        self.numbers.extend(numbers)

    def rotate(self, kept: int = 1_000_000) -> None:
        """Rename every generation, as `run` does; those beyond `kept` go."""
        number = 1
        while self.generation(number):
            number += 1
        for older in range(number - 1, 0, -1):
            found = self.generation(older)
            assert found is not None
            suffix = found.name[len(f"{self.path.name}.{older}") :]
            found.rename(self.path.with_name(f"{self.path.name}.{older + 1}{suffix}"))
        if self.path.exists():
            self.path.rename(self.path.with_name(f"{self.path.name}.1"))
        while found := self.generation(kept + 1):
            found.unlink()
            kept += 1

    def generation(self, number: int) -> Path | None:
        for suffix in ("", ".gz"):
            path = self.path.with_name(f"{self.path.name}.{number}{suffix}")
            if path.exists():
                return path
        return None

    def pack(self, number: int) -> None:
        """Compress a generation as logrotate does: the packed file is there before the original goes."""
        path = self.path.with_name(f"{self.path.name}.{number}")
        if path.exists():
            with path.open("rb") as plain, gzip.open(f"{path}.gz", "wb") as packed:
                shutil.copyfileobj(plain, packed)
            path.unlink()

    def copy_and_truncate(self) -> None:
        """Rotate without renaming the newest file (logrotate's copytruncate)."""
        content = self.path.read_bytes()
        inode = os.stat(self.path).st_ino
        aside = self.path.with_name("aside")
        self.path.rename(aside)
        self.path.write_bytes(content)
        self.rotate()
        aside.rename(self.path)
        os.truncate(self.path, 0)
        assert os.stat(self.path).st_ino == inode


class Reader:
    """A follower that can be killed and started anew, and what has come out of it."""

    def __init__(self, log: Log, state: Path) -> None:
        self.log, self.state = log, state
        self.stats = ShipStats()
        self.output: list[str] = []
        self.start()

    def start(self) -> None:
        self.cursor = Cursor(str(self.state), str(self.log.path), HOST)
        self.follower = Follower(str(self.log.path), self.cursor, self.stats, self.output.append)

    def kill(self) -> None:
        """End as kill -9 does: nothing is written any more."""
        self.follower.close()
        self.cursor.close()

    def read(self, events: int = 1000, size: int = 1 << 20) -> Batch | None:
        return self.follower.read(events, size)

    def take_all(self, events: int = 1000, size: int = 1 << 20) -> list[bytes]:
        """Read and settle all that is there."""
        found = []
        while (batch := self.read(events, size)) is not None:
            found += batch.lines
            self.follower.settle(batch)
        return found


def numbers_of(lines: list[bytes]) -> list[int]:
    """The numbers of the events in lines; reports of gaps are left out."""
    values = [json.loads(line) for line in lines]
    return [int(value["ID"].rpartition(":")[2]) for value in values if value["ID"] is not None]


def reports_of(lines: list[bytes]) -> list[dict]:
    """The reports of gaps in lines."""
    values = [json.loads(line) for line in lines]
    return [value["SHIP"] for value in values if value["ID"] is None]

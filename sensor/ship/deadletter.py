"""Events the far end will never take, in a file beside the cursor, each with the reason; no one else may read it.

    {"time":"2026-11-28T01:25:45Z","destination":"central","reason":"400: mapper_parsing_exception: …",
     "key":"9f3a…-1f40","event":"{\\"ID\\":…}"}

The file is renamed to FILE.1 when it is full, and an older FILE.1 goes. Bytes that are no UTF-8 stand as latin-1.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass

from sensor.options import option

LONGEST_REASON = 1000


@dataclass(frozen=True)
class Options:
    """Events that the far end refuses for good."""

    file: str = option("dead-letters.jsonl", "Where they are kept: a file below `state`, unless absolute.")
    size: int = option(64 << 20, "The file is renamed to FILE.1 beyond this; an older FILE.1 goes.", (), 4096, "bytes")
    in_a_row: int = option(
        100,
        "After so many refused in a row none is given up any more: then not the events are wrong, but the far end or"
        " the configuration, and everything waits.",
        (),
        1,
    )


class DeadLetters:
    """`folder` is where a relative file name begins."""

    def __init__(self, options: Options, folder: str, destination: str) -> None:
        self._path = os.path.join(folder, options.file)
        self._limit = options.size
        self._destination = destination

    def add(self, letters: list[tuple[str, str, bytes]]) -> None:
        """Append key, reason and line of each, and wait until they are on the disk; raises OSError."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        data = "".join(
            json.dumps(
                {
                    "time": now,
                    "destination": self._destination,
                    "reason": reason[:LONGEST_REASON],
                    "key": key,
                    "event": _text(line),
                },
                ensure_ascii=True,
                separators=(",", ":"),
            )
            + "\n"
            for key, reason, line in letters
        ).encode("ascii")
        fd = self._open()
        try:
            size = os.fstat(fd).st_size
            if size and size + len(data) > self._limit:
                os.rename(self._path, self._path + ".1")
                full, fd = fd, self._open()
                os.close(full)
                size = 0
            try:
                written = os.write(fd, data)
                if written < len(data):
                    raise OSError(28, os.strerror(28))
                os.fsync(fd)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(fd, size)  # no half a line
                raise
        finally:
            os.close(fd)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")

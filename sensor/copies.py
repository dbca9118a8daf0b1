"""Files of one log of which some are copies of others, or of parts of them: each line once.

    audit.log.1             10:00 to 11:00
    audit.log-20240101      10:00 to 11:00      a copy: nothing of it is left
    backup/audit.log        10:30 to 11:30      of this what is later than 11:00

Lines of one file are never taken for copies of each other.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence

from sensor.inputs.files import begin_of, end_of, read_chunks

_MOST = 1 << 20
_LONGEST = 1 << 22


class Copies:
    """Reads the files of a log, which are in the order of their time.

    most: so many lines are remembered where files overlap, 80 bytes each; copies of others are not found.
    left_out: how many lines of the file that is read are in those before it.
    """

    def __init__(self, paths: Sequence[str], most: int = _MOST) -> None:
        self._paths = paths
        self._most = most
        can_overlap = len(paths) > 1 and all(map(os.path.isfile, paths))
        self._begins = [*map(begin_of, paths[1:]), math.inf] if can_overlap else []
        self._end = -math.inf  # of all that was read
        self._lines: set[int] = set()  # of it, what the next file may have as well
        self.left_out = 0

    def read(self, place: int) -> Iterator[bytes]:
        """The chunks of the file at this place, without what is in those before it; raises InputError."""
        self.left_out = 0
        chunks = read_chunks(self._paths[place])
        yield from self._without_copies(chunks, self._begins[place]) if self._begins else chunks

    def _without_copies(self, chunks: Iterator[bytes], next_begins: float) -> Iterator[bytes]:
        fresh: set[int] = set()
        for chunk in _whole_lines(chunks):
            end = end_of(chunk)
            self._end = max(self._end, end)
            if not self._lines and end < next_begins:  # nearly always
                yield chunk
                continue
            lines = chunk.split(b"\n")
            if end >= next_begins and len(self._lines) + len(fresh) < self._most:
                fresh.update(map(hash, lines))
            if self._lines:
                kept = [line for line in lines if not line or hash(line) not in self._lines]
                self.left_out += len(lines) - len(kept)
                chunk = b"\n".join(kept)
            if chunk:
                yield chunk
        self._lines = self._lines | fresh if self._end >= next_begins else set()


def _whole_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks that end with a line, but for what is longer than any line."""
    rest = b""
    for chunk in chunks:
        whole, newline, behind = chunk.rpartition(b"\n")
        if newline:
            yield rest + whole + newline
            rest = behind
        else:
            rest += chunk
        if len(rest) > _LONGEST:
            yield rest
            rest = b""
    if rest:
        yield rest

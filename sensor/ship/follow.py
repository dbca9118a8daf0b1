"""Reads the log from the cursor on, file after file, whatever is done to the files meanwhile.

    follower = Follower("/var/log/host-sensor/audit.jsonl", cursor, stats, log_message)
    follower.read(5000, 1 << 20)    the next Batch; None while there is none
    follower.settle(batch)          the far end has it: the cursor moves, what lies before it is let go
    follower.rewind()               begin again at the cursor

A file is left only when a newer one has its first line and nothing more comes. What is gone before it was read (the
oldest files when retention is reached, a log that was truncated) is counted, and reported in the stream:

    {"ID":null,"SHIP":{"GAP":"removed","FILES":2,"BYTES":20971520,"AFTER":"1700000000.123:4567"}}

FILES and BYTES count files that were seen and are gone whole; null where it is the rest of the file that was being
read, or files of which none was seen. AFTER is null where nothing came before. There is a cursor from the first look at
the log on, so that what goes before the far end ever answers is missed, too. What had gone before that look is not
known: neither names nor content of the files show whether there was an older one.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from sensor.ship.awaited import MissingFiles
from sensor.ship.batch import Batch, Position, event_id
from sensor.ship.cursor import Cursor
from sensor.ship.generations import Generation, generations
from sensor.ship.source import SKIP, Source
from sensor.ship.stats import ShipStats

LONGEST_LINE = 32 << 20
"""Bytes; a longer line is not sent."""
SHOWN = 4096
"""Bytes kept of a line that is too long."""
SETTLE = 60.0
"""Seconds after which a packed file that cannot be read is taken for damaged, not for unfinished."""
MOST_OPEN = 64
"""Files kept open that are read and not acknowledged; others are opened again if they must be read again."""


class Follower:
    """`log` is the absolute path of the newest file."""

    def __init__(self, log: str, cursor: Cursor, stats: ShipStats, report: Callable[[str], None]) -> None:
        self._log = log
        self._cursor = cursor
        self._stats = stats
        self._log_message = report
        self.at = cursor.position  # how far the log is read
        self._source: Source | None = None
        self._passed: deque[Source] = deque()  # read to the end, not all acknowledged
        self._coming: deque[Generation] = deque()  # those after the source, as last seen
        self._reports: dict[str, bytes] = {}  # identity of a file → what is reported before it
        self._missed: Position | None = None  # where something was missing last: it is counted once
        self._reported = ""  # the file whose report is sent and not acknowledged
        self._unfinished = False  # the rest of the source cannot be unpacked yet
        self._damaged = False  # the rest of the source cannot be unpacked
        self._idle_size = -1  # of the file, when it had no whole line to read

    def read(self, events: int, size: int) -> Batch | None:
        """The next whole lines, so many and so many bytes at most, but at least one; None if there is none now.

        Raises OSError where a file cannot be read; the next call tries again.
        """
        while True:
            if self._source is None and not self._open_next():
                return None
            assert self._source is not None
            source = self._source
            if source.was_rewritten(self.at.offset):
                self._close_source()
                continue
            batch = self._report() or self._take(source, events, size)
            if batch is not None:
                return batch
            if self._unfinished or (not source.packed and self._is_log(source.inode)):
                self._unfinished = False
                return None
            coming = self._next(source)
            if coming is None:
                return None
            # The writer has gone on to the newer file; all it wrote here is there now.
            self._idle_size = -1
            batch = self._take(source, events, size) or self._take_rest(source)
            if batch is not None or self._unfinished:
                self._unfinished = False
                return batch
            self._leave(source, coming)

    def rewind(self) -> None:
        """Begin again behind what was acknowledged last."""
        position = self._cursor.position
        sources = [source for source in (*self._passed, self._source) if source is not None]
        kept = [source for source in sources if source.identity == position.file and not source.closed][:1]
        for source in sources:
            if source not in kept:
                source.close()
        self._passed.clear()
        self._coming.clear()
        self._source = kept[0] if kept else None
        self.at = position
        self._reported = ""
        self._idle_size = -1

    def settle(self, batch: Batch) -> None:
        """Move the cursor behind a batch; batches are settled in the order they were read. Raises OSError."""
        self._reports.pop(batch.end.file, None)
        while self._passed and self._passed[0].identity != batch.end.file:
            source = self._passed.popleft()
            source.close()
            self._cursor.finish(source.identity, source.inode)
        self._cursor.move(batch.end, batch.inode)

    def look(self) -> None:
        """Learn which files are there, so that it is known what they were should they go before they are read."""
        if self._source is not None:
            self._look_again(self._source)

    def waiting(self) -> int:
        """Bytes of the newest file that are not read yet; of an older or packed file more than any batch holds."""
        source = self._source
        if source is None or source.packed or not self._is_log(source.inode):
            return 1 << 62
        return max(0, source.size() - self.at.offset)

    def close(self) -> None:
        self._close_source()
        while self._passed:
            self._passed.pop().close()

    # ----------------------------------------------------------------------------------------------- from file to file

    def _open_next(self) -> bool:
        """Open the file in which reading goes on; False while there is none."""
        found = generations(self._log)
        here = [generation for generation in found if generation.identity == self.at.file]
        here.sort(key=lambda generation: generation.inode != self._cursor.inode)
        if any(self._open(generation, self.at.offset) for generation in here):
            return True
        # The file is gone, or is not what it was: what is not done yet comes next, the oldest first.
        if here:
            found = found[found.index(here[0]) :]
        inodes = {generation.inode for generation in found}
        todo = [generation for generation in found if not self._cursor.is_done(generation, inodes)]
        if not todo:
            return False
        if not self.at.file:
            self._begin(todo[0])
            return self._open(todo[0], 0)
        why = "truncated" if here or self._is_log(self._cursor.inode) else "removed"
        if self.at != self._missed:
            self._missed = self.at
            self._count(why, MissingFiles(0, 0))
        self._await(todo, {generation.identity for generation in found})
        missing = self._cursor.awaited.missing(self.at.file, todo[0].identity)
        self._report_before(todo[0], why, missing or MissingFiles(0, 0))
        return self._open(todo[0], 0)

    def _begin(self, first: Generation) -> None:
        """Put the cursor before the first file: it is missed, and kept by retention, before the far end answers."""
        self.at = Position(first.identity)
        self._write_cursor(lambda: self._cursor.move(self.at, first.inode))

    def _write_cursor(self, write: Callable[[], None]) -> None:
        """Write it ahead of what is acknowledged; where that fails, the next acknowledgement writes it."""
        try:
            write()
        except (OSError, ValueError) as error:
            self._stats.cursor_errors += 1
            self._log_message(f"the cursor cannot be written: {error}")

    def _open(self, generation: Generation, offset: int) -> bool:
        """Make a file the source, if it can be opened and is not shorter than what was read of it."""
        if not generation.packed and generation.size < offset:
            return False
        try:
            source = Source(generation)
        except OSError as error:
            self._log_message(f"{generation.path}: {error.strerror}")
            return False
        self._source = source
        if generation.identity != self.at.file or offset != self.at.offset:
            self.at = Position(generation.identity, offset, self.at.number, self.at.id)
        self._idle_size = -1
        return True

    def _next(self, source: Source) -> Generation | None:
        """The file after the one that is read; looked for anew where the names have changed."""
        if not self._coming or not _stands(self._coming[0]):
            self._look_again(source)
        return self._coming[0] if self._coming else None

    def _look_again(self, source: Source) -> None:
        passed = {source.identity for source in self._passed}
        found = generations(self._log)
        here = passed.union(generation.identity for generation in found)
        if self._cursor.awaited.lacks(here):  # a rotation on its way hides a file from one look, not from two
            found = generations(self._log)
            here.update(generation.identity for generation in found)
        self._cursor.forget_missing(found)
        inodes = {generation.inode for generation in found}
        index = next((i for i, generation in enumerate(found) if generation.inode == source.inode), -1)
        if index < 0:
            index = next((i for i, generation in enumerate(found) if generation.identity == source.identity), -1)
        self._coming = deque(
            generation
            for generation in found[index + 1 :]
            if generation.identity not in passed and not self._cursor.is_done(generation, inodes)
        )
        if self._coming and index < 0 and not self._cursor.awaited.knows_behind(source.identity):
            self._cursor.awaited.doubt()
            self._count("removed", MissingFiles(0, 0))
        self._await(self._coming, here | {source.identity})

    def _await(self, coming: Iterable[Generation], here: set[str]) -> None:
        """Remember what is to come, and count what of it is gone; `here` are the files that are there or open."""
        cursor, at = self._cursor, {self._cursor.position.file, self.at.file}
        before = cursor.awaited.saved()
        self._count("removed", cursor.awaited.see([each for each in coming if each.identity not in at], here))
        if cursor.awaited.saved() != before and cursor.position.file:
            self._write_cursor(cursor.save)

    def _leave(self, source: Source, coming: Generation) -> None:
        """Go on to the next file; the one that was read stays open until it is acknowledged."""
        if not self._open(coming, 0):
            self._coming.clear()
            return
        missing = self._cursor.awaited.missing(source.identity, coming.identity)
        if self._damaged:
            self._count("damaged", MissingFiles(0, 0))
        if self._damaged or missing is not None:
            self._report_before(coming, "damaged" if self._damaged else "removed", missing or MissingFiles(0, 0))
        self._damaged = False
        self._coming.popleft()
        self._passed.append(source)
        if len(self._passed) > MOST_OPEN:
            self._passed[-MOST_OPEN - 1].close()

    def _is_log(self, inode: tuple[int, int]) -> bool:
        """Whether the newest file is this one."""
        try:
            status = os.stat(self._log)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == inode

    def _close_source(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None
        self._coming.clear()

    # ------------------------------------------------------------------------------------------------- what is missing

    def _count(self, why: str, missing: MissingFiles | None) -> None:
        """Count what is gone before it was read."""
        if missing is not None:
            self._stats.missed_files += max(1, missing.files)
            self._stats.missed_bytes += missing.size
            self._log_message(f"{self._log}: not all of it could be read: {json.dumps(self._gap(why, missing))}")

    def _report_before(self, coming: Generation, why: str, missing: MissingFiles) -> None:
        """Remember to report what is missing ahead of the file that comes next."""
        line = json.dumps({"ID": None, "SHIP": self._gap(why, missing)}, separators=(",", ":"))
        self._reports[coming.identity] = line.encode()

    def _gap(self, why: str, missing: MissingFiles) -> dict[str, object]:
        return {"GAP": why, "FILES": missing.files or None, "BYTES": missing.size or None, "AFTER": self.at.id or None}

    def _report(self) -> Batch | None:
        """What is to be reported ahead of the file that was just begun."""
        line = self._reports.get(self.at.file)
        if line is None or self.at.offset or self._reported == self.at.file:
            return None
        self._reported = self.at.file
        return self._batch([line], 0)

    # ----------------------------------------------------------------------------------------------------------- lines

    def _take(self, source: Source, events: int, size: int) -> Batch | None:
        """Whole lines from where reading is; None where there is none."""
        length = -1 if source.packed else source.size()
        if length == self._idle_size and length >= 0:
            return None
        data = self._content(source, size)
        while not (end := data.rfind(b"\n") + 1):
            if len(data) < size:
                self._idle_size = length
                return None
            if size > LONGEST_LINE:
                return self._take_long(source, data[:SHOWN])
            size, events = min(4 * size, LONGEST_LINE + 1), 1
            data = self._content(source, size)
        lines = data[: end - 1].split(b"\n")
        if len(lines) > events:
            del lines[events:]
            end = sum(map(len, lines)) + len(lines)
        return self._batch(lines, end)

    def _take_rest(self, source: Source) -> Batch | None:
        """What follows the last newline of a file that is no longer written."""
        data = self._content(source, LONGEST_LINE + 1)
        if source.packed:
            self._content(source, 1, len(data))  # whether it ends here, or is damaged
        if self._unfinished or self._damaged:
            return None
        if len(data) > LONGEST_LINE:
            return self._take_long(source, data[:SHOWN])
        return self._batch([data], len(data)) if data else None

    def _take_long(self, source: Source, head: bytes) -> Batch | None:
        """A line that is too long to be sent, cut; None while its end is not written."""
        offset = self.at.offset
        while True:
            data = source.read(offset, SKIP)
            newline = data.find(b"\n")
            offset += newline + 1 if newline >= 0 else len(data)
            if newline >= 0 or (not data and self._coming):
                break
            if not data:
                self._idle_size = source.size()
                return None
        return replace(self._batch([head], offset - self.at.offset), oversized=True)

    def _content(self, source: Source, size: int, skip: int = 0) -> bytes:
        """The content from where reading is; of a packed file that is damaged, what comes before the damage."""
        try:
            return source.read(self.at.offset + skip, size)
        except OSError:
            if not source.packed:
                raise
            self._unfinished = time.time() - source.modified < SETTLE
            self._damaged = not self._unfinished
            return b""

    def _batch(self, lines: list[bytes], size: int) -> Batch:
        """Make a batch of lines that take so many bytes, and move on behind them."""
        start, starts = self.at, []
        if b"" in lines:
            offsets = itertools.accumulate((len(line) + 1 for line in lines), initial=start.offset)
            starts = [offset for offset, line in zip(offsets, lines) if line]
            lines = [line for line in lines if line]
        last = event_id(lines[-1]) if lines else ""
        end = Position(start.file, start.offset + size, start.number + len(lines), last or start.id)
        self.at = end
        assert self._source is not None
        return Batch(start, end, lines, starts, self._source.inode, size)


def _stands(generation: Generation) -> bool:
    """Whether a file still has its name."""
    try:
        status = os.stat(generation.path)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == generation.inode

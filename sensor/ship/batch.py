"""A batch: whole lines of one file of the log that are sent at once, and where they stand.

    Batch(start=Position("9f3a…", 0, 0), end=Position("9f3a…", 1689, 2, "1700000000.123:4567"), lines=[b'{"ID":…}', …])

A line's `key` is the same however often, and from whatever copy of the file, it is sent: the identity of the file and
the line's offset in it; that of the report of a gap ahead of a file is its own. Lines are bytes without the newline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

HEAD = 512
"""Bytes at the beginning of a line in which its id and time are looked for."""

_ID = re.compile(rb'^\{(?:"TIME":"[^"]*",)?"ID":"((\d{1,12})\.(\d{3}):[^"]{1,40})"')
_ID_WITHIN = {
    b'{"@timestamp":': re.compile(rb'"id":"((\d{1,12})\.(\d{3}):[^"]{1,40})"'),
    b'{"class_uid":': re.compile(rb'"uid":"((\d{1,12})\.(\d{3}):[^"]{1,40})"'),
}
"""How a line of ECS, and of OCSF, begins → its id: event.id, metadata.uid."""


@dataclass(frozen=True)
class Position:
    """A place between two lines of the log."""

    file: str = ""  # identity of the file; empty before the first
    offset: int = 0  # bytes before it in the file, uncompressed
    number: int = 0  # events before it since the stream began
    id: str = ""  # the last event before it


@dataclass
class Batch:
    """Lines to send, all of one file, with the positions before and after them."""

    start: Position
    end: Position
    lines: list[bytes]
    starts: list[int] = field(default_factory=list)  # the lines' offsets; empty where they follow one another
    inode: tuple[int, int] = (0, 0)  # device and number of the file
    size: int = 0  # bytes, newlines included
    oversized: bool = False  # one line, cut, too long to be sent

    @property
    def is_report(self) -> bool:
        """Whether it is the report of a gap ahead of a file, of which it takes no bytes."""
        return self.end.offset == self.start.offset

    def keys(self) -> list[str]:
        """A name for each line that never changes: FILE-OFFSET, the offset in hexadecimal; FILE-gap of a report."""
        if self.is_report:
            return [f"{self.start.file}-gap" for _ in self.lines]
        return [f"{self.start.file}-{offset:x}" for offset in self.offsets()]

    def offsets(self) -> list[int]:
        """Where each line begins in its file, in bytes."""
        if self.starts:
            return self.starts
        found, offset = [], self.start.offset
        for line in self.lines:
            found.append(offset)
            offset += len(line) + 1
        return found

    def stripped(self) -> Batch:
        """The same without its lines, for what only waits to be acknowledged."""
        return replace(self, lines=[], starts=[])


def event_id(line: bytes) -> str:
    """The event's id, "seconds.milliseconds:serial"; empty for a line that has none."""
    found = _find(line)
    return found[1].decode("ascii", "replace") if found else ""


def event_time(line: bytes) -> float | None:
    """When the event happened, in seconds since 1970, by its id; None for a line that has none."""
    milliseconds = event_milliseconds(line)
    return None if milliseconds is None else milliseconds / 1000


def event_milliseconds(line: bytes) -> int | None:
    """The same in whole milliseconds."""
    found = _find(line)
    return int(found[2] + found[3]) if found else None


def numbered(batch: Batch, stream: str) -> list[bytes]:
    """The lines with `"SHIP":{"STREAM":…,"NUMBER":…}` as their last member; what is no object stays as it is.

    The report of a gap has that member, and gets the two in it.
    """
    if batch.is_report:
        return [
            b'%b,"STREAM":"%b","NUMBER":%d}}' % (line[:-2], stream.encode("ascii"), batch.start.number)
            for line in batch.lines
        ]
    before = b',"SHIP":{"STREAM":"%b","NUMBER":' % stream.encode("ascii")
    first = batch.start.number
    return [
        b"%b%b%d}}" % (line[:-1], before, number) if line.endswith(b"}") and len(line) > 2 else line
        for number, line in enumerate(batch.lines, first)
    ]


def _find(line: bytes) -> re.Match[bytes] | None:
    head = line[:HEAD]
    found = _ID.match(head)
    for begin, id in _ID_WITHIN.items():
        if head.startswith(begin):
            found = id.search(head)
    return found

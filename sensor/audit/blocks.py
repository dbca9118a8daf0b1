"""Whole events out of blocks of lines, the fast way.

    type=SYSCALL msg=audit(1700000000.001:7): arch=c000003e syscall=257 success=no exit=-2 a0=… pid=48 auid=1000 …
    type=CWD msg=audit(1700000000.001:7): cwd="/root"
    type=PATH msg=audit(1700000000.001:7): item=0 name="/etc/…" …

The lines are cut into pieces where the id stands: compiled by sensor.audit.framing, as they stand in a chunk, else by
one `split`; the numbers are cut out of the SYSCALL record (sensor.audit.numbers).
What is left, without the title at the end, is a repeated string, and what it
means, its records and how they are written, is remembered as a Template (sensor.audit.event) when it comes a
second time: two of three events are no news but for numbers and title. Of the others each
line is looked up in the record cache.

A block that is no whole event is left to be taken line by line; once that has
gathered the records of one, they are read in the same way.
"""

from __future__ import annotations

from typing import Final

from sensor.audit.coalesce import Coalescer, Pending, event_key
from sensor.audit.event import Event, Records, Template
from sensor.audit.framing import MESSAGE, SYSCALL, Whole, line_of
from sensor.audit.options import CoalesceOptions
from sensor.audit.record import Record, RecordDecoder
from sensor.audit.spellings import ENRICHED
from sensor.audit.syscall import Syscall
from sensor.audit.syscall_decoder import SyscallDecoder
from sensor.audit.types import OBJECT
from sensor.cache import BoundedDict
from sensor.stats import PipelineStats

_SYSCALL: Final = "type=SYSCALL\0"
_TITLE: Final = "type=PROCTITLE" + MESSAGE
_BEFORE_TITLE: Final = "\n" + _TITLE
_LONGEST_TEMPLATE: Final = 2048
_MOST_SEEN = 8192


class Block:
    """What is known of some lines before they are decoded.

    prefix: `node=NAME `, with which each line begins, or nothing.
    lines: how many, if the id was in each of them.
    title: the PROCTITLE record at their end, if it has been cut off.
    """

    __slots__ = ("id", "lines", "node", "prefix", "title")

    def __init__(self, id: str, node: str, prefix: str, lines: int, title: Record | None = None) -> None:
        self.id = id
        self.node = node
        self.prefix = prefix
        self.lines = lines
        self.title = title


class Blocks:
    """Reads blocks.

    coalescer: knows which events must go another way though they are whole.
    most_seen: of how many templates that came once it is known that they did.
    """

    def __init__(
        self,
        records: RecordDecoder,
        options: CoalesceOptions,
        stats: PipelineStats,
        coalescer: Coalescer,
        most_seen: int = _MOST_SEEN,
    ) -> None:
        self.syscalls = SyscallDecoder(records)
        self._numbers = self.syscalls.numbers
        self.records = records
        self._stats = stats
        self._coalescer = coalescer
        self._longest = min(options.max_line_bytes, options.max_event_bytes)
        self._max_records = options.max_records
        self._templates: BoundedDict[str, Template] = records.cleared(BoundedDict(options.cache_entries))
        self._seen: set[int] = set()
        self._most_seen = most_seen

    def read(self, lines: str, prefix: str, id: str) -> Event | None:
        """The event that some lines are, if they all belong to this id and to nothing else."""
        mark = f"({id}):"
        if lines.count("\n") != lines.count(mark) - 1:
            return None
        return self._read(lines.split(mark), len(lines), prefix, id)

    def read_whole(self, whole: Whole, prefix: str) -> Event | None:
        """The event of which the lines are cut, if it is such as a block may hold."""
        return self._read(whole.pieces, whole.size, prefix, whole.id)

    def _read(self, pieces: list[str], size: int, prefix: str, id: str) -> Event | None:
        if size > self._longest:
            return None
        count = len(pieces) - 1
        event = self._event(pieces, prefix, id)
        if event is None or not self._coalescer.claim(event_key(event.node, id) if prefix else id):
            return None
        stats = self._stats
        stats.lines += count + 1
        stats.records += count
        stats.ends += 1
        stats.fast_events += 1
        return event

    def gathered(self, pending: Pending) -> Event | None:
        """The event that gathered records are, if they are such as a block may hold."""
        id = pending.id
        lines = [line_of("", name, id, body) for name, bodies in pending.bodies.items() for body in bodies]
        pieces = "\n".join(lines).split(f"({id}):")
        event = self._event(pieces, "", id) if len(pieces) == len(lines) + 1 else None
        if event is not None:
            event.node = pending.node
            event.take_notes(pending.notes)
        return event

    def merged(self, pending: Pending) -> Event:
        """An event some of whose records have to be put together first."""
        records: Records = {}
        syscall = None
        for name, bodies in pending.bodies.items():
            shape = self.records.types.get(name).shape
            if name == "SYSCALL":
                syscall = self.syscalls.decode(_merge(bodies))
                records[name] = []
            elif shape == OBJECT:
                records[name] = [self.records.decode(name, _merge(bodies))]
            else:
                records[name] = [self.records.decode(name, body) for body in bodies]
        event = Event(pending.id, pending.node, Template(records), syscall)
        event.take_notes(pending.notes)
        return event

    def _event(self, pieces: list[str], prefix: str, id: str) -> Event | None:
        """The event of which pieces are the lines, cut where the id stood."""
        node = prefix[5:-1] if prefix else ""
        count = len(pieces) - 1
        begins = count > 0 and pieces[0] == (f"{prefix}{SYSCALL}" if prefix else SYSCALL)
        first = pieces[1] if begins else ""
        syscall = self._numbers.cut(first, 1) if first.startswith(" ") else None
        if syscall is None:
            return self._unusual(pieces, Block(id, node, prefix, count))
        title, last = None, pieces[-1]
        if pieces[-2].endswith(f"\n{prefix}{_TITLE}" if prefix else _BEFORE_TITLE) and "\n" not in last:
            title = self.records.title(last)
            if title is None:
                return None
            pieces.pop()
        outcome = syscall.outcome
        pieces[0] = f"{prefix}{outcome.start} {outcome.result}"
        pieces[1] = first[syscall.end :]
        key = "\0".join(pieces)
        template = self._templates.get(key)
        if template is None:
            lines = _lines(pieces[1:], title is not None)
            return self._news(syscall, key, lines, Block(id, node, prefix, count, title)) if lines else None
        if template.count + (title is not None) != count:
            return None
        assert template.rest is not None  # it begins with a SYSCALL record
        syscall.rest = template.rest
        return Event(id, node, template, syscall, title)

    def _news(self, syscall: Syscall, key: str, lines: list[str], block: Block) -> Event | None:
        """An event that begins with a SYSCALL record of the usual form, and is unlike those before."""
        rest = self.syscalls.rest(lines[0])
        if rest is None:
            return None
        syscall.rest = rest
        records: Records = {"SYSCALL": []}
        count = len(lines)
        if count + (block.title is not None) != block.lines or not self._decode(lines[1:], block, records):
            return None
        if block.title is not None and block.title.name in records:
            return None
        template = self._remember(key, Template(records, count, syscall))
        return Event(block.id, block.node, template, syscall, block.title)

    def _remember(self, key: str, template: Template) -> Template:
        if len(key) <= _LONGEST_TEMPLATE:
            seen = hash(key)
            if seen in self._seen:
                template.kept = True
                self._templates.keep(key, template)
            else:
                if len(self._seen) >= self._most_seen:
                    self._seen.clear()
                self._seen.add(seen)
        return template

    def _unusual(self, pieces: list[str], block: Block) -> Event | None:
        """An event that begins otherwise."""
        lines = _lines(["\n" + pieces[0], *pieces[1:]], False)
        if not lines or lines[0] or len(lines) != block.lines + 1:
            return None
        lines = lines[1:]
        records: Records = {}
        syscall = None
        start = block.prefix + _SYSCALL
        place = next((index for index, line in enumerate(lines) if line.startswith(start)), len(lines))
        if not self._decode(lines[:place], block, records):
            return None
        if place < len(lines):
            syscall = self.syscalls.decode_usual(lines[place][len(start) :])
            records["SYSCALL"] = []
            if syscall is None or not self._decode(lines[place + 1 :], block, records):
                return None
        return Event(block.id, block.node, Template(records), syscall)

    def _decode(self, lines: list[str], block: Block, records: Records) -> bool:
        """Add the records that lines are; False if there is one that does not belong to such an event."""
        prefix = block.prefix
        if block.lines > self._max_records:
            return False
        if prefix:
            if not all(line.startswith(prefix) for line in lines):
                return False
            lines = [line[len(prefix) :] for line in lines]
        decoder = self.records
        for line in lines:
            record = decoder.cache.get(line) or decoder.decode_key(line)
            if record is None:
                return False
            group = records.get(record.name)
            if group is None:
                records[record.name] = [record]
            elif record.repeats:
                group.append(record)
            else:
                return False
        return True


def _lines(pieces: list[str], titled: bool) -> list[str] | None:
    """The lines that pieces make, as "type=NAME\\0BODY"; of the first only the body.

    None if one of them has no header, or not all of one.
    titled: the header of a title stands at the end, which is left out.
    """
    lines: list[str] = []
    head = ""
    last = len(pieces) - 1
    for index, piece in enumerate(pieces):
        newline = piece.find("\n")
        if newline < 0:
            newline = len(piece)
            if index < last or titled:
                return None
        elif not piece.endswith(MESSAGE) or (index == last and not titled) or piece.find("\n", newline + 1) >= 0:
            return None
        if index == 0:
            lines.append(piece[:newline])
        elif piece.startswith(" "):
            lines.append(f"{head}\0{piece[1:newline]}")
        else:
            return None
        head = piece[newline + 1 : -len(MESSAGE)]
    return lines


def _merge(bodies: list[str]) -> str:
    """The bodies of an event's records of one type, to be parsed as one."""
    if len(bodies) == 1:
        return bodies[0]
    sections = [body.partition(ENRICHED) for body in bodies]
    raw = " ".join([section[0] for section in sections])
    enriched = " ".join([section[2] for section in sections if section[2]])
    return raw + ENRICHED + enriched if enriched else raw

"""THE HOT PATH: chunks of audit text to JSON lines.

    chunk → blocks that end in EOE → records → event → stages → JSON

An event's lines nearly always arrive together, so a block of lines up to an EOE is
taken at once if every line bears the EOE's id: one `replace` takes the id out, and each
line without it is looked up in the record cache. Anything else (interleaved events, a
missing EOE, records that stand alone) goes line by line through the coalescer; both
ways give the same JSON, whatever the chunk boundaries.

Where a filter may drop an event for what its SYSCALL record says, the first stages see
that record alone, and the others are decoded only if the event is kept.

No descriptor, no clock: bytes and monotonic seconds are arguments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Callable

from sensor.audit.coalesce import Coalescer, Pending, event_key
from sensor.audit.fields import ENRICHED, Fields
from sensor.audit.header import parse_line
from sensor.audit.options import CoalesceOptions
from sensor.audit.record import RecordDecoder
from sensor.audit.syscall import SyscallDecoder
from sensor.audit.types import LIST, OBJECT
from sensor.event import Event, Records, Stage
from sensor.stats import PipelineStats

_EOE = "type=EOE msg=audit("
_ID_OF_EOE = re.compile(r"([1-9][0-9]{0,15}\.[0-9]{3}:(?:0|[1-9][0-9]{0,9}))\): ?\Z")
_SYSCALL = "type=SYSCALL\0"
_LINE = re.compile(r"type=[A-Za-z0-9_]+\0[^\0]*")
_MOST_TAILS, _LONGEST_TAIL = 1024, 1024
_DROPPED = Event("", "", {}, None)


class Pipeline:
    """Audit text in, JSON lines out.

    stages: applied in their order to every event.
    early: those of them that may look ahead, because all they want to see of what is no exec is its SYSCALL record;
        all before them want to see execs only.
    filtered: JSON lines that a stage diverted; the caller empties it.
    write: how an event becomes a JSON line; other: what becomes of the JSON lines that are no events. Another form
        of output sets its own.
    """

    def __init__(
        self,
        decoder: RecordDecoder,
        stages: Sequence[Stage],
        options: CoalesceOptions,
        stats: PipelineStats,
        early: Sequence[Stage] = (),
    ) -> None:
        self.filtered: list[str] = []
        self.write: Callable[[Event], str] = self._json
        self.other: Callable[[str], str] = str
        self._own: list[str] = []
        self._records = decoder
        self._syscalls = SyscallDecoder(decoder)
        self._stages = tuple(stages)
        self._early = tuple(early)
        self._late = tuple([stage for stage in stages if stage not in self._early])
        self._coalescer = Coalescer(options, stats)
        self._stats = stats
        self._max_line = options.max_line_bytes
        self._max_block = min(options.max_line_bytes, options.max_event_bytes)
        self._max_records = options.max_records
        self._settle = options.settle
        self._carry = ""
        self._carried_since = 0.0
        self._cutting = False
        self._prefix = self._next_prefix = ""
        self._now = 0.0
        self._ahead = False
        self._tails: dict[str, int] = {}

    def own_line(self, line: str) -> None:
        """Let a JSON line of the sensor's own go out with the next ones."""
        self._own.append(self.other(line))

    def feed(self, chunk: bytes, now: float) -> list[str]:
        """Take bytes as they came; return the JSON lines they completed, one byte per character."""
        self._now = now
        out = self._take_own()
        text = chunk.decode("latin-1")
        if self._cutting:
            text = self._skip_cut_line(text)
        prefix = self._prefix = self._next_prefix
        mark = f"\n{prefix}{_EOE}"
        blocks = (self._carry + text).split(mark)
        last = len(blocks) - 1
        rest = blocks[0]
        for index in range(1, last + 1):
            ending, newline, behind = blocks[index].partition("\n")
            if index == last and not newline:
                rest = f"{rest}{mark}{ending}"
                break
            self._block(rest, ending, out)
            rest = behind
        self._carry_on(rest, last > 0, out)
        return out

    def tick(self, now: float) -> list[str]:
        """Let time pass; return the JSON lines of events whose time is up."""
        self._now = now
        out = self._take_own()
        if self._carry and now - self._carried_since >= self._settle / 5:
            self._flush_carried_lines(out)
        for pending in self._coalescer.expire(now):
            self._finish_pending(pending, out)
        return out

    def close(self) -> list[str]:
        """End of input: return the JSON lines of all that was still waiting."""
        out = self._take_own()
        carry, self._carry = self._carry, ""
        self._lines(carry, out)
        for pending in self._coalescer.drain():
            self._finish_pending(pending, out)
        return out

    def _take_own(self) -> list[str]:
        own, self._own = self._own, []
        return own

    def _block(self, block: str, ending: str, out: list[str]) -> None:
        """Take the lines before an EOE, and the EOE, of which `ending` is what follows its opening bracket."""
        found = _ID_OF_EOE.match(ending)
        event = self._whole_event(block, found.group(1)) if found is not None else None
        if event is not None:
            if event is not _DROPPED:
                self._finish(event, self._late if self._ahead else self._stages, out)
        else:
            self._lines(f"{block}\n{self._prefix}{_EOE}{ending}", out)

    def _whole_event(self, block: str, id: str) -> Event | None:
        """The event that a block is, if all its lines belong to this id and to nothing else; or _DROPPED."""
        if len(block) > self._max_block:
            return None
        token = f" msg=audit({id}): "
        flat = block.replace(token, "\0")
        count = (len(block) - len(flat)) // (len(token) - 1)
        node = self._prefix[5:-1]
        key = event_key(node, id) if node else id
        event = Event(id, node, {}, None)
        self._ahead = bool(self._early) and "\0" not in block and self._look_ahead(event, flat, count, key)
        if self._ahead and event.syscall is None:
            return _DROPPED
        lines = self._lines_of(flat, count)
        if lines is None or not self._decode(event, lines[1:] if self._ahead else lines):
            return None
        if not self._ahead and not self._coalescer.claim(key):
            return None
        self._count(count)
        return event

    def _look_ahead(self, event: Event, flat: str, count: int, key: str) -> bool:
        """Let the first stages look at the SYSCALL record of what is no exec; False if that cannot be.

        They must not look twice, so it has to be certain that the event is whole. All but its SYSCALL record is again a
        repeated string, for which that was found out once. One that they drop is left without its SYSCALL record.
        """
        if not flat.startswith(_SYSCALL, len(self._prefix)):
            return False
        end = flat.find("\n")
        tail = flat[end:] if end >= 0 else ""
        usual = self._tails.get(tail)
        if usual is None:
            usual = self._remember_tail(flat, tail)
        if usual != count - 1:
            return False
        syscall = self._syscalls.decode_usual(flat[len(self._prefix) + len(_SYSCALL) : end if end >= 0 else None])
        if syscall is None or not self._coalescer.claim(key):
            return False
        event.syscall = syscall
        event.records["SYSCALL"] = [syscall]
        if not self._keeps(event, self._early):
            self._count(count)
            event.syscall = None
        return True

    def _remember_tail(self, flat: str, tail: str) -> int:
        """How many records follow a SYSCALL record, if they make a whole event with it that is no exec; else -1."""
        count = -1
        lines = self._lines_of(flat, flat.count("\n") + 1)
        if lines is not None and all(map(_LINE.fullmatch, lines)):
            others = [self._records.types.get(line[5 : line.index("\0")]) for line in lines[1:]]
            once = [type.name for type in others if type.shape != LIST]
            elsewhere = {"SYSCALL", "EXECVE", "EOE"}.intersection(type.name for type in others)
            if len(once) == len(set(once)) and not elsewhere and not any(type.alone for type in others):
                count = len(others)
        if len(tail) <= _LONGEST_TAIL:
            if len(self._tails) >= _MOST_TAILS:
                self._tails.clear()
            self._tails[tail] = count
        return count

    def _count(self, lines: int) -> None:
        stats = self._stats
        stats.lines += lines + 1
        stats.records += lines
        stats.ends += 1
        stats.fast_events += 1

    def _lines_of(self, flat: str, count: int) -> list[str] | None:
        """The lines of a block in which so many ids became NUL; None if there are not so many, or too many."""
        lines = flat.split("\n")
        if len(lines) != count or count > self._max_records:
            return None
        if self._prefix:
            length = len(flat)
            lines = f"\n{flat}".replace(f"\n{self._prefix}", "\n").split("\n")[1:]
            if length - sum(map(len, lines)) - (count - 1) != count * len(self._prefix):
                return None
        return lines

    def _decode(self, event: Event, lines: list[str]) -> bool:
        """Give an event its records; False if there is one that does not belong to such an event."""
        records = event.records
        known, decode = self._records.cache.get, self._records.decode_key
        for line in lines:
            record = known(line)
            if record is None:
                if line.startswith(_SYSCALL):
                    syscall = self._syscalls.decode_usual(line[13:])
                    if syscall is None or event.syscall is not None:
                        return False
                    event.syscall = syscall
                    records["SYSCALL"] = [syscall]
                    continue
                record = decode(line)
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

    def _carry_on(self, rest: str, fresh: bool, out: list[str]) -> None:
        """Keep what has no EOE yet, within bounds."""
        if fresh or not self._carry:
            self._carried_since = self._now
        self._carry = rest
        if len(rest) > self._max_block:
            self._flush_carried_lines(out)
            if len(self._carry) > self._max_line:
                line, self._carry = self._carry, ""
                self._cutting = True
                self._line(line, out)

    def _flush_carried_lines(self, out: list[str]) -> None:
        lines, newline, partial = self._carry.rpartition("\n")
        if newline:
            self._carry = partial
            self._lines(lines, out)

    def _skip_cut_line(self, text: str) -> str:
        """Drop the rest of a line of which the first part was taken already."""
        _, newline, behind = text.partition("\n")
        self._cutting = not newline
        return behind

    def _lines(self, text: str, out: list[str]) -> None:
        for line in text.split("\n"):
            if line:
                self._line(line, out)

    def _line(self, text: str, out: list[str]) -> None:
        """Take one line the general way."""
        stats = self._stats
        stats.lines += 1
        cut = len(text) > self._max_line
        if cut:
            stats.truncated["line"] = stats.truncated.get("line", 0) + 1
            text = text[: self._max_line]
        line = parse_line(text)
        if line is None:
            stats.unparsed["header"] = stats.unparsed.get("header", 0) + 1
            notes: Fields = {"SENSOR": {"notes": ["truncated_line"]}} if cut else {}
            whole: Fields = {"ID": None, "PARSE_ERROR": {"reason": "header", "raw": text}, **notes}
            out.append(self.other("{" + self._records.render(whole) + "}"))
            return
        type = self._records.types.get(line.type)
        if type.name == "EOE":
            self._next_prefix = f"node={line.node} " if line.node else ""
            stats.ends += 1
            ended = self._coalescer.end(line.node, line.id)
            if ended is not None:
                self._finish_pending(ended, out)
            return
        for left in self._coalescer.add(line, type, cut, self._now):
            self._finish_pending(left, out)

    def _finish_pending(self, pending: Pending, out: list[str]) -> None:
        records: Records = {}
        event = Event(pending.id, pending.node, records, None)
        event.notes += pending.notes
        for name, bodies in pending.bodies.items():
            shape = self._records.types.get(name).shape
            if name == "SYSCALL":
                event.syscall = self._syscalls.decode(_merge(bodies))
                records[name] = [event.syscall]
            elif shape == OBJECT:
                records[name] = [self._records.decode(name, _merge(bodies))]
            else:
                records[name] = [self._records.decode(name, body) for body in bodies]
        self._finish(event, self._stages, out)

    def _finish(self, event: Event, stages: Sequence[Stage], out: list[str]) -> None:
        """Run stages on an event; what they keep becomes a line."""
        if self._keeps(event, stages):
            self._stats.events += 1
            out.append(self.write(event))

    def _keeps(self, event: Event, stages: Sequence[Stage]) -> bool:
        """Run stages on an event; False if one drops it."""
        try:
            for stage in stages:
                if not stage(event):
                    return False
        except Exception:  # noqa: BLE001  the border: a mistake in a stage costs enrichment, never the event
            self._stats.crashed += 1
            event.notes.append("stage_failed")
        return True

    def divert(self, event: Event) -> None:
        """Let an event become a line among those that were filtered."""
        self.filtered.append(self.write(event))

    def _json(self, event: Event) -> str:
        return to_json(event, "," + self._records.render({"NODE": event.node}) if event.node else "")


def to_json(event: Event, node: str) -> str:
    """One event as one JSON object; node: the JSON members that name it, with a leading comma."""
    parts = [f'{{"ID":"{event.id}"{node}']
    for name, group in event.records.items():
        if len(group) == 1:
            parts.append(group[0].member)
        else:
            parts.append(f'"{name}":[{{' + "},{".join([record.text for record in group]) + "}]")
    if event.notes:
        parts.append('"SENSOR":{"notes":["' + '","'.join(event.notes) + '"]}')
    return ",".join(parts) + event.top + "}"


def _merge(bodies: list[str]) -> str:
    """The bodies of an event's records of one type, to be parsed as one."""
    if len(bodies) == 1:
        return bodies[0]
    sections = [body.partition(ENRICHED) for body in bodies]
    raw = " ".join([section[0] for section in sections])
    enriched = " ".join([section[2] for section in sections if section[2]])
    return raw + ENRICHED + enriched if enriched else raw

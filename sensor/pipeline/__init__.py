"""THE HOT PATH: chunks of audit text to JSON lines.

    chunk → blocks that end in EOE → records → event → stages → JSON

An event's lines nearly always arrive together, so a block of lines up to an EOE is
taken at once (sensor.pipeline.blocks) if every line bears the EOE's id. Anything else
(interleaved events, a missing EOE, records that stand alone) goes line by line through
the coalescer; both ways give the same JSON, whatever the chunk boundaries.

No descriptor, no clock: bytes and monotonic seconds are arguments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Callable

from sensor.audit.coalesce import Coalescer, Pending
from sensor.audit.fields import ENRICHED, Fields
from sensor.audit.header import parse_line
from sensor.audit.options import CoalesceOptions
from sensor.audit.record import RecordDecoder
from sensor.audit.text import quote_percent
from sensor.audit.types import OBJECT
from sensor.event import Event, Records, Stage, StageError, Template, name_of
from sensor.pipeline.blocks import Blocks, members
from sensor.pipeline.completeness import count_missing
from sensor.stats import PipelineStats

_EOE = "type=EOE msg=audit("
_ID_OF_EOE = re.compile(r"([1-9][0-9]{0,15}\.[0-9]{3}:(?:0|[1-9][0-9]{0,9}))\): ?\Z")


class Pipeline:
    """Audit text in, JSON lines out.

    stages: applied in their order to every event.
    filtered: JSON lines that a stage diverted; the caller empties it.
    failed: called with what failed, a stage or the pipeline, and its exception. One that fails for a record or an event
        costs only that: the event goes on without a stage, what cannot be read or written goes out as it came.
    write: how an event becomes a JSON line; other: what becomes of the JSON lines that are no events. Another form
        of output sets its own.
    """

    def __init__(
        self,
        decoder: RecordDecoder,
        stages: Sequence[Stage],
        options: CoalesceOptions,
        stats: PipelineStats,
    ) -> None:
        self.filtered: list[str] = []
        self.write: Callable[[Event], str] = self._json
        self.other: Callable[[str], str] = str
        self.failed: Callable[[str, Exception], None] = lambda part, error: None
        self._own: list[str] = []
        self._records = decoder
        self._stages = tuple(stages)
        self._coalescer = Coalescer(options, stats)
        self._blocks = Blocks(decoder, options, stats, self._coalescer.claim)
        self._stats = stats
        self._max_line = options.max_line_bytes
        self._max_block = min(options.max_line_bytes, options.max_event_bytes)
        self._settle = options.settle
        self._carry = ""
        self._carried_since = 0.0
        self._cutting = False
        self._prefix = self._next_prefix = ""
        self._now = 0.0

    def own_line(self, line: str) -> None:
        """Let a JSON line of the sensor's own go out with the next ones."""
        self._own.append(self.other(line))

    def feed(self, chunk: bytes, now: float) -> list[str]:
        """Take bytes as they came; return the JSON lines they completed, one byte per character."""
        self._now = now
        out = self._take_own()
        lines = self._stats.lines
        try:
            self._take(chunk, out)
        except Exception as error:  # noqa: BLE001  the border: of what was begun no part may be glued to what follows
            text = self._carry + chunk.decode("latin-1")
            self._carry = ""
            came = [line for line in text.split("\n") if line]
            self._stats.lines = lines + len(came)
            out += self._as_it_came(came, error)
        return out

    def _take(self, chunk: bytes, out: list[str]) -> None:
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
        try:
            event = self._blocks.read(block, self._prefix, found.group(1)) if found is not None else None
        except Exception:  # noqa: BLE001  reported when the line that is to blame is met
            event = None
        if event is None:
            self._lines(f"{block}\n{self._prefix}{_EOE}{ending}", out)
        else:
            self._finish(event, out)

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
        self._stats.lines += 1
        try:
            self._take_line(text, out)
        except Exception as error:  # noqa: BLE001  the border: one line costs no other
            out += self._as_it_came([text], error)

    def _take_line(self, text: str, out: list[str]) -> None:
        stats = self._stats
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
        try:
            event = self._blocks.gathered(pending) or self._merged(pending)
        except Exception as error:  # noqa: BLE001  the border: one event costs no other
            bodies = [(name, body) for name, bodies in pending.bodies.items() for body in bodies]
            out += self._as_it_came(_lines_of(pending.node, pending.id, bodies), error)
        else:
            self._finish(event, out)

    def _merged(self, pending: Pending) -> Event:
        """An event some of whose records have to be put together first."""
        records: Records = {}
        syscall = None
        for name, bodies in pending.bodies.items():
            shape = self._records.types.get(name).shape
            if name == "SYSCALL":
                syscall = self._blocks.syscalls.decode(_merge(bodies))
                records[name] = []
            elif shape == OBJECT:
                records[name] = [self._records.decode(name, _merge(bodies))]
            else:
                records[name] = [self._records.decode(name, body) for body in bodies]
        event = Event(pending.id, pending.node, Template(records), syscall)
        event.notes += pending.notes
        return event

    def _finish(self, event: Event, out: list[str]) -> None:
        """Run the stages on an event, those behind one that fails as well; what they keep becomes a line."""
        syscall = event.syscall
        if syscall is None or event.notes or syscall.values[7] != event.template.items:  # 0.1 µs; the rest costs 0.4
            count_missing(event, self._stats.incomplete)
        stages = iter(self._stages)
        while True:
            try:
                for stage in stages:
                    if not stage(event):
                        return
                break
            except Exception as error:  # noqa: BLE001  the border: a mistake in a stage costs enrichment, never the event
                self.stage_failed(name_of(stage), event, error)
        self._stats.events += 1
        try:
            out.append(self.write(event))
        except Exception as error:  # noqa: BLE001  the border: one event costs no other
            out += self._unwritable(event, error)

    def divert(self, event: Event) -> None:
        """Let an event become a line among those that were filtered."""
        try:
            self.filtered.append(self.write(event))
        except Exception as error:  # noqa: BLE001  the same, and nothing of it goes elsewhere
            self.filtered += self._unwritable(event, error)

    def _unwritable(self, event: Event, error: Exception) -> list[str]:
        bodies = [(name, record.body) for name, group in event.records.items() for record in group]
        if event.syscall is not None:
            bodies.insert(0, ("SYSCALL", event.syscall.body))
        return self._as_it_came(_lines_of(event.node, event.id, bodies), error)

    def stage_failed(self, name: str, event: Event, error: Exception) -> None:
        """Note that an event is without what a part should have added; that part may be several, see StageError."""
        failures = error.failures if isinstance(error, StageError) else [(name, error)]
        counts = self._stats.stage_failures
        for name, each in failures:
            counts[name] = counts.get(name, 0) + 1
            self.failed(f"stage {name}", each)
        self._stats.crashed += 1
        if "stage_failed" not in event.notes:
            event.notes.append("stage_failed")

    def _as_it_came(self, lines: list[str], error: Exception) -> list[str]:
        """The JSON lines that tell of lines which the pipeline cannot work on; they have been counted as lines."""
        stats = self._stats
        stats.crashed += 1
        stats.unparsed["crash"] = stats.unparsed.get("crash", 0) + len(lines)
        self.failed("the pipeline", error)
        told = [f'{{"ID":null,"PARSE_ERROR":{{"reason":"crash","raw":{quote_percent(line)}}}}}' for line in lines]
        try:
            return [self.other(line) for line in told]
        except Exception:  # noqa: BLE001  better in another form than not at all
            return told

    def end_line(self) -> None:
        """The rest of a line that was begun will not come; what is fed next is another one."""
        if self._carry and self._carry[-1] != "\n":
            self._carry += "\n"

    def _json(self, event: Event) -> str:
        return to_json(event, "," + self._records.render({"NODE": event.node}) if event.node else "")


def to_json(event: Event, node: str) -> str:
    """One event as one JSON object; node: the JSON members that name it, with a leading comma."""
    template = event.template
    if template.text is not None and not event.altered:
        behind = template.text
        if not behind:
            behind = "".join([f",{members(name, group)}" for name, group in template.records.items() if group])
            template.text = behind
        title = f",{event.title.member}" if event.title is not None else ""
        text = f",{event.syscall.member}{behind}{title}"
    else:
        parts = [
            f",{event.syscall.member if name == 'SYSCALL' else members(name, group)}"
            for name, group in event.records.items()
        ]
        text = "".join(parts)
    notes = ',"SENSOR":{"notes":["' + '","'.join(event.notes) + '"]}' if event.notes else ""
    return f'{{"ID":"{event.id}"{node}{text}{notes}{event.top}}}'


def _lines_of(node: str, id: str, bodies: list[tuple[str, str]]) -> list[str]:
    """The lines of an event, from its records' types and bodies."""
    start = f"node={node} " if node else ""
    return [f"{start}type={name} msg=audit({id}): {body}" for name, body in bodies]


def _merge(bodies: list[str]) -> str:
    """The bodies of an event's records of one type, to be parsed as one."""
    if len(bodies) == 1:
        return bodies[0]
    sections = [body.partition(ENRICHED) for body in bodies]
    raw = " ".join([section[0] for section in sections])
    enriched = " ".join([section[2] for section in sections if section[2]])
    return raw + ENRICHED + enriched if enriched else raw

"""THE HOT PATH: chunks of audit text to JSON lines.

    chunk → blocks that end in EOE → records → event → stages → JSON

An event's lines nearly always arrive together, so a block of lines up to an EOE is
taken at once (sensor.audit.blocks) if every line bears the EOE's id. Anything else
(interleaved events, a missing EOE, records that stand alone) goes line by line through
the coalescer; both ways give the same JSON, whatever the chunk boundaries.

No descriptor, no clock: bytes and monotonic seconds are arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, NamedTuple

from sensor.audit.blocks import Blocks
from sensor.audit.coalesce import Coalescer, Pending
from sensor.audit.completeness import count_missing
from sensor.audit.event import DROP, LOG, Event, Notice, Stage, StageError, name_of
from sensor.audit.framing import EOE, Whole, find_near, id_of_eoe, interleaved_events, uncut, whole_event
from sensor.audit.gaps import TORN, ZERO, Gaps
from sensor.audit.header import BEGIN, Line, is_torn, parse_line
from sensor.audit.options import CoalesceOptions
from sensor.audit.record import RecordDecoder
from sensor.audit.scan import COMPILED
from sensor.audit.wrapped import behind_prefix, pieces_of
from sensor.forms import Form, Lines, unparsed
from sensor.stats import PipelineStats

Failed = Callable[[str, Exception], None]
"""Takes the name of a part that failed, and its exception."""


class Parts(NamedTuple):
    """What a configuration decides.

    decoder: of the records; others: of those with a `node=` that is none of `names`, for which the host's own names
        do not hold, if those are decoded otherwise.
    stages: applied in their order to every event.
    form: writes what becomes of it.
    """

    decoder: RecordDecoder
    stages: Sequence[Stage]
    form: Form
    others: RecordDecoder | None = None
    names: frozenset[str] = frozenset()


class Pipeline:
    """Audit text in, JSON lines out.

    failed: called with what failed, a stage or the pipeline, and its exception. One that fails for a record or an event
        costs only that: the event goes on without a stage, what cannot be read or written goes out as it came.
    """

    def __init__(
        self, parts: Parts, options: CoalesceOptions, stats: PipelineStats, failed: Failed = lambda part, error: None
    ) -> None:
        self.form = parts.form
        self._failed = failed
        self._own = Lines()
        self._records = parts.decoder
        self._stages = list(parts.stages)
        self._coalescer = Coalescer(options, stats)
        self._blocks = Blocks(parts.decoder, options, stats, self._coalescer)
        self._names = parts.names
        self._others = self._blocks
        if parts.others is not None:
            self._others = Blocks(parts.others, options, stats, self._coalescer)
        self._stats = stats
        self._max_line = options.max_line_bytes
        self._max_block = min(options.max_line_bytes, options.max_event_bytes)
        self._settle = options.settle
        self._carry = ""
        self._carried_since = 0.0
        self._cutting = False
        self._gaps = Gaps()
        self._prefix = self._next_prefix = ""
        self._now = 0.0

    def notice(self, notice: Notice) -> None:
        """Let a line of the sensor's own go out with the next ones."""
        self._own.take_own(self.form.notice(notice))

    def continue_from(self, other: Pipeline) -> None:
        """Go on where another one stands, be it within a line or an event; that one is not used any more.

        An event that has not ended is audit text still, which no configuration has touched: this one reads all of it.
        """
        self._now, self._carry, self._carried_since = other._now, other._carry, other._carried_since
        self._cutting, self._gaps = other._cutting, other._gaps
        self._prefix, self._next_prefix = other._prefix, other._next_prefix
        self._coalescer.continue_from(other._coalescer)

    def feed(self, chunk: bytes, now: float) -> Lines:
        """Take bytes as they came; return the JSON lines they completed, one byte per character."""
        self._now = now
        out = self.take_notices()
        lines = self._stats.lines
        try:
            self._take(chunk, out)
        except Exception as error:  # noqa: BLE001  the border: of what was begun no part may be glued to what follows
            self._stats.lines = lines  # where there is no memory for this either, the chunk is counted as dropped
            text = self._carry + chunk.decode("latin-1")
            came = [line for line in text.split("\n") if line]
            out.take_unparsed(self._as_it_came(came, error))
            self._carry = ""
            self._stats.lines += len(came)
        return out

    def _take(self, chunk: bytes, out: Lines) -> None:
        text = chunk.decode("latin-1")
        if self._gaps or ZERO in text:
            text = self._gaps.mark(text, not self._cutting and self._carry[-1:] in ("", "\n"))
        if self._cutting:
            text = self._skip_cut_line(text)
        prefix = self._prefix = self._next_prefix
        mark = f"\n{prefix}{EOE}"
        text = self._carry + text
        start = end = newline = 0
        while newline >= 0:
            taken = self._cut(text, start, out) if COMPILED else 0
            if taken:
                start = taken
                continue
            end = find_near(text, mark, start - 1 if start else 0)
            newline = text.find("\n", end + len(mark)) if end >= 0 else -1
            if newline >= 0:
                self._block(text[start:end], text[end + len(mark) : newline], out)
                start = newline + 1
        self._carry_on(text[start:], start > 0 or end >= 0, out)

    def _cut(self, text: str, start: int, out: Lines) -> int:
        """Take the event that begins at a place, or some that are interleaved; the place behind, 0 if it is neither."""
        whole = whole_event(text, start, self._prefix)
        if whole is not None:
            return whole.end if self._whole(whole, out) else 0
        several = interleaved_events(text, start, self._prefix)
        if several is None or not self._coalescer.has_room(several.most, several.size):
            return 0
        for each in several.events:
            pieces = each.pieces[:]  # reading them uses them up
            if not self._whole(each, out):
                self._lines(uncut(pieces, each.id, self._prefix), out)
        return several.end

    def tick(self, now: float) -> Lines:
        """Let time pass; return the JSON lines of events whose time is up."""
        self._now = now
        out = self.take_notices()
        if self._carry and now - self._carried_since >= self._settle / 5:
            self._flush_carried_lines(out)
        for pending in self._coalescer.expire(now):
            self._finish_pending(pending, out)
        return out

    @property
    def waits(self) -> bool:
        """Whether lines or events are held back until their time is up."""
        return bool(self._carry) or self._stats.inflight > 0

    def close(self) -> Lines:
        """End of input: return the JSON lines of all that was still waiting."""
        out = self.take_notices()
        carry, self._carry = self._carry + self._gaps.end(), ""
        self._lines(carry, out)
        for pending in self._coalescer.drain():
            self._finish_pending(pending, out)
        return out

    def take_notices(self) -> Lines:
        """Return the lines of the sensor's own that have not gone out yet."""
        out, self._own = self._own, Lines()
        return out

    def _block(self, block: str, ending: str, out: Lines) -> None:
        """Take the lines before an EOE, and the EOE, of which `ending` is what follows its opening bracket."""
        id = id_of_eoe(ending)
        try:
            event = self._own_blocks().read(block, self._prefix, id) if id is not None else None
        except Exception:  # noqa: BLE001  reported when the line that is to blame is met
            event = None
        if event is None:
            self._lines(f"{block}\n{self._prefix}{EOE}{ending}", out)
        else:
            self._finish(event, out)

    def _whole(self, whole: Whole, out: Lines) -> bool:
        """Take the lines of an event with its EOE; return whether they are such as can be taken at once."""
        try:
            event = self._own_blocks().read_whole(whole, self._prefix)
        except Exception:  # noqa: BLE001  reported when the line that is to blame is met
            event = None
        if event is not None:
            self._finish(event, out)
        return event is not None

    def _own_blocks(self) -> Blocks:
        """Who reads the records of the node that the lines name."""
        return self._blocks_of(self._prefix[5:-1]) if self._prefix else self._blocks

    def _carry_on(self, rest: str, fresh: bool, out: Lines) -> None:
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

    def _flush_carried_lines(self, out: Lines) -> None:
        lines, newline, partial = self._carry.rpartition("\n")
        if newline:
            self._carry = partial
            self._lines(lines, out)

    def _skip_cut_line(self, text: str) -> str:
        """Drop the rest of a line of which the first part was taken already."""
        _, newline, behind = text.partition("\n")
        self._cutting = not newline
        return behind

    def _lines(self, text: str, out: Lines) -> None:
        for line in text.split("\n"):
            if line:
                self._line(line, out)

    def _line(self, text: str, out: Lines) -> None:
        """Take one line the general way."""
        self._stats.lines += 1
        try:
            self._take_line(text, out)
        except Exception as error:  # noqa: BLE001  the border: one line costs no other
            out.take_unparsed(self._as_it_came([text], error))

    def _take_line(self, text: str, out: Lines) -> None:
        is_torn_by_gap = text.endswith(TORN)
        if is_torn_by_gap:
            text = text[: -len(TORN)]
        line = parse_line(text) if len(text) <= self._max_line else None
        if line is not None and BEGIN not in line.body:  # nearly always
            self._take_record(line, is_torn_by_gap, out)
            return
        cut = self._is_cut(len(text)) or is_torn_by_gap
        pieces = pieces_of(text[: self._max_line])
        for piece in pieces[:-1]:
            self._take_piece(piece, is_torn(piece), out)
        self._take_piece(pieces[-1], cut, out)
        self._stats.lines += len(pieces) - 1

    def _take_piece(self, text: str, cut: bool, out: Lines) -> None:
        """Take what should be one record, cut short or not."""
        line = parse_line(text)
        if line is None:
            found = behind_prefix(text) if text[0] != ZERO else None
            if found is None:
                self._not_a_record(text, cut, out)
                return
            before, line = found
            if before:
                self._stats.lines += 1
                self._not_a_record(before, True, out)
        self._take_record(line, cut, out)

    def _is_cut(self, length: int) -> bool:
        """Whether a line of so many bytes is too long, which is counted."""
        cut = length > self._max_line
        if cut:
            self._stats.truncated["line"] = self._stats.truncated.get("line", 0) + 1
        return cut

    def _take_record(self, line: Line, cut: bool, out: Lines) -> None:
        type = self._records.types.get(line.type)
        if type.name == "EOE":
            self._next_prefix = f"node={line.node} " if line.node else ""
            self._stats.ends += 1
            ended = self._coalescer.end(line.node, line.id)
            if ended is not None:
                self._finish_pending(ended, out)
            return
        for left in self._coalescer.add(line, type, cut, self._now):
            self._finish_pending(left, out)

    def _not_a_record(self, text: str, cut: bool, out: Lines) -> None:
        """Report a line, or a piece of one, that is no record; a gap by its length."""
        unparsed, reason, raw = self._stats.unparsed, "header", text
        if text[0] == ZERO:
            reason, raw = "zeros", f"{text[1:]} bytes of zeros"
            unparsed["zeros"] = unparsed.get("zeros", 0) + 1
        else:
            unparsed["header"] = unparsed.get("header", 0) + 1
        out.take_unparsed([self.form.error(reason, raw, ["truncated_line"] if cut else [])])

    def _finish_pending(self, pending: Pending, out: Lines) -> None:
        try:
            blocks = self._blocks_of(pending.node)
            event = blocks.gathered(pending) or blocks.merged(pending)
        except Exception as error:  # noqa: BLE001  the border: one event costs no other
            out.take_unparsed(self._as_it_came(pending.lines(), error))
        else:
            self._finish(event, out)

    def _blocks_of(self, node: str) -> Blocks:
        """Who reads the records of a node."""
        return self._blocks if not node or node in self._names else self._others

    def _finish(self, event: Event, out: Lines) -> None:
        """Run the stages on an event, those behind one that fails as well; unless one drops it, it becomes a line."""
        syscall = event.syscall
        like = event.template
        if syscall is None or event.notes or syscall.items != like.items or like.lacks_arguments:  # 0.1 µs; else 0.4
            try:
                count_missing(event, self._stats.incomplete)
            except Exception as error:  # noqa: BLE001  the border: its records cannot be read, so no stage sees them
                self._write_plainly(count_missing.__name__, event, error, out)
                return
        for stage in self._stages:
            try:
                verdict = stage(event)
            except Exception as error:  # noqa: BLE001  the border: a mistake in a stage costs enrichment, never the event
                self._stage_failed(name_of(stage), event, error)
                continue
            if verdict:
                event.verdict = verdict
                if verdict == DROP:
                    return
        try:
            line = self.form.event(event)
        except Exception as error:  # noqa: BLE001  the border: a mistake costs the form, never the event
            self._write_plainly(name_of(self.form.event), event, error, out)
            return
        if event.verdict == LOG:
            out.filtered.append(line)
        else:
            self._stats.events += 1
            lines: list[str] = out  # which mypyc knows how to append to
            lines.append(line)

    def _write_plainly(self, part: str, event: Event, error: Exception, out: Lines) -> None:
        """Write an event for which its form, or another part, has failed; if that fails, its lines as they came."""
        line = self._plainly(part, event, error)
        lines = self._as_it_came(_lines_of(event), error) if line is None else [line]
        if event.verdict == LOG:
            out.filtered.extend(lines)
        elif line is None:
            out.take_unparsed(lines)
        else:
            self._stats.events += 1
            out.append(line)

    def _plainly(self, part: str, event: Event, error: Exception) -> str | None:
        """Write an event for which its form has failed; None if that cannot be done."""
        try:
            event.note("stage_failed")
            line = self.form.plainly(event)
        except Exception:  # noqa: BLE001  the first one is reported
            return None
        self._stage_failed(part, event, error)
        return line

    def _stage_failed(self, name: str, event: Event, error: Exception) -> None:
        """Note that an event is without what a part should have added; that part may be several, see StageError."""
        failures = error.failures if isinstance(error, StageError) else [(name, error)]
        counts = self._stats.stage_failures
        for name, each in failures:
            counts[name] = counts.get(name, 0) + 1
            self._failed(f"stage {name}", each)
        self._stats.crashed += 1
        event.note("stage_failed")

    def _as_it_came(self, lines: Sequence[str], error: Exception) -> list[str]:
        """The JSON lines for lines which the pipeline cannot work on; they have been counted as lines."""
        stats = self._stats
        stats.crashed += 1
        self._failed("the pipeline", error)
        made = [unparsed(self.form, "crash", line) for line in lines]
        stats.unparsed["crash"] = stats.unparsed.get("crash", 0) + len(made)
        return made

    def end_line(self) -> None:
        """The rest of a line that was begun will not come; what is fed next is another one."""
        if self._carry and self._carry[-1] != "\n":
            self._carry += "\n"


def _lines_of(event: Event) -> list[str]:
    """The lines of an event as it was read."""
    pending = Pending(event.node, event.id, 0.0)
    if event.syscall is not None:
        pending.bodies.update(SYSCALL=[event.syscall.body])
    for name, group in event.records.items():
        pending.bodies.setdefault(name, []).extend([record.body for record in group])
    return pending.lines()

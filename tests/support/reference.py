"""The naive implementation, second part: chunks of bytes to JSON lines.

For every input, however it is cut into chunks, this and `sensor.pipeline` must give the same bytes:

    Reference(options, transform).feed(data, now) == Pipeline(…, stages=(), …).feed(data, now)

One line at a time, one list of records per event, nothing decoded before its event leaves; see reference_records.py for
what becomes of a record.
"""

from __future__ import annotations

from typing import Any

from sensor.audit.options import CoalesceOptions, TransformOptions
from sensor.audit.types import TOP
from sensor.tables import record_types
from tests.support.reference_prefixes import digits, is_piece, is_prefix, without_stamp
from tests.support.reference_records import DIGITS, LETTERS, read_record, to_json

REMEMBERED = 4096  # events that left, in each of two generations
MERGED = ("SYSCALL", "EXECVE", "PROCTITLE", "CWD")


class Header:
    """`node=web01 type=CWD msg=audit(1700000000.001:1): cwd="/"`, or ValueError."""

    def __init__(self, line: str) -> None:
        self.text = line
        self.node = ""
        if line.startswith("node="):
            self.take("node=")
            self.node = self.until(" \t\r\n")
            self.blanks()
        self.take("type=")
        self.type = self.until(" ")
        self.blanks()
        self.take("msg=audit(")
        seconds = self.number(16)
        self.take(".")
        milliseconds = self.number(3)
        self.take(":")
        serial = self.number(10)
        self.take(")")
        self.colon = self.text.startswith((":", " :"))
        self.take(":" if self.text.startswith(":") else " :" if self.colon else " ")
        self.length = len(line) - len(self.text)
        self.id = f"{seconds}.{milliseconds:03d}:{serial}"
        self.body = self.text.strip(" \t\r\n")
        inside = self.type[8:-1] if self.type.startswith("UNKNOWN[") and self.type.endswith("]") else None
        name = self.type if inside is None else ""
        if any(c not in LETTERS + DIGITS + "_" for c in name):
            raise ValueError(self.type)
        if inside is not None and not (inside and digits(inside, 0, 10) == inside):
            raise ValueError(self.type)

    def take(self, expected: str) -> None:
        if not self.text.startswith(expected):
            raise ValueError(expected)
        self.text = self.text[len(expected) :]

    def until(self, ends: str) -> str:
        length = min([self.text.index(end) for end in ends if end in self.text], default=0)
        if length == 0:
            raise ValueError(ends)
        found, self.text = self.text[:length], self.text[length:]
        return found

    def blanks(self) -> None:
        self.take(" ")
        self.text = self.text.lstrip(" ")

    def number(self, most: int) -> int:
        found = digits(self.text, 0, most)
        self.take(found)
        return int(found)


def header_at(text: str, place: int) -> Header | None:
    """The header that begins at a place, with its colon."""
    if not text.startswith(("type=", "node="), place):
        return None
    try:
        header = Header(text[place:])
    except ValueError:
        return None
    return header if header.colon else None


def pieces_of(line: str) -> list[str]:
    """The records that stand in one line; a message that has a quote behind the header is what somebody sent."""
    if line.count("msg=audit(") < 2:
        return [line]
    starts = [0]
    place = 0
    while place < len(line):
        header = header_at(line, place)
        if header is not None:
            before = line[starts[-1] : place]
            sent = "msg='" in before and ("'" in line[place:] or len(line) > 8000)
            starts += [place] if before and not sent else []
            place += header.length
        else:
            place += 1
    pieces = [line[start:end] for start, end in zip(starts, [*starts[1:], len(line)])]
    if len(pieces) > 1 and is_prefix(pieces[0]):
        return pieces[1:]
    return pieces if is_piece(pieces[0]) else [line]


def behind_prefix(line: str) -> tuple[str, Header] | None:
    """The first record in a line that begins otherwise, and what of that was a piece of another one."""
    for place in range(len(line)):
        header = header_at(line, place)
        if header is not None:
            before = line[:place]
            if place <= 512 and (is_prefix(before) or is_piece(before)):
                return "" if is_prefix(before) else before, header
            break
    return of_kernel(line)


def of_kernel(line: str) -> tuple[str, Header] | None:
    """`audit: type=1400 audit(1.000:1): …`, as the kernel writes without auditd; `audit: ` is newer than RHEL 6."""
    for place in range(min(len(line), 513)):
        named = line.startswith("audit: type=", place)
        if named or line.startswith("type=", place):
            number = digits(line, place + (12 if named else 5), 10)
            rest = line[place + (12 if named else 5) + len(number) :]
            name = record_types.NAMES.get(int(number), f"UNKNOWN[{number}]") if number else ""
            header = header_at(f"type={name} msg={rest[1:]}", 0) if number and rest.startswith(" audit(") else None
            if header is not None and rest[rest.index(")") + 1] == ":":
                return ("", header) if is_prefix(without_stamp(line[:place])) else None
    return None


class Type:
    """What the number of a record type says; a name that nobody knows counts as the kernel's."""

    def __init__(self, written: str) -> None:
        written = written.upper()
        number = int(written[8:-1]) if written.startswith("UNKNOWN[") else record_types.NUMBERS.get(written, -1)
        self.name = record_types.NAMES.get(number, written)
        if self.name in TOP:
            self.name += "_2"
        kernel = number == -1 or number == record_types.LOGIN or 1300 <= number <= 2099
        self.merged = self.name in MERGED
        self.listed = kernel and not self.merged
        self.user = not kernel
        self.ends = self.name == "PROCTITLE" or not kernel or number == 2000 or 1406 <= number <= 1419
        self.alone = 1200 <= number <= 1299


class Waiting:
    """An event and its records, as (type name, body)."""

    def __init__(self, node: str, id: str, deadline: float) -> None:
        self.node, self.id, self.deadline = node, id, deadline
        self.records: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.ended = False

    def note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def bodies(self, name: str) -> list[str]:
        return [body for type, body in self.records if type == name]


class Reference:
    """Bytes in, JSON lines out."""

    def __init__(self, options: CoalesceOptions, transform: TransformOptions) -> None:
        self.options, self.transform = options, transform
        self.partial = ""
        self.skipping = False
        self.now = 0.0
        self.waiting: list[Waiting] = []
        self.recent: set[tuple[str, str]] = set()
        self.older: set[tuple[str, str]] = set()
        self.out: list[str] = []
        self.zeros = 0

    def feed(self, chunk: bytes, now: float) -> list[str]:
        self.now = now
        for character in chunk.decode("latin-1"):
            if character == "\0":
                self.zeros += 1
                continue
            self.end_zeros()
            if character == "\n":
                self.line(self.partial)
                self.partial, self.skipping = "", False
            elif not self.skipping:
                self.partial += character
        if len(self.partial) > self.options.max_line_bytes:
            self.line(self.partial)
            self.partial, self.skipping = "", True
        return self.lines()

    def end_zeros(self) -> None:
        """Zeros that begin a line, or are many, are a gap, and end a line; a few others are part of it."""
        count, self.zeros = self.zeros, 0
        begins = not self.partial and not self.skipping
        if count >= 16 or (count and begins):
            self.line(self.partial, torn=not begins)
            self.partial, self.skipping = "", False
            self.not_a_record("zeros", f"{count} bytes of zeros", cut=False)
        elif not self.skipping:
            self.partial += "\0" * count

    def tick(self, now: float) -> list[str]:
        for event in [event for event in self.waiting if event.deadline <= now]:
            if not event.ended and event.bodies("SYSCALL"):
                event.note("timeout")
            self.leave(event)
        return self.lines()

    def close(self) -> list[str]:
        self.end_zeros()
        self.line(self.partial)
        self.partial = ""
        while self.waiting:
            self.leave(self.waiting[0])
        return self.lines()

    def lines(self) -> list[str]:
        out, self.out = self.out, []
        return out

    def line(self, text: str, torn: bool = False) -> None:
        if not text:
            return
        cut = len(text) > self.options.max_line_bytes
        *pieces, last = pieces_of(text[: self.options.max_line_bytes])
        for piece in pieces:
            self.record(piece, piece[-1] not in " \r\n\t")
        self.record(last, cut or torn)

    def not_a_record(self, reason: str, text: str, cut: bool) -> None:
        notes = {"SENSOR": {"notes": ["truncated_line"]}} if cut else {}
        self.emit({"ID": None, "PARSE_ERROR": {"reason": reason, "raw": text}, **notes})

    def record(self, text: str, cut: bool) -> None:
        try:
            header = Header(text)
        except ValueError:
            found = behind_prefix(text)
            if found is None:
                self.not_a_record("header", text, cut)
                return
            before, header = found
            if before:
                self.not_a_record("header", before, cut=True)
        type = Type(header.type)
        event = self.find(header)
        if type.name == "EOE":
            if event is not None:
                self.leave(event)
        elif type.alone:
            event = Waiting(header.node, header.id, self.now)
            event.records.append((type.name, header.body))
            if cut:
                event.note("truncated_line")
            self.write(event)
        else:
            self.take(header, type, event, cut)

    def find(self, header: Header) -> Waiting | None:
        found = [event for event in self.waiting if (event.node, event.id) == (header.node, header.id)]
        return found[0] if found else None

    def take(self, header: Header, type: Type, event: Waiting | None, cut: bool) -> None:
        """Put a record into its event."""
        if event is not None and type.user and event.bodies(type.name):
            if header.body in event.bodies(type.name):
                return
            self.leave(event)
            event = None
        if event is None:
            event = self.open(header)
        if type.ends and not event.ended:
            event.ended, event.deadline = True, self.now + self.options.settle
        elif not type.ends and event.ended and not event.bodies("PROCTITLE"):
            event.ended, event.deadline = False, self.now + self.options.timeout
        if cut:
            event.note("truncated_line")
        if len(event.records) >= self.options.max_records:
            event.note("truncated_records")
        elif sum(len(body) for _, body in event.records) + len(header.body) > self.options.max_event_bytes:
            event.note("truncated_bytes")
        else:
            event.records.append((type.name, header.body))

    def open(self, header: Header) -> Waiting:
        if len(self.waiting) >= self.options.max_events:
            if not self.waiting[0].ended:
                self.waiting[0].note("evicted")
            self.leave(self.waiting[0])
        event = Waiting(header.node, header.id, self.now + self.options.timeout)
        if (header.node, header.id) in self.recent | self.older:
            event.note("late")
        self.waiting.append(event)
        return event

    def leave(self, event: Waiting) -> None:
        self.waiting.remove(event)
        self.recent.add((event.node, event.id))
        if len(self.recent) >= REMEMBERED:
            self.older, self.recent = self.recent, set()
        self.write(event)

    def write(self, event: Waiting) -> None:
        whole: dict[str, Any] = {"ID": event.id}
        if event.node:
            whole["NODE"] = event.node
        for name in dict.fromkeys(name for name, _ in event.records):
            type = Type(name)
            bodies = event.bodies(name)
            if type.merged:
                bodies = [joined(bodies)]
            objects = [read_record(name, body, self.transform) for body in bodies]
            whole[name] = objects if type.listed else objects[0]
        if event.notes:
            whole["SENSOR"] = {"notes": event.notes}
        self.emit(whole)

    def emit(self, whole: dict[str, Any]) -> None:
        self.out.append(to_json(whole, self.transform.strings))


def joined(bodies: list[str]) -> str:
    """Records of a type that stands once in an event, as one; what auditd translated comes last."""
    raw = " ".join(body.partition("\x1d")[0] for body in bodies)
    translated = " ".join(body.partition("\x1d")[2] for body in bodies if body.partition("\x1d")[2])
    return f"{raw}\x1d{translated}" if translated else raw

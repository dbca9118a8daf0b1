"""Where a record begins and an event ends in audit text: what marks them is written here, and nowhere else.

node=web01 type=EOE msg=audit(1700000000.001:7): ⏎
           ────────┬─────────┬──────────────── ┬
                  EOE     id_of_eoe      the next event
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sensor.audit.scan import COLON, COMPILED, NONE, after, behind, event_id
from sensor.tables.record_types import NUMBERS

if TYPE_CHECKING:
    from mypy_extensions import i64

EOE: Final = "type=EOE msg=audit("
"""What the record that ends an event begins with, behind `node=NAME `."""
MESSAGE: Final = " msg=audit"
BEFORE_ID: Final = MESSAGE + "("
BEHIND_ID: Final = "): "
"""With the event's id between them: what stands between the type of a record and its body."""
SYSCALL: Final = "type=SYSCALL" + MESSAGE
_EOE: Final = "type=EOE" + MESSAGE
_LONGEST_ID: Final = 40
_LONGEST_TYPE: Final = 40
_MOST_RECORDS: Final = 64
"""As many as are cut one by one. What has not ended is looked at again with each chunk, however small those are."""
_NEAR: Final = 16_384
"""Characters; where more than 30,000 are searched, what CPython does first takes a fifth of the time."""
_ID_OF_EOE = re.compile(r"([1-9][0-9]{0,15}\.[0-9]{3}:(?:0|[1-9][0-9]{0,9}))\): ?\Z")
_FIRST_RECORD = re.compile(rb"(?:\A|\n)(?:node=\S{1,256} )?type=[A-Z0-9_\[\]]{1,64} msg=audit\((\d{1,12}\.\d{3}):")


def line_of(node: str, name: str, id: str, body: str) -> str:
    """A record as auditd writes it; node: "" if there is none."""
    start = f"node={node} " if node else ""
    return f"{start}type={name}{BEFORE_ID}{id}{BEHIND_ID}{body}"


def id_of_eoe(ending: str) -> str | None:
    """The event's id in what follows EOE on its line; None if that is of another form."""
    return id_by_scan(ending) if COMPILED else id_by_expression(ending)


def id_by_expression(ending: str) -> str | None:
    """`id_of_eoe`, quickest where it is interpreted."""
    found = _ID_OF_EOE.match(ending)
    return found.group(1) if found is not None else None


def id_by_scan(ending: str) -> str | None:
    """`id_of_eoe`, quickest where it is compiled."""
    end = event_id(ending, 0)
    if end == NONE:
        return None
    rest = ending[end:]
    return ending[:end] if rest == BEHIND_ID or rest == "):" else None


class Whole:
    """The lines of one event, cut where its id stood.

    pieces: what stood before, between and behind the ids; the lines are without the last newline, and without EOE.
    size: how long the lines are, in characters.
    end: the place behind the line of the EOE.
    """

    __slots__ = ("end", "id", "pieces", "size")

    def __init__(self, id: str, pieces: list[str], size: int, end: int) -> None:
        self.id = id
        self.pieces = pieces
        self.size = size
        self.end = end


def whole_event(text: str, start: int, prefix: str) -> Whole | None:
    """The event of which lines begin at a place in a text, if they do with SYSCALL, and are its own up to its EOE.

    None if they are not, if the EOE has not come, and if there are so many that another way is as quick.

    Compiled, it takes 7,100 instructions for 700 characters, and no search for the EOE has to come first.
    """
    first: i64 = start
    at = behind(text, first, f"{prefix}{SYSCALL}" if prefix else SYSCALL)
    close: i64 = text.find(")", at, at + _LONGEST_ID) if at != NONE else NONE
    if close == NONE or event_id(text, at + 1) != close or after(text, close + 1, COLON) == NONE:
        return None
    mark = text[at : close + 2]
    size: i64 = len(mark)
    before_end = f"\n{prefix}{_EOE}" if prefix else "\n" + _EOE
    before_size: i64 = len(before_end)
    within = before_size + _LONGEST_TYPE
    skipped: i64 = len(prefix)
    pieces = [text[first:at]]
    while len(pieces) <= _MOST_RECORDS:
        begin = at + size
        newline: i64 = text.find("\n", begin)
        at = text.find("(", newline + skipped, newline + within) if newline != NONE else NONE
        if at == NONE or text[at : at + size] != mark:
            return None
        if at - newline == before_size and text[newline:at] == before_end:
            pieces.append(text[begin:newline])
            begin = at + size
            end: i64 = text.find("\n", begin)
            if end == NONE or (end != begin and text[begin:end] != " "):
                return None
            return Whole(mark[1:-2], pieces, newline - first, end + 1)
        pieces.append(text[begin:at])
    return None


def uncut(pieces: list[str], id: str, prefix: str) -> str:
    """The lines of an event again, EOE among them, without the last newline."""
    return f"({id}):".join(pieces) + f"\n{prefix}{_EOE}({id}): "


class Interleaved:
    """The lines of several events, of which each began before the one before it had ended, cut as those of one.

    events: in the order of their ends.
    end: the place behind the last of their lines.
    size: how long these are together, in characters.
    most: how many of the events were open at a time.
    """

    __slots__ = ("end", "events", "most", "size")

    def __init__(self, events: list[Whole], size: int, end: int, most: int) -> None:
        self.events = events
        self.size = size
        self.end = end
        self.most = most


class _Open:
    """An event whose EOE has not come.

    mark: its id with what stands around it; last: the piece that has begun.
    """

    __slots__ = ("last", "mark", "pieces", "size")

    def __init__(self, mark: str, head: str) -> None:
        self.mark = mark
        self.pieces: list[str] = []
        self.last = head
        self.size: i64 = 0


def interleaved_events(text: str, start: int, prefix: str) -> Interleaved | None:
    """The events of which lines begin at a place in a text, up to where all have ended that have begun.

    Each begins with SYSCALL. None if there is a line that belongs to none of them, if one of them has not ended, and if
    there are very many: another way copes with these.

    Compiled, it takes 4,300 instructions a line; looked at on its own, each takes 15,000 until its event is read.
    """
    at: i64 = start
    start_of_line, begin, end = f"{prefix}type=", f"{prefix}{SYSCALL}", f"{prefix}{_EOE}"
    events: list[Whole] = []
    waiting: list[_Open] = []
    most = lines = 0
    while lines < _MOST_RECORDS:
        newline: i64 = text.find("\n", at)
        name = behind(text, at, start_of_line)
        place: i64 = text.find("(", name, name + _LONGEST_TYPE) if name != NONE else NONE
        if newline == NONE or place == NONE or place > newline or text.find(BEFORE_ID, place, newline) != NONE:
            return None  # within a line another record may have begun
        head = text[at:place]
        if not head.endswith(MESSAGE) or head[name - at : -len(MESSAGE)] not in NUMBERS:
            return None
        one = _find_open(waiting, text, place)
        if one is None:
            close: i64 = text.find(")", place, place + _LONGEST_ID) if head == begin else NONE
            if close == NONE or event_id(text, place + 1) != close or after(text, close + 1, COLON) == NONE:
                return None
            one = _Open(text[place : close + 2], head)
            waiting.append(one)
            most = max(most, len(waiting))
        body = text[place + len(one.mark) : newline]
        if head != end:
            if not body.startswith(" "):
                return None
            one.pieces.append(one.last if not one.pieces else f"{one.last}\n{head}")
            one.last = body
            one.size += newline - at + 1
        elif body in ("", " "):
            one.pieces.append(one.last)
            events.append(Whole(one.mark[1:-2], one.pieces, one.size - 1, newline + 1))
            waiting.remove(one)
            if not waiting:
                return Interleaved(events, newline - start, newline + 1, most)
        else:
            return None
        at = newline + 1
        lines += 1
    return None


def _find_open(waiting: list[_Open], text: str, place: i64) -> _Open | None:
    """The event whose id stands at a place."""
    for one in waiting:
        if text[place : place + len(one.mark)] == one.mark:
            return one
    return None


def find_near(text: str, mark: str, start: int) -> int:
    """`find` for a mark that is mostly near: in a long text CPython first prepares for a search as long as that."""
    place = text.find(mark, start, start + _NEAR)
    return place if place >= 0 or len(text) - start <= _NEAR else text.find(mark, start)


def first_time(chunk: bytes, within: int) -> float | None:
    """The time of the first record that begins in so many bytes of a chunk, in seconds since 1970."""
    found = _FIRST_RECORD.search(chunk, 0, within)
    return float(found[1]) if found is not None else None


def last_time(chunk: bytes) -> float:
    """The time of the last record in a chunk, in seconds since 1970; 0 if there is none."""
    start = chunk.rfind(b"msg=audit(")
    digits = chunk[start + 10 : start + 30].partition(b":")[0] if start >= 0 else b""
    try:
        return float(digits)
    except ValueError:
        return 0.0

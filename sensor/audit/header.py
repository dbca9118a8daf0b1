"""The part of a line before its fields: which node, which type, which event.

    node=web01 type=CWD msg=audit(1700000000.001:1): cwd="/"
    ────┬───── ───┬──── ───────────┬────────────── ────┬───
      node      type            event id              body

auditd writes `node=` when its name_format asks for it. Blanks between the parts
may repeat, and one may stand before the colon, which auditd 2.4 leaves out before some words of
its own; a body loses the blanks and carriage returns around it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sensor.audit.framing import BEFORE_ID, BEHIND_ID
from sensor.audit.scan import COMPILED, NONE, behind, event_id

if TYPE_CHECKING:
    from mypy_extensions import i64

BEGIN: Final = "msg=audit("
"""No body holds this, except text that a user sent as a message (auditctl -m)."""
BLANKS: Final = " \r\n\t"

_NODE = r"node=([^ \t\r\n]+) +"
_TYPE = r"type=([A-Za-z0-9_]+|UNKNOWN\[[0-9]{1,10}\]) +"
EVENT_ID = r"\(([0-9]{1,16})\.([0-9]{1,3}):([0-9]{1,10})\)"
_HEADER = re.compile(rf"(?:{_NODE})?{_TYPE}msg=audit{EVENT_ID}(?: ?:| )(.*)\Z", re.DOTALL)
RECORD = re.compile(rf"(?:{_NODE})?{_TYPE}msg=audit{EVENT_ID} ?:")
_START: Final = "type="
_ZERO: Final = 48  # "0"
_NINE: Final = 57
_A: Final = 65  # "A"
_Z: Final = 90
_UNDERSCORE: Final = 95
_LONGEST_SENT = 8000
"""A message as long as the kernel takes may have lost the quote at its end."""


class Line:
    """One line of the audit stream, cut but not yet understood.

    node: the value of `node=`, or "".
    type: the type's name as written.
    id: "SECONDS.MILLISECONDS:SERIAL" with three digits of milliseconds.
    body: the fields, without blanks at either end.
    """

    __slots__ = ("body", "id", "node", "type")

    def __init__(self, node: str, type: str, id: str, body: str) -> None:
        self.node = node
        self.type = type
        self.id = id
        self.body = body


def parse_line(line: str) -> Line | None:
    """Cut one line without its newline; None when it has no header of this form."""
    usual = by_scan(line) if COMPILED else None
    return by_expression(line) if usual is None else usual


def by_scan(line: str) -> Line | None:
    """`parse_line` for lines as auditd mostly writes them, compiled in two fifths of the time; None for others."""
    start = behind(line, 0, _START)
    if start == NONE:
        return None
    at = _behind_name(line, start)
    id = behind(line, at, BEFORE_ID)
    id_end = event_id(line, id) if id != NONE else NONE
    end = behind(line, id_end, BEHIND_ID)
    if end == NONE:
        return None
    return Line("", line[start:at], line[id:id_end], line[end:].strip(BLANKS))


def _behind_name(line: str, start: i64) -> i64:
    """The place behind a type's name: at least one of A-Z, 0-9 and _."""
    at = start
    while at < len(line):
        sign: i64 = ord(line[at])
        if not (_A <= sign <= _Z or _ZERO <= sign <= _NINE or sign == _UNDERSCORE):
            break
        at += 1
    return at if at > start else NONE


def by_expression(line: str) -> Line | None:
    """`parse_line` for lines of any form."""
    found = _HEADER.match(line)
    if found is None:
        return None
    node, name, seconds, milliseconds, serial, body = found.groups()
    if len(milliseconds) == 3 and seconds[0] != "0" and serial[0] != "0":  # nearly always
        id = f"{seconds}.{milliseconds}:{serial}"
    else:
        id = f"{int(seconds)}.{int(milliseconds):03}:{int(serial)}"
    return Line(node or "", name, id, body.strip(BLANKS))


def records_in(line: str) -> list[str]:
    """The records that stand in one line, as it was not finished, or as a collector put them there; nearly always one.

    A message of user space is whatever its sender likes, a header as well: what follows one is a record only if there
    is no quote behind it, which would be the message's.
    """
    first = line.find(BEGIN)
    if first < 0 or line.find(BEGIN, first + 1) < 0:
        return [line]
    pieces: list[str] = []
    start = 0
    for found in RECORD.finditer(line):
        piece = line[start : found.start()]
        sent = "msg='" in piece and ("'" in line[found.start() :] or len(line) > _LONGEST_SENT)
        if piece and not sent:
            pieces.append(piece)
            start = found.start()
    return [*pieces, line[start:]]


def is_torn(piece: str) -> bool:
    """Return whether a record that another one follows in its line was not finished: nothing stands between them."""
    return piece[-1:] not in BLANKS

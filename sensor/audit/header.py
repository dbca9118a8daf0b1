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
from typing import NamedTuple

BEGIN = "msg=audit("
"""No body holds this, except text that a user sent as a message (auditctl -m)."""
BLANKS = " \r\n\t"

_NODE = r"node=([^ \t\r\n]+) +"
_TYPE = r"type=([A-Za-z0-9_]+|UNKNOWN\[[0-9]{1,10}\]) +"
EVENT_ID = r"\(([0-9]{1,16})\.([0-9]{1,3}):([0-9]{1,10})\)"
_HEADER = re.compile(rf"(?:{_NODE})?{_TYPE}msg=audit{EVENT_ID}(?: ?:| )(.*)\Z", re.DOTALL)
RECORD = re.compile(rf"(?:{_NODE})?{_TYPE}msg=audit{EVENT_ID} ?:")
_LONGEST_SENT = 8000
"""A message as long as the kernel takes may have lost the quote at its end."""


class Line(NamedTuple):
    """One line of the audit stream, cut but not yet understood.

    node: the value of `node=`, or "".
    type: the type's name as written.
    id: "SECONDS.MILLISECONDS:SERIAL" with three digits of milliseconds.
    body: the fields, without blanks at either end.
    """

    node: str
    type: str
    id: str
    body: str


def parse_line(line: str) -> Line | None:
    """Cut one line without its newline; None when it has no header of this form."""
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

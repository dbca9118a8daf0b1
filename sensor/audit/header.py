"""The part of a line before its fields: which node, which type, which event.

    node=web01 type=CWD msg=audit(1700000000.001:1): cwd="/"
    ────┬───── ───┬──── ───────────┬────────────── ────┬───
      node      type            event id              body

auditd writes `node=` when its name_format asks for it. Blanks between the parts
may repeat; a body loses the blanks and carriage returns around it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HEADER = re.compile(
    r"(?:node=([^ \t\r\n]+) +)?type=([A-Za-z0-9_]+|UNKNOWN\[[0-9]{1,10}\]) +"
    r"msg=audit\(([0-9]{1,16})\.([0-9]{1,3}):([0-9]{1,10})\):(.*)\Z",
    re.DOTALL,
)
BLANKS = " \r\n\t"


class Line(NamedTuple):
    """One line of the audit stream, cut but not yet understood.

    node: what `node=` says, or "".
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
    return Line(node or "", name, f"{int(seconds)}.{int(milliseconds):03}:{int(serial)}", body.strip(BLANKS))

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

from sensor.tables.record_types import NAMES

BEGIN = "msg=audit("
"""What no body holds, but for words that somebody sent as a message."""
BLANKS = " \r\n\t"

_NODE = r"node=([^ \t\r\n]+) +"
_TYPE = r"type=([A-Za-z0-9_]+|UNKNOWN\[[0-9]{1,10}\]) +"
_ID = r"\(([0-9]{1,16})\.([0-9]{1,3}):([0-9]{1,10})\)"
_HEADER = re.compile(rf"(?:{_NODE})?{_TYPE}msg=audit{_ID}(?: ?:| )(.*)\Z", re.DOTALL)
_RECORD = re.compile(rf"(?:{_NODE})?{_TYPE}msg=audit{_ID} ?:")
_OF_KERNEL = re.compile(rf"audit: type=([0-9]{{1,10}}) audit{_ID}:(.*)\Z", re.DOTALL)
_STAMP = re.compile(r"\[ *[0-9]+\.[0-9]+\] \Z")
_SYSLOG = re.compile(r"<[0-9]{1,3}>\Z|(?:<[0-9]{1,3}>)?1 (?:[^ ]+ ){5}(?:-|\[[^\]]*\]) \Z")
_LONGEST_PREFIX = 512
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
    return Line(node or "", name, f"{int(seconds)}.{int(milliseconds):03}:{int(serial)}", body.strip(BLANKS))


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
    for found in _RECORD.finditer(line):
        piece = line[start : found.start()]
        sent = "msg='" in piece and ("'" in line[found.start() :] or len(line) > _LONGEST_SENT)
        if piece and not sent:
            pieces.append(piece)
            start = found.start()
    return [*pieces, line[start:]]


def is_torn(piece: str) -> bool:
    """Return whether a record that another one follows in its line was not finished: nothing stands between them."""
    return piece[-1:] not in BLANKS


def behind_prefix(line: str) -> tuple[str, Line] | None:
    """The record behind what syslog, the journal or dmesg put before it, and that; None if there is none.

    Who may write to syslog can send a record as part of a message; so the record must begin where the text does,
    behind the first colon. Also a record behind a piece of one of which not even the header is whole.
    """
    found = _RECORD.search(line, 0, len(line))
    if found is not None and found.start() <= _LONGEST_PREFIX:
        before = line[: found.start()]
        record = parse_line(line[found.start() :])
        if record is not None and (_is_prefix(before) or before.startswith(("type=", "node="))):
            return before if not _is_prefix(before) else "", record
    found = _OF_KERNEL.search(line)
    if found is not None and found.start() <= _LONGEST_PREFIX:
        before = _STAMP.sub("", line[: found.start()])
        if not before or _is_prefix(before):
            number, seconds, milliseconds, serial, body = found.groups()
            id = f"{int(seconds)}.{int(milliseconds):03}:{int(serial)}"
            return "", Line("", NAMES.get(int(number), f"UNKNOWN[{int(number)}]"), id, body.strip(BLANKS))
    return None


def _is_prefix(text: str) -> bool:
    """Return whether a text is what stands before a message of syslog."""
    return text.find(": ") == len(text) - 2 >= 0 or _SYSLOG.match(text) is not None

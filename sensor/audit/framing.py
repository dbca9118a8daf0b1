"""Where a record begins and an event ends in audit text: what marks them is written here, and nowhere else.

node=web01 type=EOE msg=audit(1700000000.001:7): ⏎
           ────────┬─────────┬──────────────── ┬
                  EOE     ID_OF_EOE      the next event
"""

from __future__ import annotations

import re

EOE = "type=EOE msg=audit("
"""What the record that ends an event begins with, behind `node=NAME `."""
ID_OF_EOE = re.compile(r"([1-9][0-9]{0,15}\.[0-9]{3}:(?:0|[1-9][0-9]{0,9}))\): ?\Z")
"""What follows EOE on its line; the group is the event's id."""
BEFORE_ID = " msg=audit("
BEHIND_ID = "): "
"""With the event's id between them: what stands between the type of a record and its body."""
_FIRST_RECORD = re.compile(rb"(?:\A|\n)(?:node=\S{1,256} )?type=[A-Z0-9_\[\]]{1,64} msg=audit\((\d{1,12}\.\d{3}):")


def line_of(node: str, name: str, id: str, body: str) -> str:
    """A record as auditd writes it; node: "" if there is none."""
    start = f"node={node} " if node else ""
    return f"{start}type={name}{BEFORE_ID}{id}{BEHIND_ID}{body}"


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

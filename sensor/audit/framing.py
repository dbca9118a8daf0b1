"""Where a record begins and an event ends in audit text: what marks them is written here, and nowhere else.

node=web01 type=EOE msg=audit(1700000000.001:7): ⏎
           ────────┬─────────┬──────────────── ┬
                  EOE     id_of_eoe      the next event
"""

from __future__ import annotations

import re
from typing import Final

from sensor.audit.scan import COMPILED, NONE, event_id

EOE: Final = "type=EOE msg=audit("
"""What the record that ends an event begins with, behind `node=NAME `."""
MESSAGE: Final = " msg=audit"
BEFORE_ID: Final = MESSAGE + "("
BEHIND_ID: Final = "): "
"""With the event's id between them: what stands between the type of a record and its body."""
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

"""Event: what one act on the host left in the audit stream, and the verb applied to it.

    {"ID":"1626611363.720:348501","NODE":"web01","SYSCALL":{…},"PATH":[{…},{…}],"SENSOR":{"notes":["late"]}}

Events are made by the pipeline, read and extended by the stages, and become one JSON
line. A str in an event holds one byte per character.
"""

from __future__ import annotations

from typing import Any, Callable

Records = dict[str, list[Any]]
"""Record type → its records: Any, because this layer imports nothing of ours."""


class Event:
    """One event.

    id: "SECONDS.MILLISECONDS:SERIAL".
    node: the host it comes from if the stream says so, else "".
    records: record type → its records in order of arrival (sensor.audit.record.Record;
        under "SYSCALL" one sensor.audit.syscall.Syscall).
    syscall: that Syscall, or None.
    process: who made the system call (sensor.process.table.Process), or None.
    top: JSON members for the top level, each with its leading comma.
    notes: what the sensor has to say about the event, from the closed set in NOTES.
    """

    __slots__ = ("id", "node", "notes", "process", "records", "syscall", "top")

    def __init__(self, id: str, node: str, records: Records, syscall: Any) -> None:
        self.id = id
        self.node = node
        self.records = records
        self.syscall = syscall
        self.process: Any = None
        self.top = ""
        self.notes: list[str] = []


NOTES = {
    "late": "records that came after their event had left; the event's first part is another line",
    "timeout": "the event's end was not seen in time",
    "evicted": "too many events were waiting; this one left before its end was seen",
    "truncated_records": "the event had more records than are kept",
    "truncated_bytes": "the event had more bytes than are kept",
    "stage_failed": "a mistake of ours ended the enrichment of this event early",
    "truncated_line": "a line was longer than is kept",
}
"""Every value of SENSOR.notes, and what it means."""

Stage = Callable[[Event], bool]
"""Looks at an event and may extend it; False drops it (the stage has counted why)."""

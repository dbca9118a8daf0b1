"""Event: what one act on the host left in the audit stream, and the verb applied to it.

    {"ID":"1626611363.720:348501","NODE":"web01","SYSCALL":{…},"PATH":[{…},{…}],"SENSOR":{"notes":["late"]}}

Events are made by the pipeline, read and extended by the stages, and become one JSON
line. A str in an event holds one byte per character.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable

Records = dict[str, list[Any]]
"""Record type → its records: Any, because this layer imports nothing of ours."""


class Template:
    """What repeats of an event: all but its id, the numbers of its SYSCALL record, and its title.

    Shared by all events alike. Title is the PROCTITLE record at the end: with it, there would be a template for each
    command line of a program.

    records: record type → its records in order of arrival; none under "SYSCALL".
    count: how many lines they were, that of the SYSCALL record among them.
    items: how many PATH records, as `items=` of a SYSCALL record counts them.
    text: where the SYSCALL record comes first, the JSON members of all others, each with a comma before it, or ""
        before they are asked for; else None.
    head, rest: segments of the SYSCALL record (sensor.audit.syscall), None without one.
    marks: what the stages remember about it, each under keys of its own.
    """

    __slots__ = ("count", "head", "items", "marks", "records", "rest", "text")

    def __init__(self, records: Records, count: int = 0, head: Any = None, rest: Any = None) -> None:
        self.records = records
        self.count = count
        self.items = str(len(records["PATH"])) if "PATH" in records else "0"
        self.head = head
        self.rest = rest
        self.text: str | None = None
        self.marks: dict[Any, Any] = {}


class Event:
    """One event.

    id: "SECONDS.MILLISECONDS:SERIAL".
    node: the host it comes from if the stream says so, else "".
    records: record type → its records in order of arrival (sensor.audit.record.Record); none under "SYSCALL". To be
        changed by `replace` and `leave_out` only: other events share them.
    syscall: the SYSCALL record (sensor.audit.syscall.Syscall), or None.
    template: what the event has in common with others.
    title: the PROCTITLE record, if the template is without it; else None.
    altered: the records are not those of the template and the title any more.
    process: who made the system call (sensor.process.table.Process), or None.
    top: JSON members for the top level, each with its leading comma.
    passing: what was last said of the process will be told otherwise soon.
    notes: what the sensor has to say about the event, from the closed set in NOTES.
    """

    __slots__ = (
        "altered",
        "id",
        "node",
        "notes",
        "passing",
        "process",
        "records",
        "syscall",
        "template",
        "title",
        "top",
    )

    def __init__(self, id: str, node: str, template: Template, syscall: Any, title: Any = None) -> None:
        self.id = id
        self.node = node
        self.template = template
        self.records = template.records if title is None else {**template.records, title.name: [title]}
        self.altered = False
        self.syscall = syscall
        self.title = title
        self.process: Any = None
        self.top = ""
        self.passing = False
        self.notes: list[str] = []

    def replace(self, name: str, index: int, record: Any) -> None:
        """Put another record in the place of one."""
        group = list(self.records[name])
        group[index] = record
        self.records = {**self.records, name: group}
        self.altered = True

    def leave_out(self, names: list[str]) -> None:
        """Do without the records of some types."""
        if names:
            self.records = {name: group for name, group in self.records.items() if name not in names}
            self.altered = True


NOTES = {
    "late": "records that came after their event had left; the event's first part is another line",
    "timeout": "the event's end was not seen in time",
    "evicted": "too many events were waiting; this one left before its end was seen",
    "truncated_records": "the event had more records than are kept",
    "truncated_bytes": "the event had more bytes than are kept",
    "stage_failed": "a mistake of ours: a stage failed, and what it adds is missing",
    "truncated_line": "a line was longer than is kept",
}
"""Every value of SENSOR.notes, and what it means."""

Stage = Callable[[Event], bool]
"""Looks at an event and may extend it; False drops it (the stage has counted why)."""


class StageError(Exception):
    """Raised by a stage that stands for others, when they all have seen the event.

    failures: the name of each that raised, and what.
    """

    def __init__(self, failures: list[tuple[str, Exception]]) -> None:
        super().__init__()
        self.failures = failures


def name_of(stage: Stage) -> str:
    """The name by which failures of a stage are counted, as `Identity.track`."""
    return str(getattr(stage, "__qualname__", type(stage).__name__))


def run_all(stages: Iterable[Stage], event: Event) -> None:
    """Let stages that drop nothing see an event, also those behind one that raises; raises StageError at the end."""
    failures: list[tuple[str, Exception]] | None = None
    for stage in stages:
        try:
            stage(event)
        except Exception as error:  # noqa: BLE001  a border: collected, and raised below
            failures = [*(failures or ()), (name_of(stage), error)]
    if failures is not None:
        raise StageError(failures)

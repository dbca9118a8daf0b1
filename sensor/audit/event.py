"""Event: what one act on the host left in the audit stream, and what the stages add to it.

    records     SYSCALL arch=… pid=3148 …   PATH name="/etc/shadow" …        as the kernel wrote them
    additions   {"PID":{"GUID":"b770a0ed-…"}}   {"EXIT":"EACCES"}              values, which the form of output writes
    verdict     KEEP

Events are assembled from records, read and extended by the stages, and written by a form.
A str in an event holds one byte per character.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Callable, Final, Optional

from sensor.audit.argv import lacks_arguments
from sensor.audit.fields import NOTHING, Fields
from sensor.audit.record import Record
from sensor.audit.syscall import Rest, Syscall
from sensor.process.program import Process

Records = dict[str, list[Record]]
"""Record type → its records in order of arrival."""

URINGOP: Final = "URINGOP"
"""The record that the kernel writes in place of SYSCALL for an operation of io_uring (kernel/auditsc.c)."""

WITHOUT_PIDS = frozenset({"SYSCALL", "EXECVE", "CWD", "PATH", "PROCTITLE", "SOCKADDR", "BPRM_FCAPS"})
"""Types of records that name no process, but for the one whose call it is."""

Verdict = int
"""What becomes of an event: KEEP, or LOG to write it to the filter log, or DROP."""
KEEP: Final = 0
LOG: Final = 1
DROP: Final = 2


class Template:
    """What repeats of an event: all but its id, the numbers of its SYSCALL record, and its title.

    Shared by all events alike. Title is the PROCTITLE record at the end: with it, there would be a template for each
    command line of a program.

    records: record type → its records in order of arrival; none under "SYSCALL".
    count: how many lines they were, that of the SYSCALL record among them.
    items: how many PATH records, as `items=` of a SYSCALL record counts them.
    rest: that of the SYSCALL record, None without one.
    begins_with_call: the SYSCALL record comes first.
    has_execve: there is a record of a command line, as of an exec.
    lacks_arguments: not all of that command line has come.
    names_processes: there are records that may name processes besides the one that acts.
    kept: more events are expected to share it, so what is worked out for one of them is worth remembering.
    text, type_text: for the form: the text of all records but SYSCALL and title, and the member that shows which is the
        main one; None before it is written.
    filtering, matching: for the filters: the rules that fit, and whether `filter_raw_lines` does; None before that is
        known. counting: for the counts of events: the one it raises; None before that is known. They are here because a
        look into a dictionary of templates is one into memory that no cache holds.
    """

    __slots__ = (
        "begins_with_call",
        "count",
        "counting",
        "filtering",
        "has_execve",
        "items",
        "kept",
        "lacks_arguments",
        "matching",
        "names_processes",
        "records",
        "rest",
        "text",
        "type_text",
    )

    def __init__(self, records: Records, count: int = 0, syscall: Syscall | None = None) -> None:
        self.records = records
        self.count = count
        self.items = str(len(records["PATH"])) if "PATH" in records else "0"
        self.rest: Rest | None = syscall.rest if syscall is not None else None
        self.begins_with_call = syscall is not None
        self.has_execve = "EXECVE" in records
        command = records["EXECVE"][0] if self.has_execve else None
        self.lacks_arguments = command is not None and command.arguments is None and lacks_arguments(command.body)
        self.names_processes = False
        without = WITHOUT_PIDS
        for name in records:
            if name not in without:
                self.names_processes = True
        self.kept = False
        self.text: str | None = None
        self.type_text: str | None = None
        self.filtering: object | None = None
        self.matching: int | None = None
        self.counting: object | None = None


class Addition:
    """Values that a stage adds to an event: one object for all events that get the same, so that it is written once.

    subject: members for the record that shows who acted, SYSCALL; top: members for the top level. Named as the
        fields' table has them (sensor.tables.output_schema), whatever a form makes of that.
    parts: additions of which this one is made.
    text, top_text: for the form: what it makes of the two; None before it is written.
    """

    __slots__ = ("parts", "subject", "text", "top", "top_text")

    def __init__(self, subject: Fields = NOTHING, top: Fields = NOTHING, parts: tuple[Addition, ...] = ()) -> None:
        self.subject = subject
        self.top = top
        self.parts = parts
        self.text: str | None = None
        self.top_text = ""


class Event:
    """One event.

    id: "SECONDS.MILLISECONDS:SERIAL".
    node: the host it comes from if the stream names it, else "".
    syscall: the SYSCALL record, or None.
    template: what the event has in common with others.
    title: the PROCTITLE record, if the template is without it; else None.
    altered: the records are not those of the template and the title any more.
    process: who made the system call or, without one, of whom a record of the kernel's is; None if that is unknown.
    additions: what stages added, in their order.
    provisional: what they added of the process will change soon; it is not to be remembered.
    verdict: where the event goes.
    notes: what the sensor reports about the event, from the closed set in NOTES.
    """

    __slots__ = (
        "_records",
        "additions",
        "altered",
        "id",
        "node",
        "notes",
        "process",
        "provisional",
        "syscall",
        "template",
        "title",
        "verdict",
    )

    def __init__(
        self, id: str, node: str, template: Template, syscall: Syscall | None, title: Record | None = None
    ) -> None:
        self.id = id
        self.node = node
        self.template = template
        self._records = template.records if title is None else None
        self.altered = False
        self.syscall = syscall
        self.title = title
        self.process: Process | None = None
        self.additions: list[Addition] = []
        self.provisional = False
        self.verdict: Verdict = KEEP
        self.notes: tuple[str, ...] = ()

    @property
    def records(self) -> Records:
        """Record type → its records in order of arrival; none under "SYSCALL".

        To be changed by `replace` and `leave_out` only: other events share them.
        """
        records = self._records
        if records is None:  # made when somebody asks, for it takes 0.3 µs and most events are written without
            records = self._records = {**self.template.records}
            if self.title is not None:
                records[self.title.name] = [self.title]
        return records

    @property
    def time(self) -> float:
        """Seconds since 1970."""
        return float(self.id.partition(":")[0])

    @property
    def is_exec(self) -> bool:
        """A program was executed, and the call that did it succeeded."""
        return self.syscall is not None and self.syscall.result == "yes" and self.template.has_execve

    @property
    def is_call(self) -> bool:
        """A process asked the kernel for something, by a system call or through io_uring."""
        return self.syscall is not None or URINGOP in self.records

    @property
    def began_program(self) -> bool:
        """It is the exec with which its process began the program that it runs."""
        process = self.process
        return process is not None and process.program.event_id == self.id and self.template.has_execve

    @property
    def subject(self) -> Fields:
        """The fields that show who acted: what repeats of the SYSCALL record, else all of URINGOP.

        Without either those of the first record and its msg='…'.
        """
        if self.syscall is not None:
            return self.syscall.rest.fields
        if URINGOP in self.records:
            return self.records[URINGOP][0].fields
        for group in self.records.values():
            fields = group[0].fields
            message = fields.get("msg")
            return {**message, **fields} if isinstance(message, dict) else fields
        return {}

    def add(self, subject: Fields) -> None:
        """Add members to the record that shows who acted; those that come again and again go to `additions`."""
        self.additions.append(Addition(subject))

    def note(self, note: str) -> None:
        """Note something about the event, once."""
        if note not in self.notes:
            self.notes = (*self.notes, note)

    def take_notes(self, notes: list[str]) -> None:
        """Take over what was noted while its records were gathered."""
        self.notes = (*self.notes, *notes)

    def replace(self, name: str, index: int, record: Record) -> None:
        """Put another record in the place of one."""
        group = list(self.records[name])
        group[index] = record
        self._records = {**self.records, name: group}
        self.altered = True

    def leave_out(self, names: list[str]) -> None:
        """Do without the records of some types."""
        if names:
            self._records = {name: group for name, group in self.records.items() if name not in names}
            self.altered = True


NOTES = {
    "late": "records that came after their event had left; the event's first part is another line",
    "timeout": "the event's end was not seen in time",
    "evicted": "too many events were waiting; this one left before its end was seen",
    "truncated_records": "the event had more records than are kept",
    "truncated_bytes": "the event had more bytes than are kept",
    "stage_failed": "a mistake of ours: a stage failed, and what it adds is missing",
    "truncated_line": "a line was longer than is kept, or was not finished: another record follows in it",
}
"""Every value of SENSOR.notes, and what it means."""

Stage = Callable[[Event], Optional[Verdict]]
"""An Enrichment, which adds values and returns None, or a Filter, which decides what becomes of the event."""
Enrichment = Callable[[Event], None]
Filter = Callable[[Event], Verdict]


class StageError(Exception):
    """Raised by a stage that stands for others, when they all have seen the event.

    failures: the name of each that raised, and what.
    """

    def __init__(self, failures: list[tuple[str, Exception]]) -> None:
        super().__init__()
        self.failures = failures


def name_of(stage: Callable[[Event], object]) -> str:
    """The name by which failures of a stage are counted, as `Identity.track`."""
    return str(getattr(stage, "__qualname__", type(stage).__name__))


def run_all(stages: Iterable[Stage], event: Event) -> None:
    """Let enrichments see an event, also those behind one that raises; raises StageError at the end."""
    failures: list[tuple[str, Exception]] | None = None
    for stage in stages:
        try:
            stage(event)
        except Exception as error:  # noqa: BLE001  a border: collected, and raised below
            failures = [*(failures or ()), (name_of(stage), error)]
    if failures is not None:
        raise StageError(failures)


class Notice:
    """A line of the sensor's own, which is no event of the audit stream.

    id: like that of an event, or None.
    name: the key of `members`, which are laid out as a record's; "" without any.
    added: as in Addition: beside the members, or at the top level if there are none.
    """

    __slots__ = ("added", "id", "members", "name")

    def __init__(self, id: str | None, name: str, members: Fields, added: Fields) -> None:
        self.id = id
        self.name = name
        self.members = members
        self.added = added

"""SYSCALL records: the one type that is new each time, in segments that are not.

    arch=c000003e syscall=59 success=yes exit=0 │ a0=… a1=… a2=… a3=… │ items=2 ppid=31 pid=48 │ auid=4242 … key="exec"
    ───────────────── outcome ───────────────── │ ──── arguments ──── │ ─────── caller ─────── │ ──────── rest ───────

The form is fixed (kernel/auditsc.c, audit_log_exit), so they are cut at known places (sensor.audit.numbers); all but
the arguments come again, and are remembered there and in sensor.audit.syscall_decoder.
"""

from __future__ import annotations

import re

from sensor.audit.fields import Fields
from sensor.audit.header import BLANKS
from sensor.audit.layout import Found
from sensor.audit.record import RecordDecoder

_ARCH = re.compile("0x[0-9a-f]+")


class Head:
    """`arch=… syscall=…`, and for the form their text, "" before it is written."""

    __slots__ = ("arch", "fields", "number", "text")

    def __init__(self, fields: Fields) -> None:
        arch, number = fields.get("arch"), fields.get("syscall")
        self.arch: int = int(arch, 16) if isinstance(arch, str) and _ARCH.fullmatch(arch) else 0
        self.number: int = number if isinstance(number, int) else -1
        self.fields = fields
        self.text = ""


class Outcome:
    """Which call it was, and how it ended.

    start: the text of its head, `arch=… syscall=…`.
    result, exit: as written; None for what the record lacks, as that of exit_group(2), which never returns.
    text: for the form; "" before it is written.
    """

    __slots__ = ("exit", "head", "result", "start", "text")

    def __init__(self, start: str, head: Head, result: str | None, exit: str | None) -> None:
        self.start = start
        self.head = head
        self.result = result
        self.exit = exit
        self.text = ""


class Caller:
    """Who called, and how many PATH records there are: `items=… ppid=… pid=…`.

    items: as written; None if the record lacks it.
    ppid, pid: 0 when the record lacks them.
    text: for the form; "" before it is written.
    """

    __slots__ = ("items", "pid", "ppid", "text")

    def __init__(self, items: str | None, ppid: int, pid: int) -> None:
        self.items = items
        self.ppid = ppid
        self.pid = pid
        self.text = ""


class Rest:
    """`auid=… key=…`, of which comm, exe, ses and auid are at hand; "" and None if the record lacks them.

    body: its bytes as they came, one character each.
    found: its layout and values, if it has a known one.
    text: for the form; "" before it is written.
    labelling: for labels: what its keys change; None before that is known.
    """

    __slots__ = ("_decoder", "_fields", "_written", "auid", "body", "comm", "exe", "found", "labelling", "ses", "text")

    def __init__(self, body: str, decoder: RecordDecoder, fields: Fields | None, found: Found | None = None) -> None:
        self.body = body
        self.found = found
        self.text = ""
        self.labelling: object | None = None
        self._decoder = decoder
        self._fields = fields
        self._written: Fields | None = None
        self.ses: int | None = None
        self.auid: int | None = None
        if found is not None:
            layout, values = found
            self.comm, self.exe = layout.value("comm", values), layout.value("exe", values)
            session, login = layout.value("ses", values), layout.value("auid", values)
            self.ses = int(session) if session else None
            self.auid = int(login) if login else None
        else:
            comm, exe, ses, auid = (self.fields.get(name) for name in ("comm", "exe", "ses", "auid"))
            self.comm, self.exe = (name if isinstance(name, str) else "" for name in (comm, exe))
            self.ses = ses if isinstance(ses, int) else None
            self.auid = auid if isinstance(auid, int) else None

    @property
    def fields(self) -> Fields:
        """All its fields, decoded; those of a whole record, if that is of unusual form."""
        if self._fields is None:
            self._fields = self._decoder.parse("SYSCALL", self.body.rstrip(BLANKS))
        return self._fields

    @property
    def written(self) -> Fields:
        """The same, perhaps without what transforms add, which takes three times as long."""
        if self._written is None:
            if self._fields is not None or self.found is None or self._decoder.redacts:
                return self.fields
            layout, values = self.found
            self._written = layout.fields(values)
        return self._written


class Syscall:
    """One SYSCALL record, filled in by what decodes it.

    a0 to a3: as written, "" for what the record lacks.
    end: of the usual form: where its rest begins in the text out of which it was cut.
    usual: it has the usual form, so its parts are those of other records, too; else all fields are in its rest.
    """

    __slots__ = ("a0", "a1", "a2", "a3", "caller", "end", "outcome", "rest", "usual")

    outcome: Outcome
    a0: str
    a1: str
    a2: str
    a3: str
    caller: Caller
    rest: Rest
    end: int
    usual: bool

    @property
    def head(self) -> Head:
        """Which call it was."""
        return self.outcome.head

    @property
    def result(self) -> str | None:
        """Yes or no; None when the record lacks it."""
        return self.outcome.result

    @property
    def exit(self) -> str | None:
        """As written; None when the record lacks it."""
        return self.outcome.exit

    @property
    def items(self) -> str | None:
        """How many PATH records there are, as written; None when the record lacks it."""
        return self.caller.items

    @property
    def ppid(self) -> int:
        """The pid of the process's parent; 0 when the record lacks it."""
        return self.caller.ppid

    @property
    def pid(self) -> int:
        """The process; 0 when the record lacks it."""
        return self.caller.pid

    @property
    def body(self) -> str:
        """Its bytes as they came, one character each."""
        if not self.usual:
            return self.rest.body
        result = f" success={self.result} exit={self.exit}" if self.result else ""
        return (
            f"{self.outcome.start}{result} a0={self.a0} a1={self.a1} a2={self.a2} a3={self.a3} items={self.items} "
            f"ppid={self.ppid} pid={self.pid} {self.rest.body}"
        )

    @property
    def success(self) -> bool | None:
        """None when the record lacks it, as that of exit_group(2), which never returns."""
        return self.result == "yes" if self.result else None

    @property
    def args(self) -> tuple[str | None, ...]:
        """a0 to a3 as written, in hexadecimal; None for what the record lacks, only at the end."""
        return (self.a0 or None, self.a1 or None, self.a2 or None, self.a3 or None)

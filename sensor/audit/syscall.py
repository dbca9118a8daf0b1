"""SYSCALL records: the one type that is new each time, in segments that are not.

    arch=c000003e syscall=59 │ success=yes exit=0 a0=… a1=… a2=… a3=… items=2 ppid=31 pid=48 │ auid=4242 … key="exec"
    ────────── head ──────── │ ───────────────── new in each record ──────────────────────── │ ──────── rest ───────

The form is fixed (kernel/auditsc.c, audit_log_exit), so one expression cuts it
(1 µs); head and rest come from caches. A record of another form is parsed as any
other record would be.
"""

from __future__ import annotations

import re
from typing import Optional

from sensor.audit.fields import Fields, Value, decode
from sensor.audit.header import BEGIN, BLANKS
from sensor.audit.layout import Found
from sensor.audit.record import NUMBERED, RecordDecoder
from sensor.cache import BoundedDict

_PLAIN = "(?!0[0-9a-f])"
"""No leading zero: an alternation with the same meaning costs the match 300 of its 900 ns."""
_NUMBER = rf"{_PLAIN}([0-9]{{1,18}})"
_HEX = rf"{_PLAIN}([0-9a-f]{{1,16}})"
_NUMBERS = (
    rf"(arch=[0-9a-f]{{1,8}} syscall={_PLAIN}[0-9]{{1,9}})"
    r"(?: success=(yes|no) exit=(?!-?0[0-9]|-0)(-?[0-9]{1,18}))?"
    rf" a0={_HEX} a1={_HEX} a2={_HEX} a3={_HEX} items={_NUMBER} ppid={_NUMBER} pid={_NUMBER} "
)
_USUAL = re.compile(_NUMBERS)
USUAL_LINE = re.compile("type=SYSCALL\0" + _NUMBERS)
"""The beginning of a line of the usual form, with a NUL for the event id; its groups are Numbers."""
_ARCH = re.compile("0x[0-9a-f]+")
_FIELD = re.compile("[A-Za-z][A-Za-z0-9_-]*=")
_ENTRIES = 4096
_LONGEST_CACHED = 1024

Numbers = tuple[Optional[str], ...]
"""Head, success, exit, a0 to a3, items, ppid and pid as written; None for what the record lacks."""


class Head:
    """`arch=… syscall=…`, and for the form their text, "" before it is written."""

    __slots__ = ("arch", "fields", "number", "text")

    def __init__(self, fields: Fields) -> None:
        arch, number = fields.get("arch"), fields.get("syscall")
        self.arch: int = int(arch, 16) if isinstance(arch, str) and _ARCH.fullmatch(arch) else 0
        self.number: int = number if isinstance(number, int) else -1
        self.fields = fields
        self.text = ""


class Rest:
    """`auid=… key=…`, of which comm, exe, ses and auid are at hand; "" and None if the record lacks them.

    body: its bytes as they came, one character each.
    found: its layout and values, if it has a known one.
    text: for the form; "" before it is written.
    """

    __slots__ = ("_decoder", "_fields", "auid", "body", "comm", "exe", "found", "ses", "text")

    def __init__(self, body: str, decoder: RecordDecoder, fields: Fields | None, found: Found | None = None) -> None:
        self.body = body
        self.found = found
        self.text = ""
        self._decoder = decoder
        self._fields = fields
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


class Syscall:
    """One SYSCALL record.

    result: yes or no, exit, a0 to a3: as written, None for what the record lacks; items as well.
    pid, ppid: 0 when the record lacks them.
    usual: it has the usual form, so its head and rest are those of other records, too; else all fields are in its rest.
    success: None when the record lacks it, as that of exit_group(2), which never returns.
    """

    __slots__ = ("a0", "a1", "a2", "a3", "exit", "head", "items", "pid", "ppid", "rest", "result", "start", "usual")

    def __init__(self, head: Head, rest: Rest, values: Numbers, usual: bool = True) -> None:
        self.head = head
        self.rest = rest
        self.start, self.result, self.exit, self.a0, self.a1, self.a2, self.a3, self.items, ppid, pid = values
        self.ppid = int(ppid or 0)
        self.pid = int(pid or 0)
        self.usual = usual

    @property
    def body(self) -> str:
        """Its bytes as they came, one character each."""
        if not self.usual:
            return self.rest.body
        result = f" success={self.result} exit={self.exit}" if self.result else ""
        return (
            f"{self.start}{result} a0={self.a0} a1={self.a1} a2={self.a2} a3={self.a3} items={self.items} "
            f"ppid={self.ppid} pid={self.pid} {self.rest.body}"
        )

    @property
    def success(self) -> bool | None:
        return self.result == "yes" if self.result else None

    @property
    def args(self) -> tuple[str | None, ...]:
        """a0 to a3 as written, in hexadecimal; None for what the record lacks, only at the end."""
        return (self.a0, self.a1, self.a2, self.a3)


class SyscallDecoder:
    """Bodies of SYSCALL records to Syscall objects."""

    def __init__(self, records: RecordDecoder) -> None:
        self._records = records
        self._heads: BoundedDict[str, Head] = records.cleared(BoundedDict(_ENTRIES))
        self._rests: BoundedDict[str, Rest] = records.cleared(BoundedDict(_ENTRIES))

    def decode(self, body: str) -> Syscall:
        """Decode any body of a SYSCALL record."""
        return self.decode_usual(body) or self._decode_unusual(body)

    def decode_usual(self, body: str) -> Syscall | None:
        """Decode a body of the kernel's usual form; None when it has another."""
        found = _USUAL.match(body)
        return self.join(found.groups(), body[found.end() :]) if found is not None else None

    def join(self, values: Numbers, rest_text: str) -> Syscall | None:
        """A record of the usual form, of which the numbers are cut already; None when it has another form after all."""
        head_text = values[0] or ""
        rest = self._rests.get(rest_text) or self._rest(rest_text)
        if rest is None:
            return None
        return Syscall(self._heads.get(head_text) or self._head(head_text), rest, values)

    def _decode_unusual(self, body: str) -> Syscall:
        fields = self._records.parse("SYSCALL", body)
        argv: list[Value] = []
        for name in ("a0", "a1", "a2", "a3"):
            if name in fields:
                raw = fields.pop(name)
                argv.append(decode(raw, "hex") if isinstance(raw, str) else raw)
        fields["ARGV"] = argv
        word = fields.get("success")
        exit, ppid, pid = (fields.get(name) for name in ("exit", "ppid", "pid"))
        args: list[str | None] = [str(arg)[2:] for arg in argv]
        values: Numbers = (
            None,
            str(word) if word in ("yes", "no") else None,
            None if exit is None else str(exit),
            *(args + [None] * (4 - len(args))),
            None,
            str(ppid) if isinstance(ppid, int) else None,
            str(pid) if isinstance(pid, int) else None,
        )
        return Syscall(Head(fields), Rest(body, self._records, fields), values, usual=False)

    def _head(self, text: str) -> Head:
        head = Head(self._records.parse("SYSCALL", text))
        return self._heads.keep(text, head) if len(text) <= _LONGEST_CACHED else head

    def _rest(self, text: str) -> Rest | None:
        """The decoded rest; None when it belongs to the record's first part: begins with no name, or repeats one."""
        body = text.rstrip(BLANKS)
        found = self._records.find("SYSCALL", body)
        if found is not None:
            rest = Rest(text, self._records, None, found)
        else:
            fields = self._records.parse("SYSCALL", body, learn=True)
            if "\0" in text or BEGIN in text or _FIELD.match(text) is None or not NUMBERED.isdisjoint(fields):
                return None
            rest = Rest(text, self._records, fields)
        return self._rests.keep(text, rest) if len(text) <= _LONGEST_CACHED else rest

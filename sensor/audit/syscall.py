"""SYSCALL records: the one type that is new each time, in segments that are not.

    arch=c000003e syscall=59 │ success=yes exit=0 a0=… a1=… a2=… a3=… items=2 ppid=31 pid=48 │ auid=4242 … key="exec"
    ────────── head ──────── │ ───────────────── new in each record ──────────────────────── │ ──────── rest ───────

The form is fixed (kernel/auditsc.c, audit_log_exit), so one expression cuts it
(1 µs); head and rest come from caches. A record of another form is parsed as any
other record would be.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Callable, TypeVar

from sensor.audit.fields import Fields, Value, decode
from sensor.audit.header import BLANKS
from sensor.audit.record import RecordDecoder

_NUMBER = "(0|[1-9][0-9]{0,17})"
_HEX = "(0|[1-9a-f][0-9a-f]{0,15})"
_USUAL = re.compile(
    rf"(arch=[0-9a-f]{{1,8}} syscall=(?:0|[1-9][0-9]{{0,8}}))(?: success=(yes|no) exit=(-?[1-9][0-9]{{0,17}}|0))?"
    rf" a0={_HEX} a1={_HEX} a2={_HEX} a3={_HEX} items={_NUMBER} ppid={_NUMBER} pid={_NUMBER} ([^\0]*)\Z"
)
_FIXED = frozenset(["arch", "syscall", "success", "exit", "items", "ppid", "pid", "a0", "a1", "a2", "a3", "ARGV"])
_ARCH = re.compile("0x[0-9a-f]+")
_FIELD = re.compile("[A-Za-z][A-Za-z0-9_-]*=")
_ENTRIES = 4096
_LONGEST_CACHED = 1024


class Head:
    """`arch=… syscall=…`: JSON members and numbers."""

    __slots__ = ("arch", "number", "text")

    def __init__(self, fields: Fields, text: str) -> None:
        arch, number = fields.get("arch"), fields.get("syscall")
        self.arch: int = int(arch, 16) if isinstance(arch, str) and _ARCH.fullmatch(arch) else 0
        self.number: int = number if isinstance(number, int) else -1
        self.text = text


class Rest:
    """`auid=… key=…`: JSON members and what the stages ask for most; comm and exe are "" if they are not told."""

    __slots__ = ("_fields", "comm", "exe", "ses", "text")

    def __init__(self, text: str, comm: str, exe: str, ses: int | None, fields: Callable[[], Fields]) -> None:
        self.text = text
        self.comm = comm
        self.exe = exe
        self.ses = ses
        self._fields = fields

    @property
    def fields(self) -> Fields:
        """All its fields, decoded."""
        return self._fields()


Segment = TypeVar("Segment", Head, Rest)


class Syscall:
    """One SYSCALL record.

    text: its JSON members, without braces; stages append to `extra` instead, with a leading comma.
    success: None when the record does not say, as that of exit_group(2), which never returns.
    exit: as written, "" when the record does not say.
    args: a0 to a3 as written, in hexadecimal.
    pid, ppid: 0 when the record does not say.
    """

    __slots__ = ("args", "exit", "extra", "head", "pid", "ppid", "rest", "success", "text")

    head: Head
    rest: Rest
    text: str
    extra: str
    success: bool | None
    exit: str
    args: tuple[str, ...]
    ppid: int
    pid: int

    @property
    def member(self) -> str:
        """Its place in the event."""
        return f'"SYSCALL":{{{self.text}{self.extra}}}'


class SyscallDecoder:
    """Bodies of SYSCALL records to Syscall objects."""

    def __init__(self, records: RecordDecoder) -> None:
        self._records = records
        self._heads: dict[str, Head] = {}
        self._rests: dict[str, Rest] = {}
        records.caches += [self._heads, self._rests]

    def decode(self, body: str) -> Syscall:
        """Decode any body of a SYSCALL record."""
        return self.decode_usual(body) or self._decode_unusual(body)

    def decode_usual(self, body: str) -> Syscall | None:
        """Decode a body of the kernel's usual form; None when it has another."""
        found = _USUAL.match(body)
        if found is None:
            return None
        head_text, success, exit, a0, a1, a2, a3, items, ppid, pid, rest_text = found.groups()
        rest = self._rests.get(rest_text) or self._rest(rest_text)
        if rest is None:
            return None
        head = self._heads.get(head_text) or self._head(head_text)
        syscall = Syscall()
        result = f',"success":"{success}","exit":{exit}' if success else ""
        syscall.text = (
            f'{head.text}{result},"items":{items},"ppid":{ppid},"pid":{pid},'
            f'{rest.text},"ARGV":["0x{a0}","0x{a1}","0x{a2}","0x{a3}"]'
        )
        syscall.extra = ""
        syscall.head, syscall.rest = head, rest
        syscall.success = success == "yes" if success else None
        syscall.exit = exit or ""
        syscall.args = (a0, a1, a2, a3)
        syscall.ppid, syscall.pid = int(ppid), int(pid)
        return syscall

    def _decode_unusual(self, body: str) -> Syscall:
        records = self._records
        fields = records.parse("SYSCALL", body)
        argv: list[Value] = []
        for name in ("a0", "a1", "a2", "a3"):
            if name in fields:
                raw = fields.pop(name)
                argv.append(decode(raw, "hex") if isinstance(raw, str) else raw)
        fields["ARGV"] = argv
        syscall = Syscall()
        syscall.text, syscall.extra = records.render(fields), ""
        syscall.head, syscall.rest = Head(fields, ""), _rest_of(fields, "")
        syscall.success = {"yes": True, "no": False}.get(str(fields.get("success")))
        exit, ppid, pid = (fields.get(name) for name in ("exit", "ppid", "pid"))
        syscall.exit = "" if exit is None else str(exit)
        syscall.args = tuple(str(arg)[2:] for arg in argv)
        syscall.ppid = ppid if isinstance(ppid, int) else 0
        syscall.pid = pid if isinstance(pid, int) else 0
        return syscall

    def _head(self, text: str) -> Head:
        fields = self._records.parse("SYSCALL", text)
        head = Head(fields, self._records.render(fields))
        return _keep(self._heads, text, head)

    def _rest(self, text: str) -> Rest | None:
        """The decoded rest; None when it belongs to the record's first part: begins with no name, or repeats one."""
        body = text.rstrip(BLANKS)
        rest = self._usual_rest(body)
        if rest is None:
            fields = self._records.parse("SYSCALL", body)
            if _FIELD.match(text) is None or not _FIXED.isdisjoint(fields):
                return None
            rest = _rest_of(fields, self._records.render(fields))
            if self._records.usual is not None:
                self._records.usual.learn("SYSCALL", body, rest.text)
        return _keep(self._rests, text, rest)

    def _usual_rest(self, body: str) -> Rest | None:
        usual = self._records.usual
        found = usual.shapes("SYSCALL").render(body) if usual is not None else None
        if found is None:
            return None
        text, shape, values = found
        ses = shape.value("ses", values)
        parse = partial(self._records.parse, "SYSCALL", body)
        return Rest(text, shape.value("comm", values), shape.value("exe", values), int(ses) if ses else None, parse)


def _rest_of(fields: Fields, text: str) -> Rest:
    comm, exe, ses = fields.get("comm"), fields.get("exe"), fields.get("ses")
    return Rest(
        text,
        comm if isinstance(comm, str) else "",
        exe if isinstance(exe, str) else "",
        ses if isinstance(ses, int) else None,
        lambda: fields,
    )


def _keep(cache: dict[str, Segment], text: str, segment: Segment) -> Segment:
    if len(text) <= _LONGEST_CACHED:
        if len(cache) >= _ENTRIES:
            cache.clear()
        cache[text] = segment
    return segment

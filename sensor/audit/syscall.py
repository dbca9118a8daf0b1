"""SYSCALL records: the one type that is new each time, in segments that are not.

    arch=c000003e syscall=59 │ success=yes exit=0 a0=… a1=… a2=… a3=… items=2 ppid=31 pid=48 │ auid=4242 … key="exec"
    ────────── head ──────── │ ───────────────── new in each record ──────────────────────── │ ──────── rest ───────

The form is fixed (kernel/auditsc.c, audit_log_exit), so one expression cuts it
(1 µs); head and rest come from caches. A record of another form is parsed as any
other record would be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Callable, TypeVar

from sensor.audit.fields import Fields, Value, decode
from sensor.audit.header import BLANKS
from sensor.audit.record import RecordDecoder

_PLAIN = "(?!0[0-9a-f])"
"""No leading zero: an alternation that says the same costs the match 300 of its 900 ns."""
_NUMBER = rf"{_PLAIN}([0-9]{{1,18}})"
_HEX = rf"{_PLAIN}([0-9a-f]{{1,16}})"
_USUAL = re.compile(
    rf"(arch=[0-9a-f]{{1,8}} syscall={_PLAIN}[0-9]{{1,9}})"
    r"(?: success=(yes|no) exit=(?!-?0[0-9]|-0)(-?[0-9]{1,18}))?"
    rf" a0={_HEX} a1={_HEX} a2={_HEX} a3={_HEX} items={_NUMBER} ppid={_NUMBER} pid={_NUMBER} "
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

    values: head, success, exit, a0 to a3, items, ppid and pid as written, None for what the record does not say.
    body: its bytes as they came, one character each.
    text: its JSON members, without braces; stages append to `extra` instead, with a leading comma.
    pid, ppid: 0 when the record does not say.
    success: None when the record does not say, as that of exit_group(2), which never returns.
    exit: as written, "" when the record does not say.
    args: a0 to a3 as written, in hexadecimal.
    """

    __slots__ = ("_text", "_values", "body", "extra", "head", "pid", "ppid", "rest")

    def __init__(self, head: Head, rest: Rest, values: Sequence[Any], body: str, text: str | None = None) -> None:
        self.head = head
        self.rest = rest
        self.extra = ""
        self.ppid = int(values[8])
        self.pid = int(values[9])
        self.body = body
        self._values = values
        self._text = text

    @property
    def text(self) -> str:
        if self._text is not None:
            return self._text
        _, success, exit, a0, a1, a2, a3, items, ppid, pid = self._values
        result = f',"success":"{success}","exit":{exit}' if success else ""
        return (
            f'{self.head.text}{result},"items":{items},"ppid":{ppid},"pid":{pid},'
            f'{self.rest.text},"ARGV":["0x{a0}","0x{a1}","0x{a2}","0x{a3}"]'
        )

    @property
    def success(self) -> bool | None:
        said: str | None = self._values[1]
        return said == "yes" if said else None

    @property
    def exit(self) -> str:
        return self._values[2] or ""

    @property
    def args(self) -> tuple[str, ...]:
        return tuple([value for value in self._values[3:7] if value is not None])

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
        values = found.groups()
        head_text = values[0]
        rest_text = body[found.end() :]
        rest = self._rests.get(rest_text) or self._rest(rest_text)
        if rest is None:
            return None
        return Syscall(self._heads.get(head_text) or self._head(head_text), rest, values, body)

    def _decode_unusual(self, body: str) -> Syscall:
        records = self._records
        fields = records.parse("SYSCALL", body)
        argv: list[Value] = []
        for name in ("a0", "a1", "a2", "a3"):
            if name in fields:
                raw = fields.pop(name)
                argv.append(decode(raw, "hex") if isinstance(raw, str) else raw)
        fields["ARGV"] = argv
        said = fields.get("success")
        exit, ppid, pid = (fields.get(name) for name in ("exit", "ppid", "pid"))
        args = [str(arg)[2:] for arg in argv]
        values = (
            None,
            said if said in ("yes", "no") else None,
            None if exit is None else str(exit),
            *(args + [None] * (4 - len(args))),
            None,
            ppid if isinstance(ppid, int) else 0,
            pid if isinstance(pid, int) else 0,
        )
        return Syscall(Head(fields, ""), _rest_of(fields, ""), values, body, records.render(fields))

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
            if "\0" in text or _FIELD.match(text) is None or not _FIXED.isdisjoint(fields):
                return None
            rest = _rest_of(fields, self._records.render(fields))
            if self._records.usual is not None:
                self._records.usual.learn("SYSCALL", body, rest.text)
        return _keep(self._rests, text, rest)

    def _usual_rest(self, body: str) -> Rest | None:
        usual = self._records.usual
        found = usual.find("SYSCALL", body) if usual is not None else None
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

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
from typing import Any, Callable

from sensor.audit.fields import Fields, Value, decode
from sensor.audit.header import BLANKS
from sensor.audit.record import RecordDecoder
from sensor.cache import BoundedDict

_PLAIN = "(?!0[0-9a-f])"
"""No leading zero: an alternation that says the same costs the match 300 of its 900 ns."""
_NUMBER = rf"{_PLAIN}([0-9]{{1,18}})"
_HEX = rf"{_PLAIN}([0-9a-f]{{1,16}})"
_NUMBERS = (
    rf"(arch=[0-9a-f]{{1,8}} syscall={_PLAIN}[0-9]{{1,9}})"
    r"(?: success=(yes|no) exit=(?!-?0[0-9]|-0)(-?[0-9]{1,18}))?"
    rf" a0={_HEX} a1={_HEX} a2={_HEX} a3={_HEX} items={_NUMBER} ppid={_NUMBER} pid={_NUMBER} "
)
_USUAL = re.compile(_NUMBERS)
USUAL_LINE = re.compile("type=SYSCALL\0" + _NUMBERS)
"""The beginning of a line of the usual form, with a NUL for the event id; its groups are what Syscall calls values."""
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
    """`auid=… key=…`: JSON members and what the stages ask for most; comm and exe are "" if they are not told.

    body: its bytes as they came, one character each.
    login: ses and auid, None where they are not told.
    """

    __slots__ = ("_fields", "_parse", "auid", "body", "comm", "exe", "ses", "text")

    def __init__(
        self,
        body: str,
        text: str,
        names: tuple[str, str],
        login: tuple[int | None, int | None],
        parse: Callable[[], Fields],
    ) -> None:
        self.body = body
        self.text = text
        self.comm, self.exe = names
        self.ses, self.auid = login
        self._parse = parse
        self._fields: Fields | None = None

    @property
    def fields(self) -> Fields:
        """All its fields, decoded."""
        if self._fields is None:
            self._fields = self._parse()
        return self._fields


class Syscall:
    """One SYSCALL record.

    values: head, success, exit, a0 to a3, items, ppid and pid as written, None for what the record does not say.
    text: JSON members of a record of unusual form, without braces.
    extra: JSON members that stages add, each with a comma before it.
    body: its bytes as they came, one character each.
    pid, ppid: 0 when the record does not say.
    success: None when the record does not say, as that of exit_group(2), which never returns.
    exit: as written, "" when the record does not say.
    args: a0 to a3 as written, in hexadecimal.
    usual: it has the usual form, so its head and rest are those of other records, too.
    """

    __slots__ = ("_text", "extra", "head", "pid", "ppid", "rest", "values")

    def __init__(self, head: Head, rest: Rest, values: Sequence[Any], text: str | None = None) -> None:
        self.head = head
        self.rest = rest
        self.extra = ""
        self.ppid = int(values[8])
        self.pid = int(values[9])
        self.values = values
        self._text = text

    @property
    def body(self) -> str:
        if self._text is not None:
            return self.rest.body
        head, success, exit, a0, a1, a2, a3, items, ppid, pid = self.values
        result = f" success={success} exit={exit}" if success else ""
        numbers = f"a0={a0} a1={a1} a2={a2} a3={a3} items={items} ppid={ppid} pid={pid}"
        return f"{head}{result} {numbers} {self.rest.body}"

    @property
    def usual(self) -> bool:
        return self._text is None

    @property
    def success(self) -> bool | None:
        said: str | None = self.values[1]
        return said == "yes" if said else None

    @property
    def exit(self) -> str:
        return self.values[2] or ""

    @property
    def args(self) -> tuple[str, ...]:
        args = tuple(self.values[3:7])
        return args if None not in args else tuple([value for value in args if value is not None])

    @property
    def member(self) -> str:
        """Its place in the event."""
        if self._text is not None:
            return f'"SYSCALL":{{{self._text}{self.extra}}}'
        _, success, exit, a0, a1, a2, a3, items, ppid, pid = self.values
        result = f',"success":"{success}","exit":{exit}' if success else ""
        return (
            f'"SYSCALL":{{{self.head.text}{result},"items":{items},"ppid":{ppid},"pid":{pid},'
            f'{self.rest.text},"ARGV":["0x{a0}","0x{a1}","0x{a2}","0x{a3}"]{self.extra}}}'
        )


class SyscallDecoder:
    """Bodies of SYSCALL records to Syscall objects."""

    def __init__(self, records: RecordDecoder) -> None:
        self._records = records
        self._heads: BoundedDict[str, Head] = BoundedDict(_ENTRIES)
        self._rests: BoundedDict[str, Rest] = BoundedDict(_ENTRIES)
        records.caches += [self._heads, self._rests]

    def decode(self, body: str) -> Syscall:
        """Decode any body of a SYSCALL record."""
        return self.decode_usual(body) or self._decode_unusual(body)

    def decode_usual(self, body: str) -> Syscall | None:
        """Decode a body of the kernel's usual form; None when it has another."""
        found = _USUAL.match(body)
        return self.join(found.groups(), body[found.end() :]) if found is not None else None

    def join(self, values: Sequence[Any], rest_text: str) -> Syscall | None:
        """A record of the usual form, of which the numbers are cut already; None when it has another form after all."""
        head_text: str = values[0]
        rest = self._rests.get(rest_text) or self._rest(rest_text)
        if rest is None:
            return None
        return Syscall(self._heads.get(head_text) or self._head(head_text), rest, values)

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
        return Syscall(Head(fields, ""), _rest_of(body, fields, ""), values, records.render(fields))

    def _head(self, text: str) -> Head:
        fields = self._records.parse("SYSCALL", text)
        head = Head(fields, self._records.render(fields))
        return self._heads.keep(text, head) if len(text) <= _LONGEST_CACHED else head

    def _rest(self, text: str) -> Rest | None:
        """The decoded rest; None when it belongs to the record's first part: begins with no name, or repeats one."""
        body = text.rstrip(BLANKS)
        rest = self._usual_rest(text, body)
        if rest is None:
            fields = self._records.parse("SYSCALL", body)
            if "\0" in text or _FIELD.match(text) is None or not _FIXED.isdisjoint(fields):
                return None
            rest = _rest_of(text, fields, self._records.render(fields))
            if self._records.usual is not None:
                self._records.usual.learn("SYSCALL", body, rest.text)
        return self._rests.keep(text, rest) if len(text) <= _LONGEST_CACHED else rest

    def _usual_rest(self, whole: str, body: str) -> Rest | None:
        usual = self._records.usual
        found = usual.find("SYSCALL", body) if usual is not None else None
        if found is None:
            return None
        text, shape, values = found
        ses, auid = shape.value("ses", values), shape.value("auid", values)
        parse = partial(self._records.parse, "SYSCALL", body)
        names = shape.value("comm", values), shape.value("exe", values)
        login = int(ses) if ses else None, int(auid) if auid else None
        return Rest(whole, text, names, login, parse)


def _rest_of(body: str, fields: Fields, text: str) -> Rest:
    comm, exe, ses, auid = (fields.get(name) for name in ("comm", "exe", "ses", "auid"))
    return Rest(
        body,
        text,
        (comm if isinstance(comm, str) else "", exe if isinstance(exe, str) else ""),
        (ses if isinstance(ses, int) else None, auid if isinstance(auid, int) else None),
        lambda: fields,
    )

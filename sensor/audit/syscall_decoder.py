"""Bodies of SYSCALL records to Syscall objects: numbers are cut out, head and rest looked up.

A record of another form than the kernel's usual one is parsed as any other record would be.
"""

from __future__ import annotations

import re
from typing import Final

from sensor.audit.fields import Value, decode
from sensor.audit.header import BEGIN, BLANKS
from sensor.audit.numbers import cut
from sensor.audit.record import NUMBERED, RecordDecoder
from sensor.audit.syscall import Head, Rest, Syscall
from sensor.cache import BoundedDict

_FIELD = re.compile("[A-Za-z][A-Za-z0-9_-]*=")
_ENTRIES = 4096
_LONGEST_CACHED: Final = 1024


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
        syscall = cut(body, 0)
        return self.join(syscall, body[syscall.end :]) if syscall is not None else None

    def join(self, syscall: Syscall, rest_text: str) -> Syscall | None:
        """Complete a record of the usual form, whose numbers are cut; None when it has another form after all."""
        head_text = syscall.start or ""
        rest = self._rests.get(rest_text) or self._rest(rest_text)
        if rest is None:
            return None
        syscall.head, syscall.rest = self._heads.get(head_text) or self._head(head_text), rest
        return syscall

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
        syscall = Syscall()
        syscall.head, syscall.rest = Head(fields), Rest(body, self._records, fields)
        syscall.start = syscall.items = None
        syscall.result = str(word) if word in ("yes", "no") else None
        syscall.exit = None if exit is None else str(exit)
        syscall.a0, syscall.a1, syscall.a2, syscall.a3 = args + [None] * (4 - len(args))
        syscall.ppid = ppid if isinstance(ppid, int) else 0
        syscall.pid = pid if isinstance(pid, int) else 0
        syscall.usual = False
        return syscall

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
            fields = self._records.parse_example("SYSCALL", body)
            if "\0" in text or BEGIN in text or _FIELD.match(text) is None or not NUMBERED.isdisjoint(fields):
                return None
            rest = Rest(text, self._records, fields)
        return self._rests.keep(text, rest) if len(text) <= _LONGEST_CACHED else rest

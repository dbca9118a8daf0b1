"""Bodies of SYSCALL records to Syscall objects: cut by sensor.audit.numbers, the rest looked up.

A record of another form than the kernel's usual one is parsed as any other record would be.
"""

from __future__ import annotations

import re
from typing import Final

from sensor.audit.fields import Value, decode
from sensor.audit.header import BEGIN, BLANKS
from sensor.audit.numbers import Numbers
from sensor.audit.record import NUMBERED, RecordDecoder
from sensor.audit.syscall import Caller, Head, Outcome, Rest, Syscall
from sensor.cache import BoundedDict

_FIELD = re.compile("[A-Za-z][A-Za-z0-9_-]*=")
_ENTRIES = 4096
_LONGEST_CACHED: Final = 1024


class SyscallDecoder:
    """Bodies of SYSCALL records to Syscall objects."""

    def __init__(self, records: RecordDecoder) -> None:
        self.numbers = Numbers(records)
        self._records = records
        self._rests: BoundedDict[str, Rest] = records.cleared(BoundedDict(_ENTRIES))

    def decode(self, body: str) -> Syscall:
        """Decode any body of a SYSCALL record."""
        return self.decode_usual(body) or self._decode_unusual(body)

    def decode_usual(self, body: str) -> Syscall | None:
        """Decode a body of the kernel's usual form; None when it has another."""
        syscall = self.numbers.cut(body, 0)
        if syscall is not None:
            rest = self.rest(body[syscall.end :])
            if rest is not None:
                syscall.rest = rest
                return syscall
        return None

    def rest(self, text: str) -> Rest | None:
        """The rest of a record of the usual form; None when that has another form after all."""
        return self._rests.get(text) or self._rest(text)

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
        args = ["" if arg is None else str(arg)[2:] for arg in argv]
        result = str(word) if word in ("yes", "no") else None
        pids = (ppid if isinstance(ppid, int) else 0, pid if isinstance(pid, int) else 0)
        syscall = Syscall()
        syscall.outcome = Outcome("", Head(fields), result, None if exit is None else str(exit))
        syscall.caller = Caller(None, *pids)
        syscall.rest = Rest(body, self._records, fields)
        syscall.a0, syscall.a1, syscall.a2, syscall.a3 = args + [""] * (4 - len(args))
        syscall.usual = False
        return syscall

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

"""What a record's type means for its place in an event and in the JSON.

The numbers are the kernel's (include/uapi/linux/audit.h); which of them end an
event, or stand alone, follows auparse (audit-userspace common/common.c,
audit_is_last_record) and auditd, whose DAEMON_* records count their serials apart.
"""

from __future__ import annotations

import re
from typing import Final

from sensor.tables import record_types

OBJECT: Final = 0
LIST: Final = 1
USER: Final = 2
"""How records of a type stand in the JSON: merged into one object; as a list of
objects; as an object that came from user space."""

_MERGED = frozenset({"SYSCALL", "EXECVE", "PROCTITLE", "CWD"})
_LOGIN, _KERNEL = 1006, 2000
_FIRST_DAEMON, _LAST_DAEMON = 1200, 1299
_FIRST_EVENT, _LAST_KERNEL = 1300, 2099
_NETLABEL = range(1406, 1420)
_UNKNOWN = re.compile(r"UNKNOWN\[([0-9]+)\]")
TOP = frozenset(
    {"ID", "NODE", "TIME", "TYPE", "SUMMARY", "SUPPRESSED", "CUSTOM", "SENSOR", "PARSE_ERROR", "CONTAINER_INFO"}
)
"""Keys that stand beside the records of an event; a type that somebody calls so is shown as NAME_2."""


class RecordType:
    """One record type.

    name: the JSON key, auditd's name for the type.
    shape: OBJECT, LIST or USER.
    ends: no further kernel record of the event is expected after it, save EOE.
    alone: from auditd itself; shares its id with nothing.
    """

    __slots__ = ("alone", "ends", "name", "shape")

    def __init__(self, name: str, number: int) -> None:
        self.name = f"{name}_2" if name in TOP else name
        kernel = _FIRST_EVENT <= number <= _LAST_KERNEL or number == _LOGIN
        self.shape = OBJECT if name in _MERGED else LIST if kernel else USER
        self.ends = name == "PROCTITLE" or not kernel or number == _KERNEL or number in _NETLABEL
        self.alone = _FIRST_DAEMON <= number <= _LAST_DAEMON


class RecordTypes:
    """Names, as auditd writes them, to record types; bounded against made-up names.

    prefix: of the keys that stages add, beside which no type stands under a name that differs in case only.
    """

    def __init__(self, limit: int = 1024, prefix: str = "") -> None:
        self._limit = limit
        self._prefix = prefix.upper()
        self._known: dict[str, RecordType] = {}

    def get(self, name: str) -> RecordType:
        """Look a name up; one that no table knows counts as a kernel record."""
        known = self._known.get(name)
        if known is None:
            known = _classify(name, self._prefix)
            if len(self._known) < self._limit:
                self._known[name] = known
        return known


def _classify(name: str, prefix: str) -> RecordType:
    name = name.upper()
    if prefix and name.startswith(prefix) and not name.endswith("_2"):
        name += "_2"
    numbered = _UNKNOWN.fullmatch(name)
    if numbered is not None:
        number = int(numbered.group(1))
        return RecordType(record_types.NAMES.get(number, name), number)
    number = record_types.NUMBERS.get(name, _FIRST_EVENT)
    return RecordType(record_types.NAMES.get(number, name) if name in record_types.NUMBERS else name, number)

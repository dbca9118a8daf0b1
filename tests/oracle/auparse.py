"""What auparse, auditd's own library behind `ausearch -i`, makes of each field of a log.

    type=SYSCALL … exit=-13 uid=0 …     ("exit", "-13", "EACCES(Permission denied)"), ("uid", "0", "root"), …

The library is called directly, because the text that ausearch prints cannot be taken apart again: values hold blanks
and `name=` in it. Its functions and constants are those of auparse.h.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

LIBRARY = "libauparse.so.0"
SOURCE_FILE = 1
ESCAPE_NOTHING = 0


class NoAuparseError(Exception):
    """auparse cannot be had here."""


class Field(NamedTuple):
    """One field; text is bytes, one character each.

    Attributes:
        id: of the event.
        type: of the record; empty if auparse does not know it.
        index: of the record among those of its type in the event.
        name: of the field.
        raw: as written.
        output: what it means.
    """

    id: str
    type: str
    index: int
    name: str
    raw: str
    output: str


def load() -> Any:
    """The library, its functions declared."""
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise NoAuparseError(f"{LIBRARY} is not there; Debian's package auditd brings it") from error
    texts = "get_type_name get_field_name get_field_str interpret_field"
    numbers = "next_event first_record next_record first_field next_field get_milli destroy"
    for kind, names in ((ctypes.c_char_p, texts), (ctypes.c_int, numbers), (ctypes.c_ulong, "get_serial get_time")):
        for name in names.split():
            function = getattr(library, f"auparse_{name}")
            function.restype, function.argtypes = kind, [ctypes.c_void_p]
    library.auparse_init.restype, library.auparse_init.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_char_p]
    library.auparse_set_escape_mode.argtypes = [ctypes.c_void_p, ctypes.c_int]
    return library


def fields(log: Path) -> Iterator[Field]:
    """Every field of every record of a log."""
    library = load()
    parser = library.auparse_init(SOURCE_FILE, bytes(log))
    library.auparse_set_escape_mode(parser, ESCAPE_NOTHING)
    try:
        while library.auparse_next_event(parser) > 0:
            yield from _event(library, parser)
    finally:
        library.auparse_destroy(parser)


def _event(library: Any, parser: int) -> Iterator[Field]:
    seconds, milliseconds = library.auparse_get_time(parser), library.auparse_get_milli(parser)
    id = f"{seconds}.{milliseconds:03}:{library.auparse_get_serial(parser)}"
    seen: dict[str, int] = {}
    more = library.auparse_first_record(parser)
    while more > 0:
        type = (library.auparse_get_type_name(parser) or b"").decode()
        index = seen[type] = seen.get(type, -1) + 1
        another = library.auparse_first_field(parser)
        while another > 0:
            words = (getattr(library, f"auparse_{name}")(parser) for name in _WORDS)
            name, raw, output = ((word or b"").decode("latin-1") for word in words)
            yield Field(id, type, index, name, raw, output)
            another = library.auparse_next_field(parser)
        more = library.auparse_next_record(parser)


_WORDS = ("get_field_name", "get_field_str", "interpret_field")

"""Who did what to what, as auparse says it: the normalizer of auditd's own library.

auparse_normalize(event)    action "opened-file", object "file" /etc/shadow, subject 1000 as 0, how /usr/bin/cat
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.oracle.auparse import ESCAPE_NOTHING, SOURCE_FILE, load

ALL = 0
_SEEKS = "subject_primary subject_secondary object_primary object_secondary get_results"
_TEXTS = "get_action object_kind how get_event_kind"


class Said(NamedTuple):
    """What auparse says of one event; "" for what it does not.

    Attributes:
        id: of the event.
        action, object, how, kind: its words for them; kind is that of the event.
        actor, actor2: login user and user, as written.
        thing: what was acted upon, as written but decoded.
        result: as written.
    """

    id: str
    action: str
    object: str
    how: str
    kind: str
    actor: str
    actor2: str
    thing: str
    result: str


def normalized(log: Path) -> Iterator[Said]:
    """What auparse says of every event of a log."""
    library = load()
    for name in _TEXTS.split():
        function = getattr(library, f"auparse_normalize_{name}")
        function.restype, function.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
    for name in _SEEKS.split():
        function = getattr(library, f"auparse_normalize_{name}")
        function.restype, function.argtypes = ctypes.c_int, [ctypes.c_void_p]
    library.auparse_normalize.argtypes = [ctypes.c_void_p, ctypes.c_int]
    parser = library.auparse_init(SOURCE_FILE, bytes(log))
    library.auparse_set_escape_mode(parser, ESCAPE_NOTHING)

    def text(name: str) -> str:
        return (getattr(library, f"auparse_normalize_{name}")(parser) or b"").decode("latin-1")

    def field(name: str, function: str = "get_field_str") -> str:
        if getattr(library, f"auparse_normalize_{name}")(parser) != 1:
            return ""
        return (getattr(library, f"auparse_{function}")(parser) or b"").decode("latin-1")

    try:
        while library.auparse_next_event(parser) > 0:
            seconds, milliseconds = library.auparse_get_time(parser), library.auparse_get_milli(parser)
            id = f"{seconds}.{milliseconds:03}:{library.auparse_get_serial(parser)}"
            library.auparse_normalize(parser, ALL)
            yield Said(
                id,
                text("get_action"),
                text("object_kind"),
                text("how"),
                text("get_event_kind"),
                field("subject_primary"),
                field("subject_secondary"),
                field("object_primary", "interpret_field"),
                field("get_results"),
            )
    finally:
        library.auparse_destroy(parser)

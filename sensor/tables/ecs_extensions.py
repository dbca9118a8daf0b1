"""What documents of `output: ecs` have besides the fields of the Elastic Common Schema.

All but host_sensor, *_hex and the SELinux parts of a file is auditbeat's, under the same names.

A name ending in `.*` stands for all below it; one that begins with `*` for what may stand beside any text.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

__all__ = ["EXTENSIONS", "Extension", "is_extension"]


class Extension(NamedTuple):
    """A field, or all below one, and what it holds."""

    name: str
    meaning: str


_TABLE = """
user.audit.* | who logged in: `auid` of the records
user.saved.* | the saved user and group, where they are others: `suid` and `sgid`
user.filesystem.* | the user and group of accesses to files, where they are others: `fsuid` and `fsgid`
user.old-auid.* | who was logged in before: `old-auid` of LOGIN
user.selinux.* | the security context of who acted, in its parts
file.selinux.* | the security context of the file, in its parts
auditd.message_type | type of the main record, in small letters
auditd.result | `success`, `fail` or `unknown`
auditd.sequence | serial number of the event
auditd.session | number of the login session
auditd.summary.* | who did what to what, and how
auditd.data.* | every field of the records without a place elsewhere, as text, socket addresses under `socket`
auditd.paths.* | the PATH records, their fields as text
host_sensor.* | what the sensor knows beyond the records and the schema has no word for, in small letters
*_hex | the exact bytes, in hexadecimal, of a text beside it that is no UTF-8
"""


def _rows() -> list[Extension]:
    lines = _TABLE.strip().replace("\n  ", " ").splitlines()
    return [Extension(*map(str.strip, line.split("|"))) for line in lines]


EXTENSIONS = _rows()


def is_extension(field: str) -> bool:
    """Return whether a dotted name is that of an extension."""
    return any(fnmatchcase(field, row.name) for row in EXTENSIONS)

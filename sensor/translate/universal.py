"""What means the same on every host: numbers of one record to names, beside the numbers.

    arch=c000003e syscall=59                   "ARCH":"x86_64","SYSCALL":"execve"
    saddr=020000357F00000100…                  "SADDR":{"saddr_fam":"inet","addr":"127.0.0.1","port":53}
    uring_op=18 success=no exit=-13            "URING_OP":"openat","EXIT":"EACCES"
    mode=0100755                               "MODE":"-rwxr-xr-x"
    pp=0000000000002000 pi=0                   "PP":["cap_net_raw"]

A name stands under the key of its number, in capitals. What has no name is left to
its number: an unknown architecture, an empty set of capabilities, a mode without a
file type. Of what auditd itself translated (ENRICHED) the same keys are replaced.

A record is translated by itself, so that its JSON can be remembered. Of a SYSCALL
record the head has `arch` and `syscall`, while auditd's ARCH and SYSCALL come with the
rest; the exit value is new each time, and is the stage's (sensor.translate.arguments).
"""

from __future__ import annotations

import re
from functools import lru_cache

from sensor.audit.fields import Fields, Value
from sensor.audit.naming import Naming
from sensor.tables import arches, errno, syscalls
from sensor.tables.flags import spell
from sensor.tables.meanings import forms_of
from sensor.translate.sockaddr import decode_sockaddr

_FIELDS = frozenset({"arch", "syscall", "saddr", "exit"})
"""Fields that matter beside those in the table of meanings."""
_NUMBER = re.compile("0x[0-9a-f]{1,16}|0o[0-7]{1,22}|(0[0-7]{1,22})")
_REMEMBERED, _LONGEST = 4096, 32
_NAMELESS = "0123456789?"
"""How the spelling of a number without a name begins, and that of a mode without a file type."""


class Universal:
    """The transform."""

    def __init__(self, naming: Naming) -> None:
        self._key = naming.key

    def transform(self, name: str, fields: Fields) -> None:
        """Add names to the fields of one record."""
        key = self._key
        if name == "SYSCALL":
            fields.pop("ARCH", None)
            fields.pop("SYSCALL", None)
        arch = _number(fields.get("arch"))
        if arch is not None:
            self._call(arch, fields)
        for field, form in forms_of(name).items():
            value = fields.get(field)
            if isinstance(value, int) or (isinstance(value, str) and len(value) <= _LONGEST):
                words = _meaning(form, value, arch or arches.X86_64)
                if words is not None:
                    fields[key(field.upper())] = words
        if name == "SOCKADDR":
            self._address(fields)
        elif name == "URINGOP":
            value = fields.get("exit")
            error = errno.name(value) if isinstance(value, int) and value < 0 else None
            if error is not None:
                fields[key("EXIT")] = error

    def concerns(self, name: str, field: str) -> bool:
        """Return whether a field of a type of record matters here: a number, or what stands where its meaning goes."""
        lower = field.lower()
        return lower in _FIELDS or lower in forms_of(name)

    def _call(self, arch: int, fields: Fields) -> None:
        name, number = arches.name(arch), fields.get("syscall")
        if name is not None:
            fields[self._key("ARCH")] = name
        call = syscalls.name(arch, number) if isinstance(number, int) else None
        if call is not None:
            fields[self._key("SYSCALL")] = call

    def _address(self, fields: Fields) -> None:
        saddr = fields.get("saddr")
        address = decode_sockaddr(saddr.encode("latin-1")) if isinstance(saddr, str) else None
        if address is not None:
            fields.pop("SADDR", None)
            fields[self._key("SADDR")] = address


@lru_cache(_REMEMBERED)
def _meaning(form: str, value: int | str, arch: int) -> Value:
    """What a number means, None if it has no name."""
    number = _number(value)
    if number is None or number < 0:
        return None
    words = spell(form, number, arch)
    if isinstance(words, list):
        return list(words) or None
    return words if isinstance(words, str) and words[0] not in _NAMELESS else None


def _number(value: Value) -> int | None:
    """The number that a decoded field holds: 5, "0x1f", "0o755", or "0100302" as the kernel writes open flags."""
    if isinstance(value, int):
        return value
    if isinstance(value, str) and (found := _NUMBER.fullmatch(value)) is not None:
        return int(value, 8) if found[1] else int(value, 0)
    return None

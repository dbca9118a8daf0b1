"""Names of syscalls, by audit architecture and number.

    type=SYSCALL msg=audit(1700000000.001:1): arch=c000003e syscall=59 …   execve
    type=SYSCALL msg=audit(1700000000.001:1): arch=40000003 syscall=11 …   execve
    type=SYSCALL msg=audit(1700000000.001:1): arch=c000003e syscall=1073742344 …   execve (x32: 0x40000000 + 520)

The table of an architecture is text, `0 read write open … 424 pidfd_send_signal …`: a number, then the names from it
upwards. It is taken apart when that architecture is first met.
"""

from __future__ import annotations

from functools import cache

from sensor.tables.arches import ARCHES, X32_BIT, X86_64
from sensor.tables.syscalls_table import TABLES

__all__ = ["is_name", "name", "names", "numbers"]


@cache  # one entry for each architecture met
def names(arch: int) -> dict[int, str]:
    """Every syscall of audit architecture `arch`: number → name; empty for an unknown architecture."""
    entry = ARCHES.get(arch)
    if entry is None:
        return {}
    table = dict(_parse(TABLES[entry.syscalls]))
    if arch == X86_64:
        table.update((number | X32_BIT, syscall) for number, syscall in _parse(TABLES["x32"]))
    return table


@cache
def _all_names() -> frozenset[str]:
    return frozenset([word for text in TABLES.values() for word in text.split() if not word.isdigit()])


def is_name(text: str) -> bool:
    """Return whether any architecture has a syscall of this name."""
    return text in _all_names()


def _parse(text: str) -> list[tuple[int, str]]:
    table = []
    number = 0
    for word in text.split():
        if word.isdigit():
            number = int(word)
        else:
            table.append((number, word))
            number += 1
    return table


def name(arch: int, number: int) -> str | None:
    """What syscall `number` of audit architecture `arch` is called, or None."""
    return names(arch).get(number)


def numbers(arch: int, syscall: str) -> list[int]:
    """Every number `syscall` has on `arch`: none, one, or with x32 two."""
    return [number for number, found in names(arch).items() if found == syscall]

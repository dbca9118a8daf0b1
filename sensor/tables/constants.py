"""Reads the generated table of constants: value → name, as one architecture has it.

A table is text, and is taken apart when it is first asked for:

    "open": {"generic": "O_WRONLY=0x1 O_RDWR=0x2 O_CREAT=0x40 …", "alpha": "O_WRONLY=0x1 … O_CREAT=0x200 …"}
"""

from __future__ import annotations

from functools import cache

from sensor.tables.constants_table import TABLES

__all__ = ["names", "parse"]


def parse(text: str) -> dict[int, str]:
    """Value → name from `NAME=value NAME=value …`, lowest value first."""
    pairs = (word.split("=") for word in text.split())
    return {int(value, 0): name for name, value in pairs}


@cache  # there are some two hundred tables in all
def names(table: str, abi: str = "generic") -> dict[int, str]:
    """Value → name of `table` as `abi` has it (see `arches.abi`).

    Raises:
        KeyError: there is no such table.
    """
    texts = TABLES[table]
    return parse(texts.get(abi) or texts["generic"])

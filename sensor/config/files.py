"""Which files the parts of a configuration write: no two parts may write the same one.

    audit.jsonl    its generations audit.jsonl.1, .2 and so on; audit.jsonl.tmp while it is begun
    state          its generations; state.new while it is written; state.run

With `auditlog: {file: state}` the state would replace the log of events, and a generation of one log that of another.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from itertools import combinations

from sensor.outputs import Options as OutputOptions

Named = tuple[str, str, str]
"""A file to be written: the option that names it, its name there and by default."""

_BESIDE = re.compile(r"\.(?:[0-9]+|tmp|new|run)")


def log_file(option: str, options: OutputOptions | None, default: str) -> Named:
    """The file of a log; its name is empty where lines go to no file, or there is no such log."""
    file = "" if options is None or options.file == "-" or options.file.startswith(("|", "unix:")) else options.file
    return f"{option}.file", file, default


def collision(directory: str, files: Iterable[Named]) -> tuple[str, str] | None:
    """The first two that would be one file: the option at fault, not one at its default, and a sentence about it.

    directory: what names are relative to. Devices such as /dev/null may be written to by many.
    """
    paths = [(each, os.path.normpath(os.path.join(directory, each[1]))) for each in files if each[1]]
    for (one, path), (other, other_path) in combinations(paths, 2):
        if path.startswith("/dev/") or not _same(path, other_path):
            continue
        wrong, right = (one, other) if other[1] == other[2] else (other, one)
        return wrong[0], f'"{wrong[1]}" is a file that {right[0]} ("{right[1]}") writes, too'
    return None


def _same(path: str, other: str) -> bool:
    """Whether the one is the other, or is made beside it."""
    short, long = sorted((path, other), key=len)
    return long == short or (long.startswith(short) and _BESIDE.fullmatch(long[len(short) :]) is not None)

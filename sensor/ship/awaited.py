"""The files seen behind the one that the cursor is in: what goes before it is read is known to be missing.

    awaited = Awaited()
    awaited.see([second, third], {"first", "second", "third"})     MissingFiles(0, 0)
    awaited.see([third], {"first", "third"})                       MissingFiles(1, 10485760)
    awaited.missing("first", "third")                              MissingFiles(1, 10485760)

It is kept with the cursor, so that a process that is killed takes nothing of it along.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sensor.ship.generations import Generation

MOST_SAVED = 50
"""Files kept with the cursor, the oldest; those behind them are seen anew by the next process."""
_UNSEEN = ""
"""Stands for files of which none was ever seen, if there were any."""


class MissingFiles(NamedTuple):
    """Files that are gone, and their bytes on disk as last seen; no files where none of them was ever seen."""

    files: int
    size: int


class _AwaitedFile:
    """A file, or several in a row that are gone."""

    def __init__(self, files: int = 1, size: int = 0, gone: bool = False) -> None:
        self.files, self.size, self.gone = files, size, gone


class Awaited:
    """Takes what `saved` returned; raises TypeError or ValueError for what is no such thing."""

    def __init__(self, saved: Iterable[Any] = ()) -> None:
        self._files: dict[str, _AwaitedFile] = {}  # identity → file, the oldest first
        for identity, files, size, gone in saved:
            self._files[str(identity)] = _AwaitedFile(int(files), int(size), bool(gone))

    def saved(self) -> list[list[Any]]:
        """As JSON has it: [[identity, files, bytes, whether they are gone], …]."""
        entries = list(self._files.items())[:MOST_SAVED]
        return [[identity, file.files, file.size, int(file.gone)] for identity, file in entries]

    def see(self, coming: Iterable[Generation], here: set[str]) -> MissingFiles | None:
        """Take in the files to come, and the identities of all that are there or open; returns what is gone since."""
        for generation in coming:
            self._files.setdefault(generation.identity, _AwaitedFile()).size = generation.size
        kept: dict[str, _AwaitedFile] = {}
        last = _AwaitedFile()
        files = size = 0
        for identity, file in self._files.items():
            if identity in here:
                file.gone = False
            elif not file.gone:
                file.gone = True
                files, size = files + file.files, size + file.size
            if file.gone and last.gone:
                last.files, last.size = last.files + file.files, last.size + file.size
            else:
                kept[identity] = last = file
        self._files = kept
        return MissingFiles(files, size) if files else None

    def lacks(self, here: set[str]) -> bool:
        """Whether a file is not here, and was not known to be gone."""
        return any(identity not in here and not file.gone for identity, file in self._files.items())

    def knows_behind(self, identity: str) -> bool:
        """Whether a file is known to come behind this one."""
        return bool(self._between(identity, ""))

    def doubt(self) -> None:
        """Take it that there may have been others, of which none was seen, behind all that are known."""
        self._files.setdefault(_UNSEEN, _AwaitedFile(0, 0, True))

    def missing(self, after: str, before: str) -> MissingFiles | None:
        """What is gone between two files; None where nothing is."""
        gone = [file for file in self._between(after, before) if file.gone]
        return MissingFiles(sum(file.files for file in gone), sum(file.size for file in gone)) if gone else None

    def reach(self, identity: str) -> None:
        """Let go of a file and of all before it; of all where it is not known."""
        names = list(self._files)
        end = names.index(identity) + 1 if identity in self._files else len(names)
        for name in names[:end]:
            del self._files[name]

    def _between(self, after: str, before: str) -> list[_AwaitedFile]:
        names, files = list(self._files), list(self._files.values())
        start = names.index(after) + 1 if after in self._files else 0
        end = names.index(before) if before and before in self._files else len(names)
        return files[start:end]

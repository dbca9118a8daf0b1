"""The command line of a process, as far as it is known."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """A command line. Texts hold one byte per character.

    words: as many arguments as fit; () if nothing is known.
    skipped: bytes of arguments that are left out, at least.
    inherited: from the program that forked the process, which executed nothing since.
    """

    words: tuple[str, ...]
    skipped: int
    inherited: bool

    def within(self, limit: int) -> Command:
        """The same with no more than so many bytes, counting each argument's end."""
        words: list[str] = []
        skipped = self.skipped
        room = limit
        for word in self.words:
            kept = word[: max(room, 0)]
            if room > 0:
                words.append(kept)
            skipped += len(word) - len(kept)
            room -= len(kept) + 1
        return Command(tuple(words), skipped, self.inherited)

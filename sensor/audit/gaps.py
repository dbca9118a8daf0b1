"""Blocks of zeros, which a file system leaves in a log after a power cut, instead of what had not reached the disk.

    type=PATH … mode=0100␀␀␀…␀␀␀type=SYSCALL …       type=PATH … mode=0100␀␀…␀⏎␀4096⏎type=SYSCALL …

They are no part of a record. A gap becomes a line of its own, which begins as no other does: with a zero, then its
length. A line that it interrupts ends as no other does: with TORN.
"""

from __future__ import annotations

import re
from typing import Final

ZERO: Final = "\0"
SHORTEST: Final = 16
"""So many zeros within a line are a gap; fewer may be of the record, but for those that begin a line."""
TORN: Final = ZERO * SHORTEST
_RUN = re.compile("\0+")


class Gaps:
    """Finds them in text that comes in pieces, cut anywhere."""

    def __init__(self) -> None:
        self._open = 0  # zeros at the end of the last piece
        self._begins_line = False

    def __bool__(self) -> bool:
        return self._open > 0

    def mark(self, text: str, begins_line: bool) -> str:
        """The text with lines in the place of gaps; begins_line: it is the beginning of one."""
        found: list[str] = []
        place = 0
        if self._open:
            place = len(text) - len(text.lstrip(ZERO))
            self._open += place
            if place == len(text):
                return ""
            found.append(self.end())
            begins_line = found[0][-1:] == "\n"
        for run in _RUN.finditer(text, place):
            start, end = run.span()
            begins = text[start - 1] == "\n" if start > place else begins_line
            found.append(text[place:start])
            place = end
            self._open, self._begins_line = end - start, begins
            if end < len(text):
                found.append(self.end())
        found.append(text[place:])
        return "".join(found)

    def end(self) -> str:
        """What the zeros at the end of the last piece are, now that no more follow."""
        length, self._open = self._open, 0
        if not length:
            return ""
        if self._begins_line or length >= SHORTEST:
            return ("" if self._begins_line else f"{TORN}\n") + f"{ZERO}{length}\n"
        return ZERO * length

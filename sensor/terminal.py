"""A terminal, or what stands for one: how wide it is, what it can show, and texts that fit there and are harmless.

    /usr/lib/x86_64-linux-gnu/libc.so.6      in 16 columns:  /usr/…/libc.so.6
    a name with \\x1b[2J, which clears a screen   shows four harmless characters and [2J

Names are chosen by the processes watched, so nothing in them may reach the terminal as a command.
"""

from __future__ import annotations

import os
import shutil
import unicodedata
from typing import NamedTuple, TextIO

_PIPE_WIDTH = 100


class Screen(NamedTuple):
    """What texts are shown on.

    width: in columns; color: whether emphasis may be used; unicode: whether blocks may be drawn.
    """

    width: int
    color: bool
    unicode: bool

    @classmethod
    def of(cls, stream: TextIO) -> Screen:
        """What a stream can show; COLUMNS is the width where there is no terminal, NO_COLOR forbids emphasis."""
        terminal = stream.isatty()
        width = shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns
        try:
            "█…".encode(stream.encoding or "ascii")
            unicode = True
        except UnicodeEncodeError:
            unicode = False
        return cls(max(width, 40), terminal and not os.environ.get("NO_COLOR"), unicode)


def displayable(name: str, screen: Screen) -> str:
    """A name without anything that a terminal would obey, or that the stream cannot show.

    name: with one character per byte, or as it was in JSON.
    """
    try:
        name = name.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        pass
    shown = "".join([char if char.isprintable() else f"\\x{ord(char):02x}" for char in name])
    return shown if screen.unicode else shown.encode("ascii", "backslashreplace").decode()


def width(text: str) -> int:
    """How many columns a text takes."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "FW" else 1 for char in text
    )


def pad(text: str, columns: int) -> str:
    """A text with blanks behind it, to fill so many columns."""
    return text + " " * (columns - width(text))


def shortened(text: str, columns: int, screen: Screen) -> str:
    """A text without its middle, if it is too wide; of a path the end matters most."""
    if width(text) <= columns:
        return text
    gap = "…" if screen.unicode else "..."
    room = columns - len(gap)
    head, tail = text[: room // 3], text[room // 3 - room :] if room // 3 - room else ""
    while width(head) + width(tail) > room:
        tail = tail[1:]
    return head + gap + tail

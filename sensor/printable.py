"""Text that does nothing but be read: no control characters, no marks that hide or turn what stands beside them.

printable gives a text for a terminal or a line of a log: what is not printable is escaped as Python does, \\x1b.
ESCAPES does it for JSON, which means the same text afterwards: \\u202e.
"""

from __future__ import annotations

_INVISIBLE = [
    *range(0x7F, 0xA0),
    *(0xAD, 0x61C, 0x6DD, 0x70F, 0x8E2, 0x180E, 0xFEFF, 0x110BD, 0x110CD, 0xE0001),
    *range(0x600, 0x606),
    *range(0x890, 0x892),
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2065),
    *range(0x2066, 0x2070),
    *range(0xFFF9, 0xFFFC),
    *range(0x13430, 0x13440),
    *range(0x1BCA0, 0x1BCA4),
    *range(0x1D173, 0x1D17B),
    *range(0xE0020, 0xE0080),
]
"""Unicode's Cc beyond ASCII, Cf, Zl and Zp, as of Unicode 15.1 (Python 3.13)."""


def _escape(code: int) -> str:
    """A character as JSON escapes it, beyond U+FFFF as two halves (RFC 8259, section 7)."""
    units = chr(code).encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


ESCAPES = {code: _escape(code) for code in _INVISIBLE}
"""For str.translate, over real characters: what is escaped wherever JSON is written."""


def printable(text: str) -> str:
    """A text, of real characters, without anything that a terminal or a log would obey: escaped as Python does."""
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text])

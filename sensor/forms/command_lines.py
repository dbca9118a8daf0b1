"""Command lines and addresses as the kernel mostly writes them, from text to text.

argc=2 a0="ls" a1=2D6C         "argc":2,"ARGV":["ls","-l"]
proctitle=6C73002D6C           "ARGV":["ls","-l"]
saddr=01002F72756E             "saddr":"%01%00/run"
"""

from __future__ import annotations

import re

from sensor.forms.text import Quote

_BYTES = re.compile(r"(?:[0-9A-F]{2})+")
_PLACES = [str(place) for place in range(256)]


class PlainCommandLines:
    """Command lines as the kernel mostly writes them, from text to text: no piece missing, none in pieces.

    quote: for the arguments that the kernel encoded.
    safe: the characters, besides the blank, that are the same in JSON, for a regular expression's brackets.
    """

    def __init__(self, quote: Quote, safe: str) -> None:
        self._quote = quote
        self._argument = re.compile(rf' a([0-9]+)=(?:("[{safe}]*")|((?:[0-9A-F]{{2}})+))(?= |\Z)')
        self._safe_title = re.compile(rf"[ {safe}\0]*")

    def address(self, body: str) -> str | None:
        """JSON members of a SOCKADDR body that nothing translates; None if it is not plain."""
        encoded = body[6:]
        if body[:6] != "saddr=" or _BYTES.fullmatch(encoded) is None:
            return None
        return f'"saddr":{self._quote(bytes.fromhex(encoded).decode("latin-1"))}'

    def execve(self, body: str) -> str | None:
        """JSON members of an EXECVE body; None if it is not plain."""
        count, blank, _ = body.partition(" ")
        found = self._argument.findall(body)
        arguments = [quoted or self._quote(bytes.fromhex(encoded).decode("latin-1")) for _, quoted, encoded in found]
        length = sum([3 + len(number) + len(quoted) + len(encoded) for number, quoted, encoded in found])
        plain = len(found) <= len(_PLACES) and [number for number, _, _ in found] == _PLACES[: len(found)]
        if not blank or count != f"argc={len(found)}" or len(count) + length != len(body) or not plain:
            return None
        return f'"argc":{len(found)},"ARGV":[{",".join(arguments)}]'

    def proctitle(self, body: str) -> str | None:
        """JSON members of a PROCTITLE body; None if it is not plain."""
        encoded = body[10:]
        if body[:10] != "proctitle=" or _BYTES.fullmatch(encoded) is None:
            return None
        title = bytes.fromhex(encoded).decode("latin-1")
        if self._safe_title.fullmatch(title):
            words = title.replace("\0", '","')
            return f'"ARGV":["{words}"]'
        return f'"ARGV":[{",".join(map(self._quote, title.split(chr(0))))}]'

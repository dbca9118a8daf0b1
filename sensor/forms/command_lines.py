"""Command lines and addresses as the kernel mostly writes them, from text to text.

argc=2 a0="ls" a1=2D6C         "argc":2,"ARGV":["ls","-l"]
proctitle=6C73002D6C           "ARGV":["ls","-l"]
saddr=01002F72756E             "saddr":"%01%00/run"
"""

from __future__ import annotations

import re

from sensor.audit.fields import plain_address, plain_title
from sensor.audit.record import Record
from sensor.forms.text import Quote


class PlainCommandLines:
    """Command lines as the kernel mostly writes them, from text to text.

    quote: for words in which there may be what JSON cannot hold as it is.
    safe: the characters, besides the blank, that are the same in JSON, for a regular expression's brackets.
    """

    def __init__(self, quote: Quote, safe: str) -> None:
        self._quote = quote
        self._safe = re.compile(f"[ {safe}]*")

    def address(self, record: Record) -> str | None:
        """JSON members of a SOCKADDR record that nothing translates; None if it is not plain."""
        address = plain_address(record.body)
        return None if address is None else f'"saddr":{self._quote(address)}'

    def execve(self, record: Record) -> str | None:
        """JSON members of an EXECVE record; None if it is not plain."""
        arguments = record.arguments
        return None if arguments is None else f'"argc":{len(arguments)},{self._argv(arguments)}'

    def proctitle(self, record: Record) -> str | None:
        """JSON members of a PROCTITLE record; None if it is not plain."""
        title = plain_title(record.body)
        return None if title is None else self._argv(title.split("\0"))

    def _argv(self, words: list[str]) -> str:
        if self._safe.fullmatch("".join(words)):
            text = '","'.join(words)
            return f'"ARGV":["{text}"]'
        return f'"ARGV":[{",".join([self._quote(word) for word in words])}]'

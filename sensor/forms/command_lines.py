"""Command lines and addresses as the kernel mostly writes them, from text to text.

argc=2 a0="ls" a1=2D6C         "argc":2,"ARGV":["ls","-l"],"ARGV_STR":"ls -l"
proctitle=6C73002D6C           "ARGV":["ls","-l"]
saddr=01002F72756E             "saddr":"%01%00/run"
"""

from __future__ import annotations

from collections.abc import Sequence

from sensor.audit.fields import plain_address, plain_title
from sensor.audit.record import Record
from sensor.forms.text import Quote


class PlainCommandLines:
    """Command lines as the kernel mostly writes them, from text to text.

    quote: for words; what it escapes gets longer.
    forms: of `transform.execve_argv`.
    """

    def __init__(self, quote: Quote, forms: Sequence[str] = ("array",)) -> None:
        self._quote = quote
        self._as_array = "array" in forms
        self._as_string = "string" in forms

    def address(self, record: Record) -> str | None:
        """JSON members of a SOCKADDR record that nothing translates; None if it is not plain."""
        address = plain_address(record.body)
        return None if address is None else f'"saddr":{self._quote(address)}'

    def execve(self, record: Record) -> str | None:
        """JSON members of an EXECVE record; None if it is not plain."""
        arguments = record.arguments
        if arguments is None:
            return None
        line = " ".join(arguments)
        quoted = self._quote(line)
        array = f",{self._argv(arguments, len(quoted) == len(line) + 2)}" if self._as_array else ""
        string = f',"ARGV_STR":{quoted}' if self._as_string else ""
        return f'"argc":{len(arguments)}{array}{string}'

    def proctitle(self, record: Record) -> str | None:
        """JSON members of a PROCTITLE record; None if it is not plain."""
        title = plain_title(record.body)
        if title is None:
            return None
        line = title.replace("\0", " ")
        return self._argv(title.split("\0"), len(self._quote(line)) == len(line) + 2)

    def _argv(self, words: list[str], are_same: bool) -> str:
        """A list of words; are_same: nothing in them is escaped."""
        if are_same:
            text = '","'.join(words)
            return f'"ARGV":["{text}"]'
        return f'"ARGV":[{",".join([self._quote(word) for word in words])}]'

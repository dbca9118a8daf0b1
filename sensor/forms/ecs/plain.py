"""Members that single records give, as `sensor.summary.circumstances` reads them, without a value in between.

EXECVE argc=2 a0="ls" a1="-l"            ,"args":["ls","-l"],"args_count":2,"command_line":"ls -l"
PATH item=0 name="/a" mode=0100644 …     ,"item":"0","name":"/a","mode":"0100644"

Only records that are as the kernel mostly writes them: in ASCII, with nothing missing.
"""

from __future__ import annotations

from typing import Final

from sensor.audit.fields import UNSET, Fields
from sensor.cache import BoundedDict
from sensor.forms.values import Style

_NAMES = 256
_BETWEEN = '","'
_ODD: Final = " "
"""Before the value of a field whose name or value becomes another."""
_OF_OTHERS = frozenset({"arch", "syscall", "uring_op", "msg"})
"""Fields whose values have names."""


class PlainRecords:
    """Writes them."""

    def __init__(self, style: Style) -> None:
        self._quote = style.quote
        self._renderer = style.renderer
        self._has_prefix = bool(style.naming.prefix)
        self._names: BoundedDict[str, str] = BoundedDict(_NAMES)

    def write(self, name: str, fields: Fields) -> str:
        """The members that a record of a type gives, each with a comma before it; "" if it is not plain."""
        if name == "PATH":
            return self._path(fields)
        return self._command(fields) if name == "EXECVE" else ""

    def _command(self, fields: Fields) -> str:
        count, argv = fields.get("argc"), fields.get("ARGV")
        if not isinstance(argv, list) or not isinstance(count, int):
            return ""
        words = [word for word in argv if isinstance(word, str)]
        line = " ".join(words)
        if not line.isascii() or not words or len(words) < len(argv):
            return ""
        quoted = self._quote(line)
        args = f'"{_BETWEEN.join(words)}"' if len(quoted) == len(line) + 2 else ",".join(map(self._quote, words))
        return f',"args":[{args}],"args_count":{count},"command_line":{quoted}'

    def _path(self, fields: Fields) -> str:
        names, renderer = self._names, self._renderer
        members: list[str] = []
        for name, value in fields.items():
            start = names.get(name) or self._start(name)
            if isinstance(value, str):
                if start == _ODD or not value.isascii():
                    return ""
                text = renderer.text(value)
                members.append(start)
                members.append(f'"0{text[3:]}' if text.startswith('"0o') else text)
            elif isinstance(value, int):
                if start == _ODD or value in (UNSET, -1):
                    return ""
                members.append(f'{start}"{value}"')
            elif value is not None:
                return ""
        return "".join(members)

    def _start(self, name: str) -> str:
        """What stands before the value of a field."""
        is_plain = name.islower() and name.isascii() and name not in _OF_OTHERS and not self._has_prefix
        return self._names.keep(name, f",{self._quote(name)}:" if is_plain else _ODD)

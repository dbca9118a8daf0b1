"""What a system call was asked for and what came of it: its arguments by name, and the error it failed with.

    arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c a1=7ffd3a9e4f1b a2=80241 a3=180 …
    "EXIT":"EACCES","ARGS":{"dirfd":"AT_FDCWD","flags":["O_WRONLY","O_CREAT","O_TRUNC","O_CLOEXEC"],"mode":"0o600"}

Arguments are new in each record, but those that mean something by themselves seldom
are, so their JSON is remembered; addresses, which are new each time, have none.
"""

from __future__ import annotations

import operator
import re
from typing import Any, Callable

from sensor.audit.render import Render, Style
from sensor.event import Event
from sensor.tables import errno, syscalls
from sensor.tables.arguments import arguments, spell_arguments

_ENTRIES = 4096
_WORD = re.compile("[0-9a-f]{1,16}")


class Errors:
    """The stage that adds EXIT."""

    def __init__(self, style: Style) -> None:
        self._start = f',"{style.key("EXIT")}":'
        self._known: dict[tuple[str, int], str] = {}

    def stage(self, event: Event) -> bool:
        """Add the error's name; drops none."""
        syscall = event.syscall
        if syscall is not None and syscall.success is False:
            key = (syscall.exit, syscall.head.arch)
            text = self._known.get(key)
            if text is None:
                text = self._text(*key)
            syscall.extra += text
        return True

    def _text(self, exit: str, arch: int) -> str:
        error = errno.name(int(exit), arch) if exit[:1] == "-" else None
        text = f'{self._start}"{error}"' if error is not None else ""
        if len(self._known) >= _ENTRIES:
            self._known.clear()
        self._known[exit, arch] = text
        return text


class _Call:
    """How the arguments of one system call are read, and the JSON of those met.

    pick: takes the arguments that mean something out of all four.
    """

    __slots__ = ("known", "pick")

    def __init__(self, positions: list[int]) -> None:
        self.known: dict[Any, str] = {}
        self.pick: Callable[[tuple[str, ...]], Any] = operator.itemgetter(*positions)


class Arguments:
    """The stage that adds ARGS."""

    def __init__(self, style: Style, render: Render) -> None:
        self._start = f',"{style.key("ARGS")}":{{'
        self._render = render
        self._calls: dict[tuple[int, int], _Call | None] = {}
        self._entries = 0

    def stage(self, event: Event) -> bool:
        """Add the arguments; drops none."""
        syscall = event.syscall
        if syscall is not None and len(syscall.args) == 4:
            head = syscall.head
            try:
                call = self._calls[head.arch, head.number]
            except KeyError:
                call = self._call(head.arch, head.number)
            if call is not None:
                args = call.pick(syscall.args)
                text = call.known.get(args)
                syscall.extra += self._text(call, syscall, args) if text is None else text
        return True

    def _call(self, arch: int, number: int) -> _Call | None:
        self._make_room()
        name = syscalls.name(arch, number)
        entries = arguments(name, arch) if name is not None else ()
        positions = [position for position, entry in enumerate(entries) if entry != "-"]
        call = self._calls[arch, number] = _Call(positions) if positions else None
        return call

    def _text(self, call: _Call, syscall: Any, args: Any) -> str:
        self._make_room()
        if any(_WORD.fullmatch(arg) is None for arg in syscall.args):
            return ""
        head = syscall.head
        values = [int(arg, 16) for arg in syscall.args]
        spelled: Any = spell_arguments(syscalls.name(head.arch, head.number) or "", values, head.arch)
        text = call.known[args] = f"{self._start}{self._render(spelled)}}}" if spelled else ""
        return text

    def _make_room(self) -> None:
        """Count one more thing to remember; forget all when there are too many."""
        self._entries += 1
        if self._entries > _ENTRIES:
            self._entries = 0
            self._calls.clear()

"""What a system call was asked for and what came of it: its arguments by name, and the error it failed with.

    arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c a1=7ffd3a9e4f1b a2=80241 a3=180 …
    "EXIT":"EACCES","ARGS":{"dirfd":"AT_FDCWD","flags":["O_WRONLY","O_CREAT","O_TRUNC","O_CLOEXEC"],"mode":"0o600"}

Arguments are new in each record, but those that mean something by themselves seldom
are, so their JSON is remembered; addresses, which are new each time, have none.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from typing import Any, Callable

from sensor.audit.render import Render, Style
from sensor.audit.syscall import Head, Syscall
from sensor.event import Event
from sensor.tables import errno, syscalls
from sensor.tables.arguments import arguments, spell_arguments

_ENTRIES = 4096
_FIRST_ARGUMENT = 3  # among the values of a Syscall
_WORD = re.compile("[0-9a-f]{1,16}")


class Call:
    """One system call of one architecture.

    errors: exit value → JSON; None if errors are not wanted.
    pick: takes the arguments that mean something out of a record's values; None if there are none, or not wanted.
    known: what `pick` took → JSON.
    """

    __slots__ = ("errors", "known", "pick")

    def __init__(self, errors: bool, positions: list[int]) -> None:
        self.errors: dict[str, str] | None = {} if errors else None
        places = [_FIRST_ARGUMENT + position for position in positions]
        self.pick: Callable[[Sequence[Any]], Any] | None = operator.itemgetter(*places) if places else None
        self.known: dict[Any, str] = {}


class Calls:
    """The stage that adds EXIT and ARGS.

    errors, arguments: which of the two.
    """

    def __init__(self, style: Style, render: Render, errors: bool, arguments: bool) -> None:
        self._exit = f',"{style.key("EXIT")}":'
        self._args = f',"{style.key("ARGS")}":{{'
        self._render = render
        self._errors = errors
        self._arguments = arguments
        self._calls: dict[Head, Call] = {}
        self._entries = 0

    def stage(self, event: Event) -> bool:
        """Add what is known of the call; drops none."""
        syscall = event.syscall
        if syscall is not None:
            call = self._calls.get(syscall.head) or self._call(syscall.head)
            if call.errors is not None and syscall.success is False:
                text = call.errors.get(syscall.exit)
                syscall.extra += self._error(call, syscall) if text is None else text
            if call.pick is not None:
                args = call.pick(syscall.values)
                text = call.known.get(args)
                syscall.extra += self._spelled(call, syscall, args) if text is None else text
        return True

    def _call(self, head: Head) -> Call:
        self._make_room()
        name = syscalls.name(head.arch, head.number) if self._arguments else None
        entries = arguments(name, head.arch) if name is not None else ()
        positions = [position for position, entry in enumerate(entries) if entry != "-"]
        call = self._calls[head] = Call(self._errors, positions)
        return call

    def _error(self, call: Call, syscall: Syscall) -> str:
        self._make_room()
        error = errno.name(int(syscall.exit), syscall.head.arch) if syscall.exit[:1] == "-" else None
        text = f'{self._exit}"{error}"' if error is not None else ""
        if call.errors is not None:
            call.errors[syscall.exit] = text
        return text

    def _spelled(self, call: Call, syscall: Syscall, args: Any) -> str:
        if len(syscall.args) < 4 or any(_WORD.fullmatch(arg) is None for arg in syscall.args):
            return ""
        self._make_room()
        head = syscall.head
        values = [int(arg, 16) for arg in syscall.args]
        spelled: Any = spell_arguments(syscalls.name(head.arch, head.number) or "", values, head.arch)
        text = call.known[args] = f"{self._args}{self._render(spelled)}}}" if spelled else ""
        return text

    def _make_room(self) -> None:
        """Count one more thing to remember; forget all when there are too many."""
        self._entries += 1
        if self._entries > _ENTRIES:
            self._entries = 0
            self._calls.clear()

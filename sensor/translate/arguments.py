"""The arguments of a system call by name, and the error it failed with.

    arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c a1=7ffd3a9e4f1b a2=80241 a3=180 …
    "EXIT":"EACCES","ARGS":{"dirfd":"AT_FDCWD","flags":["O_WRONLY","O_CREAT","O_TRUNC","O_CLOEXEC"],"mode":"0o600"}

Arguments are new in each record, but those that mean something by themselves seldom
are, so their meaning is remembered; addresses, which are new each time, have none.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from typing import Callable, Final, Union

from sensor.audit.event import Addition, Event
from sensor.audit.fields import Fields
from sensor.audit.syscall import Head, Syscall
from sensor.tables import errno, syscalls
from sensor.tables.arguments import arguments, spell_arguments

_ENTRIES = 4096
_NOTHING: Final = Addition()

Picked = Union[str, None, tuple[Union[str, None], ...]]
"""One argument as written, or several."""
_WORD = re.compile("[0-9a-f]{1,16}")


class Call:
    """One system call of one architecture.

    errors: exit value → what it adds.
    pick: takes the arguments that mean something; None if there are none, or not wanted.
    known: what `pick` took → what that adds.
    """

    __slots__ = ("errors", "known", "pick")

    def __init__(self, positions: list[int]) -> None:
        self.errors: dict[str | None, Addition] = {}
        self.pick: Callable[[Sequence[str | None]], Picked] | None = (
            operator.itemgetter(*positions) if positions else None
        )
        self.known: dict[Picked, Addition] = {}


class Calls:
    """The stage that adds EXIT and ARGS.

    errors, arguments: which of the two.
    entries: so much is remembered of all calls together; remembered: so much is now.
    """

    def __init__(self, errors: bool, arguments: bool, entries: int = _ENTRIES) -> None:
        self._errors = errors
        self._arguments = arguments
        self._most = entries
        self._calls: dict[Head, Call] = {}
        self.remembered = 0

    def stage(self, event: Event) -> None:
        """Add what is known of the call."""
        syscall = event.syscall
        if syscall is None:
            return
        call = self._calls.get(syscall.head) or self._call(syscall.head)
        if self._errors and syscall.result == "no":
            error = call.errors.get(syscall.exit) or self._error(call, syscall)
            if error is not _NOTHING:
                event.additions.append(error)
        if call.pick is not None:
            picked = call.pick(syscall.args)
            spelled = call.known.get(picked) or self._spelled(call, syscall, picked)
            if spelled is not _NOTHING:
                event.additions.append(spelled)

    def _call(self, head: Head) -> Call:
        self._make_room()
        name = syscalls.name(head.arch, head.number) if self._arguments else None
        entries = arguments(name, head.arch) if name is not None else ()
        call = Call([position for position, entry in enumerate(entries) if entry != "-"])
        self._calls[head] = call
        return call

    def _error(self, call: Call, syscall: Syscall) -> Addition:
        self._make_room()
        exit = syscall.exit or ""
        error = errno.name(int(exit), syscall.head.arch) if exit[:1] == "-" else None
        added = Addition({"EXIT": error}) if error is not None else _NOTHING
        call.errors[syscall.exit] = added
        return added

    def _spelled(self, call: Call, syscall: Syscall, picked: Picked) -> Addition:
        args = [arg for arg in syscall.args if arg is not None and _WORD.fullmatch(arg)]
        if len(args) < 4:
            return _NOTHING
        self._make_room()
        head = syscall.head
        spelled: Fields = {}
        for name, words in spell_arguments(
            syscalls.name(head.arch, head.number) or "", [int(arg, 16) for arg in args], head.arch
        ).items():
            spelled[name] = [*words] if isinstance(words, list) else words
        added = Addition({"ARGS": spelled}) if spelled else _NOTHING
        call.known[picked] = added
        return added

    def _make_room(self) -> None:
        """Count one more thing to remember; forget all when there are too many."""
        self.remembered += 1
        if self.remembered > self._most:
            self.remembered = 1
            self._calls.clear()

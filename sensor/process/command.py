"""The command line of a program: from its exec, else read while it lives, else that of the program that forked it.

    type=EXECVE … argc=3 a0="perl" a1="-e" a2=…        observed
    /proc/3148/cmdline: perl\\0-e\\0…\\0                  observed; the process may have changed it since, but
                                                       still runs the same file
    a child that has executed nothing yet              inherited: it runs with its parent's command line

Kept with each program, and cut after a number of bytes.
"""

from __future__ import annotations

from typing import Callable, Union

from sensor.cache import BoundedDict
from sensor.process.command_line import Command
from sensor.process.files import ProcFiles
from sensor.process.memory_file import MemoryFile
from sensor.process.program import Program

_REMEMBERED = 2048
_SMALL = 512
"""Bytes of a record that is kept as it came."""

Arguments = Callable[[str], list[Union[str, int, None]]]
"""The body of an EXECVE record → its arguments: None for one that is missing, a number for that many bytes left out."""

Redact = Callable[[tuple[str, ...], bool], tuple[str, ...]]
"""Arguments, and whether there were more bytes → as many arguments, without their secrets."""

UNKNOWN = Command((), 0, True)
NOT_YET = Command((), 0, False)
"""It is being read; to be compared with `is`."""


class Commands:
    """Learns, finds and remembers command lines.

    limit: bytes that are kept of one, counting each argument's end.
    redact: applied to each command line before it is kept.
    """

    def __init__(self, files: ProcFiles, arguments: Arguments, limit: int, redact: Redact | None = None) -> None:
        self._lines = MemoryFile(files, "cmdline", limit + 1)
        self._arguments = arguments
        self._limit = limit
        self._redact = redact
        self._known: BoundedDict[str, Command] = BoundedDict(_REMEMBERED)

    def learn(self, program: Program, execve: str) -> None:
        """Take in the body of the EXECVE record with which a program began.

        It is decoded when somebody asks for it, which few ever do, unless that takes less memory.
        """
        if len(execve) <= _SMALL:
            program.execve, program.command = execve, None
        else:
            program.command = self._decoded(execve)

    def of(self, program: Program, forked_by: Program | None = None) -> Command:
        """What is known of a program; UNKNOWN if nothing is, NOT_YET if the next event may find more."""
        command = program.command
        if command is None:
            body = program.execve
            command = self._decoded(body) if body is not None else self._find(program, forked_by)
            if command is not NOT_YET:
                program.command, program.execve = command, None
        return command

    def _decoded(self, body: str) -> Command:
        command = self._known.get(body)
        if command is None:
            command = self._known.keep(body, self._kept(_command(self._arguments(body)), False))
        return command

    def _find(self, program: Program, forked_by: Program | None) -> Command:
        reading = self._lines.of(program)
        if reading is None:
            return NOT_YET
        text = reading.text
        if text:
            whole = text.endswith("\0")
            words = tuple((text[:-1] if whole else text).split("\0"))
            return self._kept(Command(words, 0, inherited=False), not whole)
        if forked_by is not None and forked_by.exe == program.exe and forked_by is not program:
            command = self.of(forked_by)
            return command if command is NOT_YET else command._replace(inherited=True)
        return UNKNOWN

    def _kept(self, command: Command, cut: bool) -> Command:
        if self._redact is not None:
            command = command._replace(words=self._redact(command.words, cut))
        return command.within(self._limit)


def _command(arguments: list[str | int | None]) -> Command:
    """All arguments of an EXECVE record as a command line."""
    words = [word or "" for word in arguments if not isinstance(word, int)]
    skipped = sum([word for word in arguments if isinstance(word, int)])
    return Command(tuple(words), skipped, inherited=False)

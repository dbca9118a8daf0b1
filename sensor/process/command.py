"""The command line of a program: told by its exec, else read while it lives, else that of the program that forked it.

    type=EXECVE … argc=3 a0="perl" a1="-e" a2=…        observed
    /proc/3148/cmdline: perl\\0-e\\0…\\0                  observed; the process may have changed it since, but
                                                       still runs the same file
    a child that has executed nothing yet              inherited: it runs with its parent's command line

Kept under the mark "argv" of each program, and cut after a number of bytes.
"""

from __future__ import annotations

from typing import NamedTuple

from sensor.audit.argv import parse_execve
from sensor.audit.fields import Value
from sensor.audit.options import TransformOptions
from sensor.audit.record import Record
from sensor.cache import BoundedDict
from sensor.process.files import ProcFiles
from sensor.process.program import Program

MARK = "argv"
_REMEMBERED = 2048
_SMALL = 512
"""Bytes of a record that is kept as it came."""
_WHOLE = TransformOptions()


class Command(NamedTuple):
    """A command line. Texts hold one byte per character.

    words: as many arguments as fit; () if nothing is known.
    skipped: bytes of arguments that are left out, at least.
    """

    words: tuple[str, ...]
    skipped: int
    inherited: bool

    def within(self, limit: int) -> Command:
        """The same with no more than so many bytes, counting each argument's end."""
        words: list[str] = []
        skipped = self.skipped
        room = limit
        for word in self.words:
            kept = word[: max(room, 0)]
            if room > 0:
                words.append(kept)
            skipped += len(word) - len(kept)
            room -= len(kept) + 1
        return Command(tuple(words), skipped, self.inherited)


UNKNOWN = Command((), 0, True)


class Commands:
    """Learns, finds and remembers command lines.

    limit: bytes that are kept of one, counting each argument's end.
    """

    def __init__(self, files: ProcFiles, limit: int) -> None:
        self._files = files
        self._limit = limit
        self._known: BoundedDict[str, Command] = BoundedDict(_REMEMBERED)

    def learn(self, program: Program, execve: Record) -> None:
        """Take in the EXECVE record with which a program began. It is decoded when it is asked for: few ever are."""
        body = execve.body
        program.marks[MARK] = body if len(body) <= _SMALL else self._decoded(body)

    def of(self, program: Program, forked_by: Program | None = None) -> Command:
        """What is known of a program; UNKNOWN if nothing is."""
        command: Command | str | None = program.marks.get(MARK)
        if isinstance(command, Command):
            return command
        found = self._decoded(command) if command is not None else self._find(program, forked_by)
        program.marks[MARK] = found
        return found

    def _decoded(self, body: str) -> Command:
        command = self._known.get(body)
        if command is None:
            argv = parse_execve(body, _WHOLE).get("ARGV")
            command = self._known.keep(body, _command(argv if isinstance(argv, list) else []).within(self._limit))
        return command

    def _find(self, program: Program, forked_by: Program | None) -> Command:
        text = self._files.read(program, "cmdline", self._limit + 1)
        if text and self._files.runs(program):
            whole = text.endswith("\0")
            words = tuple((text[:-1] if whole else text).split("\0"))
            return Command(words, 0, inherited=False).within(self._limit)
        if forked_by is not None and forked_by.exe == program.exe and forked_by is not program:
            command = self.of(forked_by)
            return command._replace(inherited=True)
        return UNKNOWN


def _command(argv: list[Value]) -> Command:
    """The ARGV of an EXECVE record as a command line."""
    words: list[str] = []
    skipped = 0
    for word in argv:
        if isinstance(word, dict):
            count = word.get("skipped_bytes")
            skipped += count if isinstance(count, int) else 1
        else:
            words.append(word if isinstance(word, str) else "")
    return Command(tuple(words), skipped, inherited=False)

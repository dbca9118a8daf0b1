"""Names of users and groups, without ever waiting for them.

    /etc/passwd: root:x:0:0:root:/root:/bin/bash        0 → root

The files are read at the start and again when they change. Everything else, LDAP for
instance, is asked through the C library by a thread, because an answer may take ten
seconds: until it is there a number has no name. A number that nobody knows is called
`unknown(1501)`, as auditd does. What was asked is asked again after a while.

A recorded log is read without haste: there every question waits for its answer.
"""

from __future__ import annotations

import grp
import os
import pwd
import threading
from collections import deque
from collections.abc import Iterable
from typing import Callable

LIFE = 300.0
LIFE_OF_UNKNOWN = 60.0
_MOST_ASKED = 4096
_MOST_WANTED = 4096
UNKNOWN = "unknown("


def user_name(uid: int) -> str:
    """What the C library calls a user; KeyError if nobody is called so."""
    return pwd.getpwuid(uid).pw_name


def group_name(gid: int) -> str:
    """What the C library calls a group; KeyError if none is called so."""
    return grp.getgrgid(gid).gr_name


class Names:
    """Names of users, or of groups; text has one character per byte.

    path: a file like /etc/passwd: name, something, number, and more, between colons.
    ask: the slow way; raises KeyError if a number has no name.
    """

    def __init__(self, path: str, ask: Callable[[int], str]) -> None:
        self._path = path
        self._ask = ask
        self._stamp: tuple[int, ...] = ()
        self._listed: dict[int, str] = {}
        self._asked: dict[int, str] = {}
        self._ends: dict[int, float] = {}
        self._answers: deque[tuple[int, str]] = deque()
        self._wanted: set[int] = set()
        self.read_file()

    def get(self, number: int) -> str | None:
        """A number's name; None if it is not known yet, and will be asked for."""
        name = self._listed.get(number) or self._asked.get(number)
        if name is None and len(self._wanted) < _MOST_WANTED:
            self._wanted.add(number)
        return name

    def read_file(self) -> bool:
        """Read the file if it is another than before; tell whether names changed."""
        try:
            status = os.stat(self._path)
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if stamp == self._stamp:
                return False
            with open(self._path, encoding="latin-1") as file:
                listed = _parse(file)
        except OSError:
            return False
        changed = listed != self._listed
        if changed and self._stamp:
            self._ends = dict.fromkeys(self._ends, 0.0)
        self._stamp, self._listed = stamp, listed
        return changed

    def take_answers(self, now: float) -> bool:
        """Learn what the thread was told; tell whether names changed."""
        changed = False
        while self._answers:
            number, name = self._answers.popleft()
            changed |= self._asked.get(number) != name
            self._learn(number, name, now)
        return changed

    def take_questions(self, now: float) -> list[int]:
        """The numbers to ask about: those without a name, and those whose name is old."""
        ended = [number for number, end in self._ends.items() if end <= now]
        wanted = [*self._wanted.difference(self._asked), *ended]
        self._wanted.clear()
        return wanted

    def answer(self, numbers: Iterable[int]) -> None:
        """Ask the slow way, and leave the answers for `take_answers`; called by the thread."""
        for number in numbers:
            self._answers.append((number, self.find(number)))

    def find(self, number: int) -> str:
        """A number's name, or that it has none, however long it takes."""
        try:
            return os.fsencode(self._ask(number)).decode("latin-1")
        except (KeyError, OverflowError, OSError):
            return f"{UNKNOWN}{number})"

    def _learn(self, number: int, name: str, now: float) -> None:
        if len(self._asked) >= _MOST_ASKED:
            self._asked.clear()
            self._ends.clear()
        self._asked[number] = name
        self._ends[number] = now + (LIFE_OF_UNKNOWN if name.startswith(UNKNOWN) else LIFE)


class PatientNames(Names):
    """Names for reading recorded logs: an answer is waited for, and counts for the whole log."""

    def get(self, number: int) -> str:
        """A number's name, or that it has none."""
        name = super().get(number)
        if name is None:
            name = self.find(number)
            self._learn(number, name, 0.0)
        return name


class UserDatabase:
    """Users and groups, and the thread that asks for them.

    patient: every question waits for its answer, and there is no thread.
    """

    def __init__(self, patient: bool = False) -> None:
        kind = PatientNames if patient else Names
        self.users = kind("/etc/passwd", user_name)
        self.groups = kind("/etc/group", group_name)
        self._thread: threading.Thread | None = None

    def refresh(self, now: float) -> bool:
        """Learn what is new, and let the thread ask what is wanted; tell whether any name changed.

        To be called about once a second: beside looking whether two files changed it takes no time.
        now: seconds, since whenever.
        """
        both = (self.users, self.groups)
        changed = [names.read_file() | names.take_answers(now) for names in both]
        if self._thread is None or not self._thread.is_alive():
            questions = [(names, names.take_questions(now)) for names in both]
            if any(numbers for _, numbers in questions):
                self._thread = threading.Thread(target=_answer, args=(questions,), name="user names", daemon=True)
                self._thread.start()
        return any(changed)


def _answer(questions: list[tuple[Names, list[int]]]) -> None:
    for names, numbers in questions:
        names.answer(numbers)


def _parse(lines: Iterable[str]) -> dict[int, str]:
    """Number → name; of two names the first counts, as in the C library."""
    names: dict[int, str] = {}
    for line in lines:
        fields = line.split(":")
        if len(fields) > 2 and fields[2].isascii() and fields[2].isdigit() and fields[0][:1] not in ("", "#", "+", "-"):
            names.setdefault(int(fields[2]), fields[0])
    return names

"""Looks at processes that may never come back: a thread makes them, and the events go on without an answer.

    looks.look(3148, proc.stat, 3148)       what /proc shows; OPEN where it does not answer, which may change

While an exec closes a file, it keeps a lock of its process (exec_update_lock; fs/exec.c, begin_new_exec), and closing a
file of a FUSE server takes as long as that server wants. Who reads stat, exe, root or ns/* of the process, or opens its
environ, waits for that lock meanwhile, on kernels that take it there (6.18.44). Nothing but SIGKILL ends the wait, so
a thread that does not come back in time is left with its look, and others look at the other processes.

Only one thread may ask. concurrent.futures would not do: its threads are joined at exit.
"""

from __future__ import annotations

import logging
import threading
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Callable, Generic, TypeVar

from sensor.cache import BoundedDict

log = logging.getLogger(__name__)

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

MOST_STUCK = 8
"""Threads that may be left with looks that do not end."""
_PATIENCE = 0.05
"""Seconds that one look is waited for; most take 30 µs."""
_QUICK = 0.001
"""Seconds of a look that count for nothing; the rest of it counts as waited."""
_SHARE, _MOST = 0.1, 0.1
"""The part of all time that may be waited, and the seconds that are put by of it."""
_REMEMBERED = 1024


class Open:
    """There is no answer yet, neither that a process is there nor that it is gone."""


OPEN = Open()


class _Look(Generic[Asked, Answer]):
    """One look; found: what it has found, in a list of one."""

    def __init__(self, read: Callable[[Asked], Answer], asked: Asked) -> None:
        self._read = read
        self._asked = asked
        self.found: list[Answer] = []
        self.error: Exception | None = None

    def make(self) -> None:
        try:
            self.found.append(self._read(self._asked))
        except Exception as error:  # noqa: BLE001  raised again by who has asked
            self.error = error


class _Looker:
    """A thread that looks. Raises RuntimeError: the system has none for us."""

    def __init__(self) -> None:
        self.asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self.done: SimpleQueue[bool] = SimpleQueue()
        threading.Thread(target=_work, args=(self.asked, self.done), name="looks", daemon=True).start()

    def __del__(self) -> None:
        self.asked.put(None)


def _work(asked: SimpleQueue[Callable[[], None] | None], done: SimpleQueue[bool]) -> None:
    look = asked.get()
    while look is not None:
        look()
        look = None  # else what it holds would stay, as long as nothing is asked
        done.put(True)
        look = asked.get()


class Looks:
    """Makes them, one at a time.

    most_stuck: threads that may be left; while there are as many, nothing is looked at.
    """

    def __init__(self, most_stuck: int = MOST_STUCK) -> None:
        self._most_stuck = most_stuck
        self._free: _Looker | None = None
        self._stuck: list[tuple[int, _Looker]] = []
        self._open: BoundedDict[int, bool] = BoundedDict(_REMEMBERED)
        self._left, self._since = _MOST, 0.0
        self._gave_up = False
        self._held = False

    def hold(self) -> None:
        """Start no thread until `release`, so that no answer comes: rights are still to be given up."""
        self._held = True

    def release(self) -> None:
        """Look from now on."""
        self._held = False

    def look(self, pid: int, read: Callable[[Asked], Answer], asked: Asked) -> Answer | Open:
        """What `read` finds when it is called with `asked`, which is about the process; OPEN if that takes too long.

        Costs 60 µs on top: first ask what needs no lock, whether there is such a process.
        """
        looker = None if self._held or (self._stuck and self._waits_for(pid)) else self._looker()
        began = monotonic()
        self._left = min(_MOST, self._left + (began - self._since) * _SHARE)
        self._since = began
        if looker is None or self._left <= 0.0:
            self._open.keep(pid, True)
            return OPEN
        self._free = None
        look = _Look(read, asked)
        looker.asked.put(look.make)
        try:
            looker.done.get(timeout=min(_PATIENCE, self._left))
            self._free = looker
        except Empty:
            self._stuck.append((pid, looker))
        took = monotonic() - began
        if took > _QUICK:
            self._left -= took
        if self._free is None:
            self._open.keep(pid, True)
            return OPEN
        if self._open:
            self._open.pop(pid, None)
        if look.error is not None:
            raise look.error
        return look.found[0]

    def is_open(self, pid: int) -> bool:
        """Return whether the last look at a process had no answer."""
        return pid in self._open

    def _waits_for(self, pid: int) -> bool:
        """Return whether a thread is stuck with this process; those that have come back may look again."""
        still = []
        for stuck in self._stuck:
            if stuck[1].done.empty():
                still.append(stuck)
            else:
                stuck[1].done.get()
                self._free = self._free or stuck[1]
        self._stuck = still
        return pid in [stuck[0] for stuck in still]

    def _looker(self) -> _Looker | None:
        if self._free is None and len(self._stuck) < self._most_stuck:
            try:
                self._free = _Looker()
            except RuntimeError:  # the next look tries again
                return None
        elif self._free is None and not self._gave_up:
            self._gave_up = True
            log.warning("%d processes do not let /proc answer: no other is looked at meanwhile", len(self._stuck))
        return self._free

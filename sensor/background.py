"""Questions that may take long, asked beside the feed.

    groups = Background(ask=groups_of_user, entries=4096, life=300.0)
    groups.get(1000)        # the answer; None while it is not there yet

A thread asks one question after the other, and is there only while there are any. Who
asks waits for a moment, so that the usual question is answered at once, but no more
than a tenth of the time: a user database that hangs or a disk that crawls costs
answers, never the feed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Callable, Generic, TypeVar

from sensor.cache import BoundedDict
from sensor.errors import place_of

log = logging.getLogger(__name__)

Question = TypeVar("Question")
Answer = TypeVar("Answer")

_MOST_WAITING = 1024
_MOST_STUCK = 8
"""Threads that may be left with questions of which no answer comes: a mount that hangs, each with its own."""


class Waiting:
    """How long those who ask wait: a share of the time that passes, so that slow answers cannot hold up the feed.

    share, most: of the time that passes so much is spent waiting, and in one go no more than so many seconds.
    stuck: seconds after which a thread is left alone with its question, and another goes on with those behind it.
    """

    def __init__(
        self,
        share: float = 0.1,
        most: float = 0.05,
        stuck: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stuck = stuck
        self.clock = clock
        self._share = share
        self._most = most
        self._left = most
        self._waited = clock()

    def spend(self, wait: Callable[[float], object]) -> None:
        """Call `wait` with the seconds that it may take now."""
        start = self.clock()
        self._left = min(self._most, self._left + (start - self._waited) * self._share)
        wait(self._left)
        self._waited = self.clock()
        self._left = max(0.0, self._left - (self._waited - start))


class Background(Generic[Question, Answer]):
    """Answers, remembered.

    ask: called in the thread.
    entries: answers that are kept.
    life: seconds after which a question is asked again; its old answer counts until the new one is there.
    patient: every question is answered before anything goes on, as suits recorded logs.
    """

    def __init__(
        self,
        ask: Callable[[Question], Answer],
        entries: int,
        life: float | None = None,
        patient: bool = False,
        waiting: Waiting | None = None,
    ) -> None:
        self._ask = ask
        self._life = float("inf") if life is None else life
        self._patient = patient
        self._known: BoundedDict[Question, tuple[Answer, float]] = BoundedDict(max(entries, 1))
        self._waiting: deque[Question] = deque()
        self._asked: set[Question] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._wait = waiting or Waiting()
        self._stuck, self._clock = self._wait.stuck, self._wait.clock
        self._left = 0
        self._since = 0.0

    def get(self, question: Question) -> Answer | None:
        """The answer, if it is known by now."""
        found = self._known.get(question)
        if found is not None and (found[1] == float("inf") or self._clock() < found[1]):
            return found[0]
        if self._patient:
            self._answer(question)
        elif question not in self._asked and len(self._asked) < _MOST_WAITING:
            self._put(question, wait=found is None)
        if self._asked and self._clock() - self._since > self._stuck:
            self._go_on_without()
        found = self._known.get(question)
        return found[0] if found is not None else None

    def _put(self, question: Question, wait: bool) -> None:
        with self._changed:
            idle = len(self._asked) <= self._left
            self._asked.add(question)
            self._waiting.append(question)
            if self._thread is None and not self._start():
                self._asked.clear()
                self._waiting.clear()
                return
            if wait and idle:
                self._wait_for(question)

    def _start(self) -> bool:
        """Let a thread work; False if the system has none for us: the next question tries again."""
        thread = threading.Thread(target=self._work, name="background", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._thread, self._since = thread, self._clock()
        return True

    def _go_on_without(self) -> None:
        """Leave the thread with a question that takes too long, and let another answer the rest."""
        with self._changed:
            late = self._thread is not None and self._clock() - self._since > self._stuck
            if late and self._waiting and self._left < _MOST_STUCK and self._start():
                self._left += 1

    def _wait_for(self, question: Question) -> None:
        self._wait.spend(lambda seconds: self._changed.wait_for(lambda: question not in self._asked, seconds))

    def _work(self) -> None:
        while True:
            with self._changed:
                if self._thread is not threading.current_thread():
                    self._left -= 1
                    return
                if not self._waiting:
                    self._thread = None
                    return
                question = self._waiting.popleft()
                self._since = self._clock()
            try:
                self._answer(question)
            except Exception as error:  # noqa: BLE001  the border: one question must not cost the answers to all others
                with suppress(MemoryError):
                    log.error("no answer to a question in the background (%s)", place_of(error))
            with self._changed:
                self._asked.discard(question)
                self._changed.notify_all()

    def _answer(self, question: Question) -> None:
        answer = self._ask(question)
        self._known.keep_newest(question, (answer, self._clock() + self._life))

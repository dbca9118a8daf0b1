"""A cache whose values may take long to load; they are loaded beside the feed.

    groups = NonBlockingCache(load=groups_of_user, entries=4096, ttl=300.0)
    groups.get(1000)        # the value; None while it is not loaded yet

A thread loads one value after the other, and ends when it had none to load for a while. The caller
waits for a moment, so that most values are there at once, but no more than a tenth of the
time: a user database that hangs or a slow disk costs values, never the feed.

concurrent.futures would not do: its threads are joined at exit, so a load that hangs would keep the sensor from ending.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from contextlib import suppress
from math import inf
from typing import Callable, Generic, TypeVar

from sensor.cache import BoundedDict
from sensor.errors import place_of

log = logging.getLogger(__name__)

Key = TypeVar("Key")
Value = TypeVar("Value")

_MOST_WAITING = 1024
_IDLE = 0.5
"""Seconds for which a thread waits for the next key.

Without it 10,000 events with hashes began 150 threads, and took 53 µs of CPU each instead of 32.
"""
_MOST_STUCK = 8
"""Threads that may be left with loads that never end, as from a mount that hangs."""


class Waiting:
    """How long callers wait: a share of the time that passes, so that slow loads cannot hold up the feed.

    share, most: the part of all time that is spent waiting, and the most seconds in one go.
    stuck: seconds after which a thread is left alone with its load, and another goes on with those behind it.
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


class NonBlockingCache(Generic[Key, Value]):
    """Values by key.

    load: makes a value; called in the thread.
    entries: how many values are kept.
    ttl: seconds after which a value is loaded again; the old one counts until then.
    blocking: get() waits for every value, as suits recorded logs.
    """

    def __init__(
        self,
        load: Callable[[Key], Value],
        entries: int,
        ttl: float | None = None,
        blocking: bool = False,
        waiting: Waiting | None = None,
    ) -> None:
        self._load = load
        self._ttl = inf if ttl is None else ttl
        self._blocking = blocking
        self._known: BoundedDict[Key, tuple[Value, float]] = BoundedDict(max(entries, 1))
        self._waiting: deque[Key] = deque()
        self._asked: set[Key] = set()
        lock = threading.Lock()
        self._changed = threading.Condition(lock)
        self._more = threading.Condition(lock)
        self._worker: threading.Thread | None = None
        self._wait = waiting or Waiting()
        self._stuck, self._clock = self._wait.stuck, self._wait.clock
        self._left = 0
        self._gave_up = False
        self._since = 0.0

    def get(self, key: Key) -> Value | None:
        """The value, if it is known by now."""
        found = self._known.get(key)
        if found is not None and (found[1] == inf or self._clock() < found[1]):
            return found[0]
        if self._blocking:
            self._load_now(key)
        elif key not in self._asked and len(self._asked) < _MOST_WAITING:
            self._put(key, wait=found is None)
        if self._asked and self._clock() - self._since > self._stuck:
            self._go_on_without()
        found = self._known.get(key)
        return found[0] if found is not None else None

    def _put(self, key: Key, wait: bool) -> None:
        with self._changed:
            idle = len(self._asked) <= self._left
            self._asked.add(key)
            self._waiting.append(key)
            if self._worker is not None:
                if idle:
                    self._since = self._clock()
                self._more.notify()
            elif not self._start():
                self._asked.clear()
                self._waiting.clear()
                return
            if wait and idle:
                self._wait_for(key)

    def _start(self) -> bool:
        """Let a thread work; False if the system has none for us: the next key tries again."""
        thread = threading.Thread(target=self._work, name="background", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._worker, self._since = thread, self._clock()
        return True

    def _go_on_without(self) -> None:
        """Leave the thread with a load that takes too long, and let another load the rest."""
        with self._changed:
            late = self._worker is not None and self._clock() - self._since > self._stuck
            if not late or not self._waiting:
                return
            if self._left < _MOST_STUCK:
                self._left += self._start()
            elif not self._gave_up:
                self._gave_up = True
                log.warning(
                    "%d questions in the background find no end: others of their kind stay open", self._left + 1
                )

    def _wait_for(self, key: Key) -> None:
        self._wait.spend(lambda seconds: self._changed.wait_for(lambda: key not in self._asked, seconds))

    def _work(self) -> None:
        while True:
            with self._more:
                has_more = self._more.wait_for(lambda: bool(self._waiting), _IDLE)
                if self._worker is not threading.current_thread():
                    self._left -= 1
                    return
                if not has_more:
                    self._worker = None
                    return
                key = self._waiting.popleft()
                self._since = self._clock()
            try:
                self._load_now(key)
            except Exception as error:  # noqa: BLE001  the border: one load must not cost all others
                with suppress(MemoryError):
                    log.error("no answer to a question in the background (%s)", place_of(error))
            with self._changed:
                self._asked.discard(key)
                self._changed.notify_all()

    def _load_now(self, key: Key) -> None:
        value = self._load(key)
        self._known.keep_newest(key, (value, self._clock() + self._ttl))

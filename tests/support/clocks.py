"""Clocks that tests set."""

from __future__ import annotations

import time


class Clock:
    """Stands for the module `time`; its seconds pass when `now` is set, or while somebody sleeps."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:  # a multiple of 100
        self.now = now

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
        self.now += seconds

"""When to try again after a failure, and how fast to send: no clock is read here, `now` is monotonic seconds.

After each failure in a row the pause doubles, from the first to the longest, of which at least half and a random part
of the rest is waited, so that a thousand hosts do not come back in one moment. What the far end asks for (Retry-After)
is waited in full.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from sensor.options import OptionError, option

LONGEST_ASKED = 3600.0
"""Seconds; a far end that asks for more is tried after this."""


@dataclass(frozen=True)
class Options:
    """Pauses between attempts."""

    first: float = option(0.5, "Pause after the first failure; it doubles with each other in a row.", (), 0, "seconds")
    longest: float = option(60.0, "Longest pause. Part of each is random.", (), 0, "seconds")

    def __post_init__(self) -> None:
        if self.longest < self.first:
            raise OptionError("longest", "expected at least as much as `first`")


class BackOff:
    """How long to wait after failures."""

    def __init__(self, options: Options, chance: random.Random | None = None) -> None:
        self._options = options
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._failures = 0

    def failed(self, retry_after: float | None = None) -> float:
        """Return the seconds to wait now."""
        pause = min(self._options.longest, self._options.first * float(1 << min(self._failures, 62)))
        self._failures += 1
        pause = pause / 2 + self._chance.random() * pause / 2
        return max(pause, min(retry_after or 0.0, LONGEST_ASKED))

    def succeeded(self) -> None:
        self._failures = 0


class RateLimit:
    """Lets through `rate` bytes a second, and one second's worth at once; None: everything."""

    def __init__(self, rate: int | None) -> None:
        self._rate = rate
        self._free_at = 0.0  # when all that was let through is paid for

    def delay(self, size: int, now: float) -> float:
        """Let `size` bytes through; returns the seconds to wait before they are sent."""
        if not self._rate:
            return 0.0
        self._free_at = max(self._free_at, now - 1.0) + size / self._rate
        return max(0.0, self._free_at - now)

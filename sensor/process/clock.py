"""The wall clock, by which events are stamped, against the time since boot, by which processes are known.

    boot time 1 700 000 000 ──────────────────┐ set back by 600 s ┌─────────────────── 1 699 999 400
    event stamped 1 700 000 100.000 → 100 s   └───── at 120 s ────┘   stamped 1 699 999 540.000 → 140 s

CLOCK_BOOTTIME (time_namespaces(7), clock_gettime(2)) never moves but forward; CLOCK_REALTIME is set: by hand, by NTP,
by a leap second. Both are slewed alike, so the difference is constant from one setting to the next. Events that were
stamped before a setting still come in after it, so boot times that held before are remembered for a while. An event is
stamped by the kernel's coarse clock as the system call begins (kernel/auditsc.c, __audit_syscall_entry): never later
than the act, and earlier by as much as the timer's tick is late.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

LONGEST_LAG = 1.001
"""Seconds that an event's time may lie before its act: a second, and what its milliseconds cut off. 4 ms at HZ=250,
20 to 40 measured in an emulated machine."""
_EARLY = 0.01
"""Seconds by which the reading of `now` may lie before an event that was read before it."""
_SAME = 0.001
"""A change of the boot time by so little is no step."""
_KEPT = 300.0
"""Seconds for which a former boot time is remembered: longer than any backlog of events."""
_MOST_SPANS = 8
_AT_ONCE = 20_000
"""Nanoseconds for three readings that nothing interrupted."""
_LAG_SHOWN = 60.0


def read_clocks(expected: float = 0.0) -> tuple[float, float]:
    """When the host booted, in seconds since 1970 by the clock as it stands, and the seconds since.

    expected: what it was at the last reading; if it is the same, one look is enough. Otherwise it is read as exactly as
    can be: an interruption between two clocks spoils the reading.
    """
    best: tuple[int, int, int] | None = None
    for _ in range(5):
        before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        wall = time.clock_gettime_ns(time.CLOCK_REALTIME)
        apart = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - before
        boot = wall - before - apart // 2
        if best is None or apart < best[0]:
            best = apart, boot, before
        if apart < _AT_ONCE or abs(boot / 1e9 - expected) < _SAME:
            break
    assert best is not None
    return best[1] / 1e9, best[2] / 1e9


@dataclass
class _Span:
    """A time for which the clock was not set; boot: seconds since 1970; began, ended: since boot, at the outside."""

    boot: float
    began: float
    ended: float


class BootClock:
    """Turns times of events into seconds since boot."""

    def __init__(self) -> None:
        self._spans: list[_Span] = []
        self._checked = 0.0
        self.boot = self.earliest = self.latest = 0.0

    def set(self, boot: float, now: float = math.inf) -> bool:
        """The clocks were read; True if that shows that the wall clock was set in the meantime.

        boot: when the host booted, in seconds since 1970; now: seconds since boot. What is stamped later than
        `now` cannot have come in yet.
        """
        stepped = bool(self._spans) and abs(boot - self.boot) >= _SAME
        if stepped:
            self._spans[-1].ended = now
        if stepped or not self._spans:
            self._spans.append(_Span(boot, self._checked if self._checked < math.inf else 0.0, math.inf))
            self.boot = boot
            self._remember(self._spans[-_MOST_SPANS:])
        elif len(self._spans) > 1 and self._spans[0].ended + _KEPT < now:
            self._remember(self._spans[1:])
        self._checked = now
        return stepped

    def _remember(self, spans: list[_Span]) -> None:
        self._spans = spans
        boots = [span.boot for span in spans]
        self.earliest, self.latest = min(boots), max(boots)

    def times(self, when: float) -> list[float]:
        """Seconds since boot of an event stamped `when`, the likeliest first; none if no clock known can have done it.

        when: seconds since 1970.
        """
        if not self._spans:
            return [when]
        if len(self._spans) == 1:  # nearly always
            time = when - self.boot
            return [time] if -LONGEST_LAG <= time <= self._checked + _EARLY else []
        possible = []
        for span in reversed(self._spans):
            time = when - span.boot
            if span.began - LONGEST_LAG <= time <= min(span.ended, self._checked) + _EARLY:
                possible.append(time)
        return possible

    def instead(self, when: float) -> float:
        """What to take for the time of an event for which `times` has none: that at which it came in."""
        return self._checked if self._checked < math.inf else when - self.boot


class Lag:
    """How far behind their acts events are stamped: the greatest that was seen within the last one to two minutes."""

    def __init__(self) -> None:
        self._this = self._before = self._since = 0.0

    @property
    def greatest(self) -> float:
        """In seconds."""
        return max(self._this, self._before)

    def see(self, lag: float) -> None:
        """An event was stamped so long before the birth of its process."""
        self._this = max(self._this, lag)

    def age(self, now: float) -> None:
        """Let time pass; now in seconds since boot."""
        if not self._since <= now < self._since + _LAG_SHOWN:
            self._since, self._before, self._this = now, self._this, 0.0

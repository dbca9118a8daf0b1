"""Why audit did not report an exec that the probe saw: no rule asked for it, or it was lost.

    known to be lost   0     0     0     12    12        kernel, gaps, input: sampled every second
    exec                     ▲ A               ▲ B
    each settles 5 s later: something was lost since A → lost; nothing since B → no rule asked for it

Rules cannot be asked: the kernel shows them only to those who may change them, and the probe does not see all that they
look at. But what a rule asks for and is not lost arrives. So where nothing was lost since the exec, none asked for it;
and if other events have come since then, none asks for execs of its login user, until one is reported. Execs of such
users count as not asked for also while something is lost, those of all others as lost. Where rules choose among the
programs of one user, lost is therefore an upper bound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sensor.cache import BoundedDict
from sensor.stats import ProbeStats, Stats

PERIOD = 1.5
"""Seconds that may lie between two samples."""
_MOST_USERS = 1024


class Evidence(NamedTuple):
    """lost: what is known to be lost before an event is whole: records, lines, events; events: how many have come."""

    lost: int
    events: int


def evidence_of(stats: Stats, missing: Callable[[], int]) -> Evidence:
    """What the counters show; missing: how many events have not come so far, by their serials."""
    lost = stats.kernel.lost + missing() + stats.input.dropped_lines + stats.pipeline.unparsed.get("crash", 0)
    return Evidence(lost, stats.pipeline.ends)


class Coverage:
    """Counts in `stats` the execs that audit did not report. Times are in seconds since boot."""

    def __init__(self, stats: ProbeStats, evidence: Callable[[], Evidence]) -> None:
        self._stats = stats
        self._evidence = evidence
        self._last = Evidence(0, 0)
        self._lost_at = self._came_at = float("-inf")  # when more was lost, when events came
        self._asked: BoundedDict[int, bool] = BoundedDict(_MOST_USERS)  # login user → whether a rule asks for execs

    def look(self, now: float) -> None:
        """Take a sample of the evidence; to be called about once a second, before execs are settled."""
        before, self._last = self._last, self._evidence()
        if self._last.lost > before.lost:
            self._lost_at = now
        if self._last.events > before.events:
            self._came_at = now

    def reported(self, user: int) -> None:
        """Audit has reported an exec of this login user."""
        if not self._asked.get(user, False):
            self._asked.keep(user, True)

    def unreported(self, time: float, user: int) -> None:
        """Audit has not reported an exec of that time."""
        stats = self._stats
        stats.uncovered_execs += 1
        if self._lost_at < time:
            stats.unasked_execs += 1
            if self._came_at > time + PERIOD and user not in self._asked:
                self._asked.keep(user, False)
        elif self._asked.get(user, True):
            stats.lost_execs += 1
        else:
            stats.unasked_execs += 1

"""Stages of the administrator's own, in Python, under guard.

    stages: [/etc/host-sensor/stages/*.py]

EventView describes what such a file can do; packaging/examples/stages, installed in
/usr/share/host-sensor/stages, has one to begin with. A stage that raises loses what it
would have added to that event, never the event. It is switched off, until the configuration
is read again, when it goes beyond the Limits. Counted are its mistakes, its time,
and that it is off.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from sensor.audit.event import DROP, KEEP, Addition, Event, Verdict
from sensor.audit.fields import Fields, Value
from sensor.process.program import Process
from sensor.stages.custom.loading import Function, StageFileError, absent, find, load
from sensor.stages.custom.view import EventView
from sensor.stats import PipelineStats

log = logging.getLogger(__name__)

_DEEPEST = 20


class _TookTooLongError(BaseException):
    """Raised in the midst of a stage's work by the alarm clock; no `except Exception` of the stage's stops it."""


class Limits(NamedTuple):
    """What a stage may cost before it is switched off.

    failures: how often it raises.
    mean: seconds a call, on average over `window` calls.
    longest: seconds one call takes.
    """

    failures: int = 10
    mean: float = 0.001
    window: int = 1000
    longest: float = 1.0


DEFAULTS = Limits()


class _Stage:
    """One file's function, its failures and its time."""

    __slots__ = ("calls", "failures", "function", "name", "seconds")

    def __init__(self, name: str, function: Function) -> None:
        self.name = name
        self.function = function
        self.failures = 0
        self.calls = 0
        self.seconds = 0.0


class Custom:
    """The stage that calls them all, in the order of their names.

    owner: whose the files must be.
    """

    def __init__(
        self, patterns: Sequence[str], stats: PipelineStats, owner: int = 0, limits: Limits = DEFAULTS
    ) -> None:
        self._stats = stats
        self._limits = limits
        self._stages: tuple[_Stage, ...] = ()
        self._alarm = _alarm_clock()
        stats.custom_off.clear()
        for path in absent(patterns):
            log.error("custom stage: %s: there is no such file", path)
        for path in find(patterns):
            name = os.path.basename(path)
            stats.custom_off[name] = 0
            try:
                self._stages += (_Stage(name, load(path, owner)),)
            except StageFileError as error:
                log.error("custom stage: %s", error)
                stats.custom_off[name] = 1

    def stage(self, event: Event) -> Verdict:
        """Let every custom stage see an event; DROP if one drops it."""
        view = EventView(event)
        kept = self._keeps(view)
        if view.labelled and event.process is not None:
            _label(event.process, view.labelled)
        if view.added and kept:
            event.additions.append(Addition(top={"CUSTOM": _members(view.added, 0)}))
        return KEEP if kept else DROP

    def _keeps(self, view: EventView) -> bool:
        for stage in self._stages:
            if self._call(stage, view) is False:
                self._stats.filtered[stage.name] = self._stats.filtered.get(stage.name, 0) + 1
                return False
        return True

    def _call(self, stage: _Stage, view: EventView) -> Any:
        start = time.perf_counter()
        kept: Any = None
        try:
            try:
                if self._alarm:
                    signal.setitimer(signal.ITIMER_REAL, self._limits.longest)
                kept = stage.function(view)
            finally:
                if self._alarm:
                    signal.setitimer(signal.ITIMER_REAL, 0)
        except _TookTooLongError:
            kept = None
        except (Exception, SystemExit) as error:  # noqa: BLE001  the border: a mistake of the administrator's costs no event
            self._failed(stage, error)
        self._clock(stage, time.perf_counter() - start)
        return kept

    def _failed(self, stage: _Stage, error: BaseException) -> None:
        stage.failures += 1
        self._stats.custom_failures[stage.name] = self._stats.custom_failures.get(stage.name, 0) + 1
        log.warning("custom stage %s: %s: %s", stage.name, type(error).__name__, error)
        if stage.failures >= self._limits.failures:
            self._switch_off(stage, f"it failed {self._limits.failures} times")

    def _clock(self, stage: _Stage, seconds: float) -> None:
        self._stats.custom_seconds[stage.name] = self._stats.custom_seconds.get(stage.name, 0.0) + seconds
        stage.seconds += seconds
        stage.calls += 1
        limits = self._limits
        if seconds >= limits.longest:
            self._switch_off(stage, f"one call took more than {limits.longest} s")
        elif stage.calls == limits.window:
            if stage.seconds > limits.window * limits.mean:
                self._switch_off(stage, f"it takes more than {limits.mean * 1000:g} ms a call")
            stage.calls, stage.seconds = 0, 0.0

    def _switch_off(self, stage: _Stage, why: str) -> None:
        log.error("custom stage %s is switched off: %s", stage.name, why)
        self._stages = tuple([other for other in self._stages if other is not stage])
        self._stats.custom_off[stage.name] = 1


def _value(value: Any, depth: int = 0) -> Value:
    """What a stage added as a value of an event; what is no such value as the text that Python makes of it."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace" if _odd(value) else "surrogateescape").decode("latin-1")
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float) and value - value == 0:  # neither infinite nor no number
        return value
    if isinstance(value, dict) and depth < _DEEPEST:
        return _members(value, depth)
    if isinstance(value, (list, tuple, set, frozenset)) and depth < _DEEPEST:
        return [_value(inner, depth + 1) for inner in value]
    return _value(str(value))


def _members(value: dict[Any, Any], depth: int) -> Fields:
    named = {str(name): inner for name, inner in value.items()}
    return {str(_value(name)): _value(inner, depth + 1) for name, inner in named.items()}


def _label(process: Process, given: set[str]) -> None:
    """Add labels to a process, whether its event is kept or not."""
    program = process.program
    labels = frozenset([str(_value(label)) for label in given])
    before = program.labels or frozenset()
    if not labels <= before:
        program.labels = before | labels
        process.changed()


def _odd(text: str) -> bool:
    """Return whether a text has surrogates that stand for no byte."""
    return any("\ud800" <= character < "\udc80" or "\udcff" < character < "\ue000" for character in text)


def _alarm_clock() -> bool:
    """Set SIGALRM up to end a call that takes too long; False in a thread, where signals do not come."""
    if threading.current_thread() is not threading.main_thread():
        return False

    def ring(number: int, frame: object) -> None:
        raise _TookTooLongError

    signal.signal(signal.SIGALRM, ring)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    return True

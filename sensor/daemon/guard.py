"""The border at which every exception of a part ends: counted, reported, survived.

auditd starts a plugin ten times in its life and then never again, so whatever fails, the sensor goes on:

    host-sensor: a mistake in the sensor (KeyError at stages/labels.py:88, event.py:254, __init__.py:299); it goes on
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any, Callable

from sensor.errors import place_of
from sensor.stats import DaemonStats

log = logging.getLogger(__name__)


class Guard:
    """Calls parts; nothing else writes its counter.

    relieve: called when there is no memory, before anything else is done.
    """

    def __init__(self, stats: DaemonStats, relieve: Callable[[], None] = lambda: None) -> None:
        self._stats = stats
        self._relieve = relieve

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function; None when it fails."""
        try:
            return function(*arguments)
        except Exception as error:  # noqa: BLE001  the border
            if isinstance(error, MemoryError):
                self._relieve()
            self._stats.crashed += 1
            with suppress(MemoryError):
                log.error("a mistake in the sensor (%s); it goes on", place_of(error))
            return None

"""Keeps the kernel's account of audit in the counters: asked every second, never waited for.

An administrator may reset `lost` (`auditctl --reset-lost`), and another program may take the audit stream: the one is
no negative loss, the other counts as a change of the owner. Where the kernel refuses, nothing is known, which is logged
once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

from sensor.loss.audit_status import UNKNOWN, AuditStatus, KernelAudit, ResettableCounter
from sensor.stats import KernelStats

_COARSE_CLOCK = 5
"""CLOCK_REALTIME_COARSE of linux/time.h, which moves once a jiffy."""

log = logging.getLogger(__name__)


class StatusSource(Protocol):
    """What `audit_status.KernelAudit` does."""

    def request(self) -> None: ...

    def receive(self) -> AuditStatus | None: ...

    def close(self) -> None: ...


class KernelWatch:
    """Writes `stats`; `connect` opens the source when it is first needed, `tick` is a jiffy in seconds."""

    def __init__(
        self, stats: KernelStats, connect: Callable[[], StatusSource] = KernelAudit, tick: float | None = None
    ) -> None:
        self._stats = stats
        self._connect = connect
        self._source: StatusSource | None = None
        self._refused = False
        self._tick = time.clock_getres(_COARSE_CLOCK) if tick is None else tick
        self._lost = ResettableCounter()
        self._waited = ResettableCounter()
        self._owner: int | None = None

    def every_second(self) -> None:
        """Take the answer to the last question, and ask again."""
        if self._refused:
            return
        try:
            if self._source is None:
                self._source = self._connect()
            status = self._source.receive()
            self._source.request()
        except OSError as error:
            log.warning("the kernel does not show its audit status, its losses are not counted: %s", error.strerror)
            self._refused = True
            self._stats.readable = 0
            self.close()
            return
        if status is not None:
            self._take(status)

    def close(self) -> None:
        """Close the source, if it was opened."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def _take(self, status: AuditStatus) -> None:
        stats = self._stats
        stats.readable = 1
        stats.enabled = status.enabled
        stats.failure_mode = status.failure
        stats.rate_limit = status.rate_limit
        stats.backlog = status.backlog
        stats.backlog_limit = status.backlog_limit
        stats.lost += self._lost.update(status.lost)
        if status.backlog_wait_time_actual != UNKNOWN:
            stats.waited += self._waited.update(status.backlog_wait_time_actual) * self._tick
        if self._owner is not None and status.pid != self._owner:
            stats.owner_changes += 1
        self._owner = stats.owner_pid = status.pid

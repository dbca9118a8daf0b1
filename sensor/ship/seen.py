"""What others see of a destination: the file that `--status` reads, the metrics, their names.

{"pid":4711,"kind":"tcp","address":"logs.example:6514","connected":1,"error":"…","error_at":1795824000.1,
 "sent":1234,"acknowledged":1200,…}
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

from sensor.ship.lag import measure
from sensor.ship.sender import Sender
from sensor.ship.stats import ShipStats
from sensor.tables.metrics import MetricRow

PERIOD = 5.0
"""Seconds between two looks at the lag, and between two writings of the file."""

_HELP = {
    "sent_events_total": ("sent", "Events handed to the far end, repeats included."),
    "sent_bytes_total": ("sent_bytes", "Bytes of these events."),
    "acknowledged_events_total": ("acknowledged", "Events the far end has."),
    "acknowledged_bytes_total": ("acknowledged_bytes", "Bytes of these events."),
    "repeated_events_total": ("repeated", "Events sent again, as they had not been acknowledged."),
    "refused_events_total": ("refused", "Events the far end will never take: dead letters."),
    "retries_total": ("retried", "Attempts after a failure."),
    "failures_total": ("failed", "Attempts that failed."),
    "missed_files_total": ("missed_files", "Files of the log that were gone before they were read."),
    "missed_bytes_total": ("missed_bytes", "Bytes of these files, as far as known."),
    "cursor_errors_total": ("cursor_errors", "Times the cursor could not be written."),
    "connected": ("connected", "1 while the far end takes events."),
    "lag_events": ("lag_events", "Events not acknowledged, estimated from their size."),
    "lag_bytes": ("lag_bytes", "Bytes of the log not acknowledged."),
    "lag_seconds": ("lag_seconds", "Age of the oldest event not acknowledged."),
    "oldest_unshipped_timestamp_seconds": ("oldest", "When that event happened; 0 for none."),
    "kept_bytes": ("kept_bytes", "Size of the files with events not acknowledged."),
}
ROWS = tuple(
    MetricRow("ship", attribute, f"ship_{name}", help, "destination") for name, (attribute, help) in _HELP.items()
)


class Named:
    """ShipStats as the metrics want them: each value under the destination's name."""

    def __init__(self, name: str, stats: ShipStats) -> None:
        self._name = name
        self._stats = stats

    @property
    def ship(self) -> Named:
        return self

    def __getattr__(self, attribute: str) -> dict[str, float]:
        return {self._name: getattr(self._stats, attribute)}


class Watch:
    """Keeps the gauges and the status file of one destination up to date."""

    def __init__(self, path: str, log: str, kind: str, sender: Sender) -> None:
        self._path = path
        self._log = log
        self._kind = kind
        self._sender = sender
        self._at = 0.0

    def look(self, force: bool = False) -> None:
        """Do so when it is time to; what cannot be written is left."""
        now = time.monotonic()
        if now < self._at and not force:
            return
        self._at = now + PERIOD
        self._sender.look()
        self._measure()
        try:
            with open(f"{self._path}.tmp", "w", encoding="utf-8") as file:
                json.dump(self._status(), file)
            os.replace(f"{self._path}.tmp", self._path)
        except OSError:
            pass

    def _measure(self) -> None:
        stats, position = self._sender.stats, self._sender.position
        lag = measure(self._log, position.file, position.offset)
        stats.lag_bytes, stats.kept_bytes = lag.size, lag.kept
        # What was acknowledged may be the report of a gap alone, which is an event of no bytes of the log.
        mean = stats.acknowledged_bytes / stats.acknowledged if stats.acknowledged_bytes else 1000.0
        stats.lag_events = round(lag.size / mean)
        stats.oldest = lag.oldest or 0.0
        stats.lag_seconds = max(0.0, time.time() - lag.oldest) if lag.oldest else 0.0

    def _status(self) -> dict[str, Any]:
        sender = self._sender
        return {
            "pid": os.getpid(),
            "time": time.time(),
            "kind": self._kind,
            "address": sender.address,
            "error": sender.error,
            "error_at": sender.error_at,
            **vars(sender.stats),
        }

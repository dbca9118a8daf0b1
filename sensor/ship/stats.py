"""The counters of one destination, plain numbers that the sender alone writes; metrics and status read them.

Counters only grow; what can fall is called a gauge.
"""

from __future__ import annotations


class ShipStats:
    """From the log to the far end."""

    def __init__(self) -> None:
        self.sent = 0  # events handed to the far end, repeats included
        self.sent_bytes = 0
        self.acknowledged = 0  # events that it has
        self.acknowledged_bytes = 0
        self.repeated = 0  # events that were sent again, as they had not been acknowledged
        self.refused = 0  # events it will never take; they are among the dead letters
        self.retried = 0  # attempts after a failure
        self.failed = 0  # attempts that failed
        self.missed_files = 0  # files gone before they were read
        self.missed_bytes = 0
        self.cursor_errors = 0  # times the cursor could not be written
        self.connected = 0  # gauge: 1 while the far end takes events
        self.lag_events = 0  # gauge: events not acknowledged, estimated from their mean length
        self.lag_bytes = 0  # gauge: bytes not acknowledged; of packed files their size on disk
        self.lag_seconds = 0.0  # gauge: age of the oldest event not acknowledged
        self.oldest = 0.0  # gauge: when it happened, in seconds since 1970; 0 where there is none
        self.kept_bytes = 0  # gauge: size of the files with events not acknowledged
        self.cursor_number = 0  # gauge: events acknowledged since the stream began

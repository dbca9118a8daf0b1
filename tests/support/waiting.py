"""Waiting for what another thread or process is about to do."""

from __future__ import annotations

import time
from typing import Callable


def eventually(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    """Whether a condition holds within so many seconds."""
    end = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < end:
        time.sleep(0.002)
    return bool(held)


def wait_for(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for a condition; fails if it does not hold in time."""
    assert eventually(condition, seconds)

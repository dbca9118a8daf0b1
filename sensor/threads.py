"""Threads that do not die unseen: one that raises is reported, and begins again."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from typing import Callable

from sensor.errors import place_of

log = logging.getLogger(__name__)


def start_thread(
    name: str, work: Callable[[], None], failed: Callable[[], None] = lambda: None, pause: float = 0.1
) -> threading.Thread:
    """Start a daemon thread, which ends when `work` returns.

    failed: called when it raises, before it begins again after `pause` seconds.

    Raises:
        RuntimeError: the system has no thread for us.
    """

    def run() -> None:
        while True:
            try:
                work()
                return
            except Exception as error:  # noqa: BLE001  the border: a thread that is gone is missed too late
                failed()
                with suppress(MemoryError):
                    log.error("the thread %s failed (%s); it begins again", name, place_of(error))
                time.sleep(pause)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread

"""The signals that the daemon obeys, which a plugin of auditd finds blocked after a restart."""

from __future__ import annotations

import signal
from typing import Callable


class Signals:
    """What signals have come, noted for the main loop."""

    def __init__(self) -> None:
        self.reload = self.finish = self.leave = False
        self._wake: Callable[[], None] | None = None
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, as a starter may leave it, no child can be waited for
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def wake_by(self, wake: Callable[[], None]) -> None:
        """Call this when one has come."""
        self._wake = wake

    @property
    def waits(self) -> bool:
        """Whether one has come that was not obeyed yet."""
        return self.reload or self.finish

    def take_reload(self) -> bool:
        """Whether a reload is asked for; it is so once."""
        asked, self.reload = self.reload, False
        return asked

    def _note(self, number: int, frame: object) -> None:
        if number == signal.SIGHUP:
            self.reload = True
        else:
            # The second Ctrl-C is meant; a second SIGTERM is only how auditd is stopped.
            self.leave = self.finish and number == signal.SIGINT
            self.finish = True
        if self._wake is not None:
            self._wake()

"""An interactive shell on a terminal of its own, to which keys are sent as a person does."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections.abc import Sequence
from pathlib import Path

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?<>=]*[A-Za-z]|\][^\x07]*\x07|[=>()][A-Z0-9]?)|\r")


_ROWS, _COLUMNS = 500, 200


class Terminal:
    """A shell; whatever it shows is kept until it is asked for."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], folder: Path) -> None:
        self._pid, self._handle = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], list(command), environment)
        fcntl.ioctl(self._handle, termios.TIOCSWINSZ, struct.pack("4H", _ROWS, _COLUMNS, 0, 0))

    def send(self, keys: str) -> None:
        """Press some keys."""
        os.write(self._handle, keys.encode())

    def wait_for(self, pattern: str, seconds: float = 20.0) -> str:
        """What is shown, without what moves the cursor, when it matches; AssertionError if it does not in time."""
        shown = ""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, _ESCAPES.sub("", shown)):
            left = deadline - time.monotonic()
            assert left > 0, f"waited {seconds} s for {pattern!r}: {_ESCAPES.sub('', shown)!r}"
            if select.select([self._handle], [], [], left)[0]:
                shown += os.read(self._handle, 65536).decode("utf-8", "replace")
        return _ESCAPES.sub("", shown)

    def close(self) -> None:
        """Hang up; the shell ends."""
        os.close(self._handle)
        os.waitpid(self._pid, 0)

"""What auditd reports of itself when it is asked: `auditctl --signal state` makes it write a file.

    current plugin queue depth = 0
    max plugin queue depth used = 3
    plugin queue overflow detected = no        auditd drops what its queue has no room for, and counts it nowhere else

The file is root's, so it is opened while there are its rights, and read again from its descriptor: auditd writes the
same file anew (audit-userspace src/auditd.c).
"""

from __future__ import annotations

import os
from contextlib import suppress

from sensor.tables.metrics import AUDITD_STATE, AUDITD_STATE_TIME

_MOST_BYTES = 16384
_WORDS = {"yes": 1.0, "no": 0.0}


class AuditdState:
    """The file at `path`, which need not be there yet."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1
        self._open()

    def values(self) -> dict[str, float]:
        """Metric → its value in the newest report; nothing but a time of 0 while there is none."""
        try:
            return self._read()
        except OSError:
            self._open()
        try:
            return self._read()
        except OSError:
            return {AUDITD_STATE_TIME.name: 0.0}

    def _open(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        with suppress(OSError):
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)

    def _read(self) -> dict[str, float]:
        """Raises OSError if the file is not open, or is another one now."""
        status = os.fstat(self._descriptor)
        if not status.st_nlink:
            raise FileNotFoundError
        text = os.pread(self._descriptor, _MOST_BYTES, 0).decode("ascii", "replace")
        values = dict(line.partition(" = ")[::2] for line in text.splitlines())
        found = {AUDITD_STATE_TIME.name: status.st_mtime}
        for row in AUDITD_STATE:
            value = values.get(row.line, "").strip()
            if value in _WORDS or (value.isascii() and value.isdigit() and len(value) < 16):
                found[row.name] = _WORDS[value] if value in _WORDS else float(value)
        return found

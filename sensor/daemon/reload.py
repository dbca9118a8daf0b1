"""Reading the configuration again: not while it is being written, and not one of which nothing is left.

: > config.yaml       an editor, or a full disk, leaves no key in a file that had some
SIGHUP  ──►  look at the files until they have not changed for SETTLE  ──►  read
"""

from __future__ import annotations

import os
import time

from sensor.config import Config, read
from sensor.config.read import files_of, files_with_keys
from sensor.daemon.rights import prepare_directory
from sensor.errors import ConfigError

SETTLE = 0.02
"""Seconds that no file may have changed; files that were written before that are read at once."""
_ATTEMPTS = 5
"""Times that files are read which change meanwhile."""
LONGEST = 2.0
"""Seconds after which they are read in any case."""


class ConfigReload:
    """One configuration file, and its fragments, through all reloads. Times are monotonic seconds."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._keyed = files_with_keys(path)
        self._seen: object = None
        self._changed_at = 0.0
        self._due_by: float | None = None

    def ask(self, now: float) -> None:
        """Somebody wants the configuration to be read again."""
        if self._due_by is None:
            self._seen, age = self._look()
            self._changed_at = now - age
            self._due_by = now + LONGEST

    @property
    def is_asked(self) -> bool:
        """Whether it was asked for, and has not been done."""
        return self._due_by is not None

    def is_due(self, now: float) -> bool:
        """Whether it was asked for, and the time for it has come; true once."""
        if self._due_by is None:
            return False
        seen, _ = self._look()
        if seen != self._seen:
            self._seen, self._changed_at = seen, now
        if now < min(self._changed_at + SETTLE, self._due_by):
            return False
        self._due_by = None
        return True

    def read(self) -> tuple[Config, list[ConfigError]]:
        """Read it, with all its mistakes: that a file has lost its keys, or that logs have no directory, is one."""
        for _attempt in range(_ATTEMPTS):
            seen, _ = self._look()
            config, mistakes = read(self._path)
            keyed = files_with_keys(self._path)
            if self._look()[0] == seen:
                break
        else:
            mistakes.append(ConfigError(self._path, None, "", "it was written whenever it was read"))
        for path in sorted(self._keyed & set(files_of(self._path)) - keyed):
            message = "there is no key in it any more; is it being written? A new start takes it as it is"
            mistakes.append(ConfigError(path, None, "", message))
        if not mistakes:
            prepare_directory(config.directory, None)
            if not os.path.isdir(config.directory):
                mistakes.append(ConfigError(self._path, None, "directory", f"there is no {config.directory}"))
        if not mistakes:
            self._keyed = keyed
        return config, mistakes

    def _look(self) -> tuple[object, float]:
        """What would change if a file did, and the age of the last change in seconds."""
        states: list[object] = []
        newest = 0.0
        for path in files_of(self._path):
            try:
                status = os.stat(path)
            except OSError as error:
                states.append((path, error.errno))
            else:
                states.append((path, status.st_ino, status.st_size, status.st_mtime_ns))
                newest = max(newest, status.st_mtime)
        return states, max(0.0, time.time() - newest)

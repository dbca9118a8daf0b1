"""Every exception host-sensor raises on purpose.

    SensorError            never raised itself; catch it to catch them all
    ├── ConfigError        a configuration file says something that cannot be
    ├── InputError         where the audit records come from cannot be read
    ├── OutputError        where the JSON lines go cannot be opened
    └── ProbeError         the kernel probe cannot be loaded, attached or read

Input data never raises: a line that cannot be parsed becomes an event of its own.
"""

from __future__ import annotations


class SensorError(Exception):
    """The root of the tree."""


class ConfigError(SensorError):
    """One mistake in one configuration file.

    Attributes:
        file: path of the file, as given.
        line: 1-based line number, or None when the mistake is in no line (a missing file).
        key: dotted key, for example ``auditlog.size``; empty when there is none.
        message: what is wrong and what was expected.
    """

    def __init__(self, file: str, line: int | None, key: str, message: str) -> None:
        self.file, self.line, self.key, self.message = file, line, key, message
        place = file if line is None else f"{file}:{line}"
        super().__init__(": ".join(part for part in (place, key, message) if part))


class InputError(SensorError):
    """An input cannot be opened or read."""


class OutputError(SensorError):
    """An output cannot be opened."""


class ProbeError(SensorError):
    """The kernel probe cannot be loaded, attached or read."""

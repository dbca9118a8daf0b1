"""The exceptions that host-sensor reports to its user, as one line and exit status 1.

    SensorError            never raised itself, but by a command that lacks a library; catch it to catch them all
    ├── ConfigError        a configuration file asks for what cannot be
    ├── HostError          the host does not show what nothing works without
    ├── InputError         where the audit records come from cannot be read
    ├── OutputError        where the JSON lines go cannot be opened
    ├── RulesError         audit rules cannot be installed; nothing was changed
    ├── ProbeError         the kernel probe cannot be loaded, attached or read
    ├── PrivilegeError     a privilege cannot be given up (sensor.rights.privileges)
    ├── UntrustedError     another user could have written a file that runs with our rights (sensor.rights.trust)
    ├── StageFileError     a custom stage cannot be used (sensor.stages.custom.loading)
    └── ShipError          events cannot be shipped as configured
        ├── UnavailableError   the far end does not take anything now
        └── RefusedError       the far end will never take this batch

A mistake in a value is a ValueError of the part that reads it (OptionError, PatternError); `sensor.config` makes a
ConfigError of it. Input data never raises: a line that cannot be parsed becomes an event of its own.
"""

from __future__ import annotations

import traceback


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


class HostError(SensorError):
    """The host does not show what nothing works without, as where /proc is not mounted."""


class InputError(SensorError):
    """An input cannot be opened or read."""


class OutputError(SensorError):
    """An output cannot be opened."""


class RulesError(SensorError):
    """Audit rules cannot be installed; nothing was changed."""


class ProbeError(SensorError):
    """The kernel probe cannot be loaded, attached or read."""


def place_of(error: BaseException) -> str:
    """What was raised, and where: `ValueError at summary/facts.py:222, facts.py:190, stage.py:40`.

    Not its message, which may quote an audit record: that is for no log.
    """
    frames = traceback.extract_tb(error.__traceback__)[-3:][::-1]
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
    if frames:
        places[0] = f"{frames[0].filename.rpartition('/sensor/')[2]}:{frames[0].lineno}"
    return f"{type(error).__name__} at {', '.join(places)}" if places else type(error).__name__


def reason_of(error: BaseException) -> str:
    """What went wrong, for people: of an OSError its file and its words, without the number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


class ShipError(SensorError):
    """Events cannot be shipped as configured, or the far end did not take them."""


class UnavailableError(ShipError):
    """The far end cannot be reached, or does not take anything now; what was sent is sent again.

    Attributes:
        retry_after: seconds the far end asks to be left alone; None if it does not ask.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RefusedError(ShipError):
    """The far end will never take this batch; smaller ones, without the event at fault, it may."""

"""A configuration whose rules cannot be read must not let out what they were to keep in."""

from __future__ import annotations

from sensor.errors import ConfigError
from sensor.redact.options import Options

_MOST = 1 << 20


def closed() -> Options:
    """What holds where rules were asked for and cannot be read: nothing is let out that could hold a secret."""
    return Options(rules={"all": r"(?s)(.+)"})


def is_about_redaction(mistake: ConfigError) -> bool:
    """Return whether rules may be missing for a mistake: one in `redact`, or a whole file that mentions it."""
    if mistake.key:
        return mistake.key.partition(".")[0] == "redact"
    try:
        with open(mistake.file, "rb") as file:
            return b"redact" in file.read(_MOST)
    except OSError:
        return False

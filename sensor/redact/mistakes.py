"""A configuration whose redaction rules cannot be read must not let secrets out."""

from __future__ import annotations

from sensor.errors import ConfigError
from sensor.redact.options import Options

_MOST = 1 << 20


def closed() -> Options:
    """The options that replace rules which cannot be read: they mask all that could hold a secret."""
    return Options(rules={"all": r"(?s)(.+)"})


def is_about_redaction(mistake: ConfigError) -> bool:
    """Return whether a mistake may have cost rules: it is in `redact`, or in a whole file that mentions it."""
    if mistake.key:
        return mistake.key.partition(".")[0] == "redact"
    try:
        with open(mistake.file, "rb") as file:
            return b"redact" in file.read(_MOST)
    except OSError:
        return False

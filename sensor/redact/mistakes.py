"""A configuration whose redaction rules cannot be read must not let secrets out."""

from __future__ import annotations

from sensor.errors import ConfigError
from sensor.redact.options import Options

_MOST = 1 << 20
_KEYS = ("rules", "key_file")
_ALIKE = 0.7  # "redaction" is 0.8, "read_groups" 0.32


def closed() -> Options:
    """The options that replace rules which cannot be read: they mask all that could hold a secret."""
    return Options(rules={"all": r"(?s)(.+)"})


def is_about_redaction(mistake: ConfigError) -> bool:
    """Return whether a mistake may have cost rules.

    It is in `redact`, or where somebody meant it: in a section with a name much like it, in `redact` below another
    section, in keys of `redact` that stand elsewhere; or in a whole file that mentions it.
    """
    if mistake.key:
        names = mistake.key.split(".")
        elsewhere = names[-1] in _KEYS and names[0] != "filter"  # which has rules of its own
        return elsewhere or any(_is_like_redact(name) for name in names)
    try:
        with open(mistake.file, "rb") as file:
            return b"redact" in file.read(_MOST)
    except OSError:
        return False


def _is_like_redact(name: str) -> bool:
    import difflib  # 0.1 MB that a configuration without mistakes need not have

    return difflib.SequenceMatcher(None, name.lower(), "redact").ratio() >= _ALIKE

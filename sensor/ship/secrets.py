"""Passwords and tokens: a configuration names where one is, and never holds it.

credential:NAME    a systemd credential of the unit (systemd.exec(5), LoadCredential=): the best place
file:/path         a file that not everybody may read; its first line
env:NAME           a variable of the unit's environment
"""

from __future__ import annotations

import os
import stat

from sensor.errors import ShipError
from sensor.options import OptionError

HELP = "Where it is: credential:NAME, file:/path or env:NAME."


def check(key: str, source: str | None) -> None:
    """Raise OptionError for `key` unless `source` names a place."""
    if source is None:
        return
    kind, _, name = source.partition(":")
    if kind not in {"credential", "file", "env"} or not name or (kind == "file" and not name.startswith("/")):
        raise OptionError(key, "expected credential:NAME, file:/path or env:NAME: no secret stands in a configuration")


def read(source: str | None) -> str | None:
    """Return the secret, None for no source; raises ShipError, which never shows the secret."""
    if source is None:
        return None
    secret = _secret(source)
    if not secret.isprintable():  # http.client would refuse it in a header, with a message that shows it
        raise ShipError(f"{source}: it holds a control character, such as a line break")
    return secret


def _secret(source: str) -> str:
    kind, _, name = source.partition(":")
    if kind == "env":
        value = os.environ.get(name)
        if not value:
            raise ShipError(f"{source}: there is no such variable in the environment")
        return value
    if kind == "credential":
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder or "/" in name:
            raise ShipError(f"{source}: the unit has no such credential; see LoadCredential= in systemd.exec(5)")
        return _first_line(os.path.join(folder, name), source)
    return _first_line(name, source)


def _first_line(path: str, source: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o006:
                raise ShipError(f"{source}: everybody may read or write it, so it is not used; chmod o-rw it")
            line = file.readline().rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ShipError(f"{source}: {getattr(error, 'strerror', None) or 'it is no text'}") from None
    if not line:
        raise ShipError(f"{source}: it is empty")
    return line

"""What a host is called and what it runs, by the names of ECS `host`.

    name, hostname    web01            uname(2), nodename
    architecture      x86_64           uname(2), machine
    id                2899dae44fa4…    /etc/machine-id, machine-id(5)
    os.kernel         6.18.0           uname(2), release
    os.type           linux
    os.platform, os.name, os.version, os.full    debian, Debian GNU/Linux, 12 (bookworm)    os-release(5)

Texts hold one byte per character.
"""

from __future__ import annotations

import os
import re
import shlex

NAMES = (
    "name",
    "hostname",
    "id",
    "architecture",
    "os.type",
    "os.platform",
    "os.name",
    "os.version",
    "os.full",
    "os.kernel",
)
"""Everything that can be known, in this order."""
ANY: dict[str, str] = {"os.type": "linux"}
"""What is true of every host that has an audit log."""

_OS_RELEASE = {"ID": "os.platform", "NAME": "os.name", "VERSION": "os.version", "PRETTY_NAME": "os.full"}
_FILES = ("etc/os-release", "usr/lib/os-release")
_MOST = 65536
_ID = re.compile(r"[0-9a-f]{32}")


def read_host(root: str = "/") -> dict[str, str]:
    """The facts of this host; those that cannot be had are left out.

    root: the directory in which its files are.
    """
    kernel = os.uname()
    facts = {
        **ANY,
        "name": _latin(kernel.nodename),
        "hostname": _latin(kernel.nodename),
        "architecture": _latin(kernel.machine),
        "os.kernel": _latin(kernel.release),
        **_os_release(root),
    }
    id = _read(os.path.join(root, "etc/machine-id")).strip()
    if is_id(id):
        facts["id"] = id
    return {name: facts[name] for name in NAMES if facts.get(name)}


def is_id(text: str) -> bool:
    """Return whether a text is an id as machine-id(5) has it."""
    return _ID.fullmatch(text) is not None


def fixed_host(values: dict[str, str]) -> dict[str, str]:
    """The facts that a configuration gives; raises ValueError for a name that is none."""
    for name in values:
        if name not in NAMES:
            raise ValueError(f'"{name}" is none of {", ".join(NAMES)}')
    given = {**ANY, **{name: _latin(value) for name, value in values.items()}}
    return {name: given[name] for name in NAMES if given.get(name)}


def _os_release(root: str) -> dict[str, str]:
    for file in _FILES:
        text = _read(os.path.join(root, file))
        if text:
            pairs = (line.partition("=") for line in text.splitlines())
            return {_OS_RELEASE[name]: _unquoted(value) for name, _, value in pairs if name in _OS_RELEASE}
    return {}


def _unquoted(value: str) -> str:
    """A value as the shell reads it; as it stands if the shell could not."""
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value


def _read(path: str) -> str:
    try:
        with open(path, encoding="latin-1") as file:
            return file.read(_MOST)
    except OSError:
        return ""


def _latin(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")

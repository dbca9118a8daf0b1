"""LAUREL 0.8.2 as a program to run beside ours: fetched as Debian's package, unpacked into a cache, never installed.

Debian carries the version in its unstable suite. It is downloaded with apt from the mirror this machine uses anyway,
together with the C library it was built for, and started through that library's loader, so the machine's own is
left alone.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

VERSION = "0.8.2"
CACHE = Path("/var/cache" if os.geteuid() == 0 else Path.home() / ".cache") / f"laurel-{VERSION}"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
PACKAGES = (f"laurel={VERSION}-*", "libc6/sid", "libgcc-s1/sid", "libacl1/sid")
SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d/*")
PATIENCE = 180  # seconds for each step of apt

# LAUREL's enrichments, all of which are on unless switched off.
NO_ENRICHMENT = {
    "pid": False,
    "spawned-by": False,
    "container": False,
    "systemd": False,
    "script": False,
    "uid-groups": False,
    "execve-env": [],
}


class NoLaurelError(Exception):
    """LAUREL cannot be had here; the text says why."""


def command() -> list[str]:
    """The command line that starts LAUREL, arguments to be added; fetches it the first time."""
    if not (CACHE / "root/usr/sbin/laurel").exists():
        _fetch()
    (loader,) = glob.glob(f"{CACHE}/root/usr/lib/**/ld-linux*.so.*", recursive=True)
    return [loader, "--library-path", str(Path(loader).parent), f"{CACHE}/root/usr/sbin/laurel"]


def write_config(directory: Path, sections: dict[str, dict[str, Any]] | None = None) -> Path:
    """Write a configuration that logs to `directory`/laurel.jsonl; `sections` are added to it.

    LAUREL can only be kept from writing a state file (7 µs for each event of the last two minutes, once, at the end)
    by naming a folder that is not there.
    """
    base: dict[str, dict[str, Any]] = {
        "auditlog": {"file": "laurel.jsonl"},
        "state": {"file": "nowhere/state", "max-age": 0},
    }
    lines = [f'directory = "{directory}"']
    for name, section in (sections or {}).items():
        base[name] = {**base.get(name, {}), **section}
    for name, section in base.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {_toml(value)}" for key, value in section.items()]
    path = directory / "laurel.toml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o640)
    return path


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):  # keys are regular expressions, with backslashes that mean themselves
        return "{" + ", ".join(f"'{key}' = {_toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value) if isinstance(value, str) else str(value)


def _mirror() -> str:
    """The Debian mirror this machine uses."""
    for pattern in SOURCES:
        for name in sorted(glob.glob(pattern)):
            text = Path(name).read_text(errors="replace")
            found = re.search(r"^(?:URIs:|deb(?: +\[[^]]*\])?) +(\S+/debian/?)(?:\s|$)", text, re.MULTILINE)
            if found:
                return found[1]
    raise NoLaurelError("LAUREL comes as a Debian package, and this machine knows no Debian mirror")


def _fetch() -> None:
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise NoLaurelError(f"LAUREL comes as a Debian package, and there is no {program}")
    source = f"deb [signed-by={KEYRING}] {_mirror()} sid main\n"
    for folder in ("lists/partial", "cache/archives/partial", "root"):
        (CACHE / folder).mkdir(parents=True, exist_ok=True)
    (CACHE / "sources.list").write_text(source)
    settings = {
        "Dir::Etc::sourcelist": f"{CACHE}/sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::Lists": f"{CACHE}/lists",
        "Dir::Cache": f"{CACHE}/cache",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))]
    for step in ([*apt, "update"], [*apt, "download", *PACKAGES]):
        _run(step)
    for package in sorted(CACHE.glob("*.deb"), reverse=True):  # LAUREL itself last: it shows that all is there
        _run(["dpkg-deb", "-x", str(package), str(CACHE / "root")])


def _run(step: list[str]) -> None:
    try:
        done = subprocess.run(step, cwd=CACHE, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise NoLaurelError(f"LAUREL {VERSION} did not arrive within {PATIENCE} s") from error
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()
        raise NoLaurelError(f"LAUREL {VERSION} cannot be downloaded: {reason[-1] if reason else step[0]}")

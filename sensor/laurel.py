"""LAUREL's configuration, in TOML, as one of ours, in YAML: `host-sensor import-laurel /etc/laurel/config.toml`.

    [auditlog]                          auditlog:
    file = "audit.log"           →        file: "audit.log"
    read-users = [ "splunk" ]             read_users: ["splunk"]

Sections and keys have LAUREL's names here, with `_` for `-`, and mean the same; where they do not quite, or where
LAUREL ignored in silence what was written, a comment notes it. Only text is made here; `check` examines it.
"""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

from sensor.errors import ConfigError, SensorError
from sensor.printable import printable

LOG = ("file", "size", "generations", "read-users", "read-groups", "read-other", "line-prefix")
KEYS: dict[str, tuple[str, ...]] = {
    "": ("user", "directory", "input", "statusreport-period", "marker"),
    "auditlog": LOG,
    "filterlog": LOG,
    "debug": ("inputlog", "parse-error-log"),
    "debug.inputlog": LOG,
    "debug.parse-error-log": LOG,
    "state": ("file", "generations", "max-age", "write-state-period"),
    "transform": ("execve-argv", "execve-argv-limit-bytes"),
    "translate": ("universal", "user-db", "drop-raw"),
    "enrich": (
        *("execve-env", "container", "container_info", "systemd", "pid", "spawned-by", "ppid-verbose", "script"),
        *("uid-groups", "prefix", "exe-hash", "exe-hash-size-limit", "exe-hash-cache-entries"),
    ),
    "label-process": (
        *("label-keys", "label-exe", "unlabel-exe", "label-argv", "unlabel-argv", "label-script", "unlabel-script"),
        *("label-argv-count", "label-argv-bytes", "propagate-labels"),
    ),
    "filter": (
        *("filter-keys", "filter-labels", "filter-raw-lines", "filter-sockaddr", "filter-null-keys", "filter-action"),
        "keep-first-per-process",
    ),
}
"""Every key LAUREL 0.8.2 knows, by section."""

NOTES = {
    "user": "the packages make a user of their own, _host-sensor; this one must be there, and own `directory`",
    "directory": "LAUREL's files here stay LAUREL's: give host-sensor a directory of its own to keep them apart",
    "state.generations": "LAUREL never looked at it",
    "state.write-state-period": "LAUREL wrote it into the working directory, not into `directory`",
    "enrich.exe-hash-cache-entries": "0 switched hashing off in LAUREL; here, as documented, only the cache",
    "label-process.label-script": "LAUREL has not acted on it since 0.6.5",
    "label-process.unlabel-script": "LAUREL has not acted on it since 0.6.5",
    "filter.filter-keys": "in LAUREL this never matched a record with several keys",
    "label-process.label-keys": "in LAUREL this never matched a record with several keys",
}
"""What a key means that LAUREL's users would not expect."""

ABSENT = {
    "user": "LAUREL stayed root; host-sensor becomes _host-sensor; `user: null` keeps root",
    "directory": "LAUREL wrote into its working directory; host-sensor writes into /var/log/host-sensor",
    "auditlog.size": "LAUREL never rotated without it; host-sensor rotates at 10 MiB; `size: null` never",
    "auditlog.generations": "LAUREL kept no old file; host-sensor keeps 5",
}
"""What it means that a key is not there."""

NEVER = ("statusreport-period", "write-state-period", "size")
"""Keys in which LAUREL takes 0 for "never"; ours is null."""

MISSPELT = {"translate.userdb": "user-db", "enrich.user-groups": "uid-groups"}
"""LAUREL's manual names these keys, but LAUREL itself does not know them."""

RUST_ONLY = re.compile(r"\\[pPz]|\[\[:|\(\?[a-zA-Z]*-|\\[xuU]\{|&&|~~|\(\?[a-zA-Z]*[RU]")
"""Parts of a regular expression that Rust reads differently from Python, or that Python does not know."""


def import_laurel(path: str) -> str:
    """Return the YAML for a TOML file; raises ConfigError for what is no TOML, SensorError when nothing can read it."""
    settings = _parse(path)
    lines = [_comment("", f"Made by `host-sensor import-laurel {path}`.")]
    lines += _section("", settings, "")
    return "\n".join(lines) + "\n"


def _parse(path: str) -> dict[str, Any]:
    for name in ("tomllib", "tomli"):
        try:
            toml = importlib.import_module(name)
            break
        except ImportError:
            continue
    else:
        raise SensorError("import-laurel needs Python 3.11, or the library tomli, to read TOML")
    try:
        with open(path, "rb") as file:
            settings: dict[str, Any] = toml.load(file)
            return settings
    except OSError as error:
        raise ConfigError(path, None, "", error.strerror or str(error)) from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        message, _, place = str(error).partition(" (at line ")
        line = re.match("[0-9]+", place)
        raise ConfigError(path, int(line.group()) if line else None, "", f"this is no TOML: {message}") from error


def _section(name: str, settings: dict[str, Any], indent: str) -> list[str]:
    """Lines for a section, its keys in the order they came in."""
    prefix = f"{name}." if name else ""
    lines = []
    for key, value in settings.items():
        full = prefix + key
        ours = key.replace("-", "_")
        if full in KEYS and isinstance(value, dict):
            lines += ["", f"{ours}:"] if not name else [f"{indent}{ours}:"]
            lines += _section(full, value, indent + "  ")
        elif key in KEYS[name]:
            lines += [_comment(indent, note) for note in _notes(full, value)]
            lines += _entry(ours, None if _is_never(key, value) else value, indent)
        elif full in MISSPELT:
            lines.append(f"{indent}# LAUREL did not know {key}; it calls that key {MISSPELT[full]}:")
            lines += [f"{indent}#{line}" for line in _entry(MISSPELT[full].replace("-", "_"), value, "")]
        else:
            lines.append(_comment(indent, f"LAUREL ignored {key} = {_value(value)}"))
    absent = {key: ABSENT[prefix + key] for key in KEYS[name] if prefix + key in ABSENT and key not in settings}
    lines += [f"{indent}# no {key}: {note}" for key, note in absent.items()]
    if name and not settings:
        lines.append(f"{indent}# empty")
    return lines


def _comment(indent: str, text: str) -> str:
    """One line, whatever the text holds: what stood behind a line break would be read."""
    return f"{indent}# {printable(text)}"


def _notes(full: str, value: Any) -> list[str]:
    notes = [NOTES[full]] if full in NOTES else []
    if _is_never(full.rpartition(".")[2], value):
        notes.append("0 is never in LAUREL; here it is null")
    if full.startswith("label-process.") or full == "filter.filter-raw-lines":
        patterns = value if isinstance(value, (dict, list)) else ()
        odd = [text for text in patterns if isinstance(text, str) and RUST_ONLY.search(text)]
        notes += [f"check this expression, Python may read it differently from Rust: {text}" for text in odd]
    return notes


def _is_never(key: str, value: Any) -> bool:
    return key in NEVER and type(value) is int and value == 0


def _entry(key: str, value: Any, indent: str) -> list[str]:
    """A key with its value; JSON is YAML."""
    if isinstance(value, dict) and value:
        inner = [f"{indent}  {_value(name)}: {_value(text)}" for name, text in value.items()]
        return [f"{indent}{key}:", *inner]
    return [f"{indent}{key}: {_value(value)}"]


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if text.isprintable() else json.dumps(value, default=str)
